public import MediaVocabulary
public import ProtocolCore
internal import Synchronization

/// Sockets of this program that stand for clients who came another way than by UDP to the media port.
///
/// A media worker sees only where datagrams come from. Whoever opens a socket toward it on behalf of a client says so here,
/// and the worker asks when a client takes another path. Any thread may do either.
public final class RelayedPorts: Sendable {
    private let sockets = Mutex<[SocketEndpoint: MediaTransport]>([:])

    public init() {}

    /// Says on whose behalf a socket with this address was opened.
    public func note(_ transport: MediaTransport, at socket: SocketEndpoint) {
        sockets.withLock { $0[socket] = transport }
    }

    /// The socket is closed.
    public func forget(_ socket: SocketEndpoint) {
        sockets.withLock { $0[socket] = nil }
    }

    /// How whoever sends from this address has come.
    public func transport(of source: SocketEndpoint) -> MediaTransport {
        sockets.withLock { $0[source] } ?? .udp
    }
}
