public import TURN

/// A TURN server through which a session may reach its peer, with credentials for it.
public struct RelayServer: Hashable, Sendable {
    public var uri: TURNURI
    public var username: String
    public var password: String

    public init(uri: TURNURI, username: String, password: String) {
        self.uri = uri
        self.username = username
        self.password = password
    }
}

/// Which ways to the peer a session tries.
public enum TransportPolicy: String, Hashable, Sendable, CaseIterable {
    /// All of them; UDP where it works, then TCP, then a relay.
    case any
    /// UDP from host to host alone.
    case udp
    /// TCP to the server's media ports alone.
    case tcp
    /// TURN servers alone.
    case relay

    var usesUDP: Bool { self == .any || self == .udp }
    var usesTCP: Bool { self == .any || self == .tcp }
    var usesRelays: Bool { self == .any || self == .relay }
}

/// The way that packets of a session take at present: the kind of its candidate pair.
public enum Route: String, Hashable, Sendable {
    case udp = "host-udp"
    case tcp = "host-tcp"
    case relayedOverUDP = "relay-udp"
    case relayedOverTCP = "relay-tcp"
    case relayedOverTLS = "relay-tls"

    init(over transport: TURNClient.Transport) {
        switch transport {
        case .udp: self = .relayedOverUDP
        case .tcp: self = .relayedOverTCP
        case .tls: self = .relayedOverTLS
        }
    }
}
