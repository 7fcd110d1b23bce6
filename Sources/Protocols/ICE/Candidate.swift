public import ProtocolCore

/// A transport address at which an agent may be reached (RFC 8445 §5.1), with its form in SDP (RFC 8839 §5.1).
public struct Candidate: Hashable, Sendable {
    /// How the address was found.
    public enum Kind: String, Sendable {
        case host
        case serverReflexive = "srflx"
        case peerReflexive = "prflx"
        case relayed = "relay"

        /// The recommended type preference (RFC 8445 §5.1.2.2).
        public var preference: UInt32 {
            switch self {
            case .host: 126
            case .peerReflexive: 110
            case .serverReflexive: 100
            case .relayed: 0
            }
        }
    }

    public enum Transport: String, Sendable {
        case udp
        case tcp
    }

    /// Who opens a TCP connection (RFC 6544 §4.5).
    public enum TCPType: String, Sendable {
        case active
        case passive
        case simultaneousOpen = "so"
    }

    /// Equal for candidates of one kind, base, protocol and server; 1 to 32 ICE characters.
    public var foundation: String
    /// 1 for RTP, or for everything when RTCP is multiplexed; at most 256.
    public var component: UInt16
    public var transport: Transport
    public var priority: UInt32
    /// An IP address, or a name (browsers hide theirs behind `….local`).
    public var address: String
    public var port: UInt16
    public var kind: Kind
    /// Present on TCP candidates only.
    public var tcpType: TCPType?

    public init(
        foundation: String, component: UInt16 = 1, transport: Transport, priority: UInt32, address: String,
        port: UInt16, kind: Kind, tcpType: TCPType? = nil
    ) {
        self.foundation = foundation
        self.component = component
        self.transport = transport
        self.priority = priority
        self.address = address
        self.port = port
        self.kind = kind
        self.tcpType = tcpType
    }

    /// A host candidate of ours; a TCP one is passive, because a lite agent never opens connections.
    /// - Parameter localPreference: 0...65 535, higher is better; different for each address of one machine.
    public init(host endpoint: SocketEndpoint, transport: Transport = .udp, localPreference: UInt16 = .max) {
        // UDP has the upper half of the range, so that TCP is only used where no UDP works (RFC 6544 §4.2).
        let preference = localPreference >> 1 | (transport == .udp ? 0x8000 : 0)
        self.init(
            foundation: "\(transport.rawValue)\(endpoint.isIPv6 ? 6 : 4)\(localPreference)",
            transport: transport,
            priority: Self.priority(kind: .host, localPreference: preference, component: 1),
            address: endpoint.address, port: endpoint.port, kind: .host,
            tcpType: transport == .tcp ? .passive : nil)
    }

    /// The priority formula of RFC 8445 §5.1.2.1.
    /// - Parameter component: 1...256.
    public static func priority(kind: Kind, localPreference: UInt16, component: UInt16) -> UInt32 {
        kind.preference << 24 &+ UInt32(localPreference) << 8 &+ (256 &- UInt32(min(max(component, 1), 256)))
    }
}

extension Candidate {
    /// Reads the value of an `a=candidate` line: `foundation component transport priority address port typ kind …`.
    ///
    /// Extensions that follow (`generation`, `raddr`, `network-id` …) are passed over.
    /// - Throws: ``ParseError`` also for transports other than UDP and TCP; an SDP reader skips such a candidate.
    public init(parsing value: String) throws(ParseError) {
        let fields = value.utf8.split(separator: UInt8(ascii: " "), maxSplits: 64).map { String(Substring($0)) }
        guard fields.count >= 8 else { throw .truncated }
        guard (1...32).contains(fields[0].utf8.count), fields[0].utf8.allSatisfy(ICECredentials.isICECharacter) else {
            throw .malformed("foundation")
        }
        guard let component = UInt16(fields[1]), (1...256).contains(component) else { throw .malformed("component") }
        guard let transport = Transport(rawValue: fields[2].lowercased()) else { throw .malformed("transport") }
        guard let priority = UInt32(fields[3]) else { throw .malformed("priority") }
        guard fields[4].utf8.count <= 255 else { throw .limitExceeded("address length") }
        guard let port = UInt16(fields[5]) else { throw .malformed("port") }
        guard fields[6] == "typ", let kind = Kind(rawValue: fields[7]) else { throw .malformed("candidate type") }
        var tcpType: TCPType?
        if transport == .tcp {
            // Extensions come in pairs of name and value.
            for index in stride(from: 8, to: fields.count - 1, by: 2) where fields[index] == "tcptype" {
                tcpType = TCPType(rawValue: fields[index + 1])
            }
            guard tcpType != nil else { throw .malformed("tcptype") }
        }
        self.init(
            foundation: fields[0], component: component, transport: transport, priority: priority,
            address: fields[4], port: port, kind: kind, tcpType: tcpType)
    }

    /// The value of an `a=candidate` line.
    public var sdpValue: String {
        let base =
            "\(foundation) \(component) \(transport.rawValue) \(priority) \(address) \(port) typ \(kind.rawValue)"
        return tcpType.map { base + " tcptype \($0.rawValue)" } ?? base
    }
}
