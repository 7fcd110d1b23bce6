public import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle

/// One address on which the server answers HTTP and WebSocket requests.
public struct HTTPListener: Sendable {
    /// The address to listen on.
    public var address: String
    /// The port to listen on; 0 takes a free one.
    public var port: Int
    /// Certificate and key, or nil for plain HTTP.
    public var tls: CurrentTLSIdentity?
    /// What takes WebSocket connections, if anything does.
    public var webSocket: WebSocketEndpoint?
    /// What else is spoken on this port, if anything is.
    public var streamProtocol: ByteStreamProtocol?
    /// What a connection may take.
    public var limits = HTTPLimits()
    /// How many connections there may be. Listeners of one process share theirs.
    public var budget = ConnectionBudget()
    /// Whose word is taken for who a client is.
    public var trustedProxies = TrustedProxies.none

    public init(
        address: String, port: Int, tls: CurrentTLSIdentity?, webSocket: WebSocketEndpoint?,
        streamProtocol: ByteStreamProtocol? = nil
    ) {
        self.address = address
        self.port = port
        self.tls = tls
        self.webSocket = webSocket
        self.streamProtocol = streamProtocol
    }

    /// The service that listens while it runs. On a graceful stop it closes its socket, lets running requests finish
    /// and closes WebSocket connections with 1001.
    ///
    /// - Parameter onListening: Is told the port once connections are taken.
    public func service(
        responder: some HTTPResponder<BasicRequestContext>, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> any Service {
        let webSocket = webSocket
        let streamProtocol = streamProtocol
        let isSecure = tls != nil
        let shared = HTTP1WebSocketChannel.Shared(limits: limits, budget: budget, proxies: trustedProxies)
        let (tls, protocols) = (tls, streamProtocol.map { [$0.applicationProtocol] } ?? [])
        // What is wrong with the identity is said now, and not at the first connection.
        _ = try tls?.context(alsoSpeaking: protocols)
        let builder = HTTPServerBuilder { responder in
            let channel = HTTP1WebSocketChannel(
                responder: responder, isSecure: isSecure, endpoint: webSocket, streamProtocol: streamProtocol,
                shared: shared)
            guard let tls else { return channel }
            return TLSServerChannel(inner: channel, identity: tls, protocols: protocols)
        }
        return Application(
            responder: responder,
            server: builder,
            configuration: ApplicationConfiguration(address: .hostname(address, port: port), serverName: "switchboard"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
