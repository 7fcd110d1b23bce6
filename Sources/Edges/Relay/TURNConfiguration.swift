public import ProtocolCore
public import TURN

/// How the TURN server is set up.
public struct TURNConfiguration: Sendable {
    /// Where relayed addresses of one family come from.
    public struct RelayAddress: Hashable, Sendable {
        /// The address that relay sockets are bound to; its port does not count.
        public var bind: SocketEndpoint
        /// The address that clients are told; its port does not count. It only names the relay to them where no peer
        /// but our own media ports is allowed.
        public var advertised: SocketEndpoint

        public init(bind: SocketEndpoint, advertised: SocketEndpoint) {
            self.bind = bind
            self.advertised = advertised
        }
    }

    /// Where UDP and TCP are taken; port 0 lets the kernel choose.
    public var listen: SocketEndpoint
    public var realm: String
    /// The secret of the credentials.
    public var secret: [UInt8]
    /// The relayed addresses of IPv4 and of IPv6; at least one of them.
    public var relayIPv4: RelayAddress?
    public var relayIPv6: RelayAddress?
    public var policy: TURNPeerPolicy
    public var limits = RelayLimits()

    public init(listen: SocketEndpoint, realm: String, secret: [UInt8], policy: TURNPeerPolicy) {
        self.listen = listen
        self.realm = realm
        self.secret = secret
        self.policy = policy
    }
}
