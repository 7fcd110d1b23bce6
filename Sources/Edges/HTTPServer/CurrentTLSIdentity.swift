internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOSSL
import Synchronization

/// The identity that new TLS handshakes take. It can be replaced while the server runs; connections that exist keep
/// theirs.
public final class CurrentTLSIdentity: Sendable {
    private struct State {
        var identity: TLSIdentity
        /// One for each list of protocols that a listener speaks, made from the identity.
        var contexts: [[String]: NIOSSLContext] = [:]
    }

    private let state: Mutex<State>

    public init(_ identity: TLSIdentity) {
        state = Mutex(State(identity: identity))
    }

    public var identity: TLSIdentity {
        state.withLock { $0.identity }
    }

    /// Takes another identity for handshakes that begin from now on. Throws when it cannot be used; then all stays as it
    /// is.
    public func replace(with identity: TLSIdentity) throws {
        try state.withLock { state in
            // One at least, to see that it can be used.
            var contexts: [[String]: NIOSSLContext] = [[]: try Self.context(identity, [])]
            for protocols in state.contexts.keys { contexts[protocols] = try Self.context(identity, protocols) }
            state = State(identity: identity, contexts: contexts)
        }
    }

    /// - Parameter protocols: What is spoken besides HTTP/1.1, as ALPN names it.
    func context(alsoSpeaking protocols: [String]) throws -> NIOSSLContext {
        try state.withLock { state in
            if let context = state.contexts[protocols] { return context }
            let context = try Self.context(state.identity, protocols)
            state.contexts[protocols] = context
            return context
        }
    }

    private static func context(_ identity: TLSIdentity, _ protocols: [String]) throws -> NIOSSLContext {
        try NIOSSLContext(configuration: identity.serverConfiguration(alsoSpeaking: protocols))
    }
}

/// A channel inside TLS with the identity of the moment.
struct TLSServerChannel<Inner: ServerChildChannel>: ServerChildChannel {
    let inner: Inner
    let identity: CurrentTLSIdentity
    let protocols: [String]

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Inner.Value> {
        channel.eventLoop.makeCompletedFuture {
            let handler = NIOSSLServerHandler(context: try identity.context(alsoSpeaking: protocols))
            try channel.pipeline.syncOperations.addHandler(handler)
        }.flatMap {
            inner.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Inner.Value, logger: Logger) async {
        await inner.handle(value: value, logger: logger)
    }
}
