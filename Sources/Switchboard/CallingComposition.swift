import HTTPServer
import ServiceLifecycle

/// What the calling side gives to the server: its signalling endpoint and the services behind it.
struct Calling: Sendable {
    /// Takes the WebSocket connections at `/calling`.
    var webSocket: WebSocketEndpoint
    /// Run before the listeners open and stopped after they have closed.
    var services: [any Service]
    /// Refuses new calls, tells the clients and gives them the time to leave. Returns when they have, or when the time
    /// is over.
    var drain: @Sendable (_ grace: Duration) async -> Void
}

/// Puts together media, calls and signalling on top of the platform.
func composeCalling(on platform: Platform) async throws -> Calling? {
    nil
}
