/// The two ends between which datagrams go: an address of ours, and the address and port of a peer.
///
/// A machine may have several addresses, and a peer expects the answer from the one that it has asked. One peer's socket
/// may reach us under several, too: these are different paths.
public struct NetworkPath: Hashable, Sendable {
    /// Where the peer's datagrams come from and ours go to.
    public var remote: SocketEndpoint
    /// The address of ours, without a port; ``SocketEndpoint/unspecified`` where the system does not tell.
    public var local: SocketEndpoint

    @inlinable
    public init(remote: SocketEndpoint, local: SocketEndpoint = .unspecified) {
        self.remote = remote
        self.local = local
    }
}

extension NetworkPath: CustomStringConvertible {
    public var description: String {
        local.isUnspecified ? "\(remote)" : "\(local.address) to \(remote)"
    }
}

extension SocketEndpoint {
    /// No address in particular: `0.0.0.0`, port 0.
    @inlinable
    public static var unspecified: SocketEndpoint { SocketEndpoint(ipv4: 0, port: 0) }

    /// Whether it names no address: `0.0.0.0` or `::`, which a socket that takes everything is bound to.
    @inlinable
    public var isUnspecified: Bool { high == 0 && low == 0 }
}
