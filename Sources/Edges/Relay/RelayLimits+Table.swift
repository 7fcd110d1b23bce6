internal import NIOCore
public import ProtocolCore
internal import TURN

/// A bound of the relay that is counted where it is met; the raw value is its name in the table of limits.
enum RelayBound: String, CaseIterable, Sendable {
    case turnUnproved = "turn.unprovedConnections"
    case turnUnprovedPerAddress = "turn.unprovedConnectionsPerAddress"
    case turnConnections = "turn.connections"
    case turnConnectionsPerAddress = "turn.connectionsPerAddress"
    case turnConnectionsPerUser = "turn.connectionsPerUser"
    case turnProof = "turn.proofTime"
    case turnIdle = "turn.idleTime"
    case turnMessage = "turn.messageBytes"
    case turnAllocations = "turn.allocations"
    case turnAllocationsPerUser = "turn.allocationsPerUser"
    case iceUnproved = "iceTCP.unprovedConnections"
    case iceUnprovedPerAddress = "iceTCP.unprovedConnectionsPerAddress"
    case iceConnections = "iceTCP.connections"
    case iceConnectionsPerAddress = "iceTCP.connectionsPerAddress"
    case iceConnectionsPerParticipant = "iceTCP.connectionsPerParticipant"
    case iceProof = "iceTCP.proofTime"
    case iceIdle = "iceTCP.idleTime"
    case icePacket = "iceTCP.packetBytes"

    static func turn(_ bound: ConnectionQuota.Bound) -> RelayBound {
        switch bound {
        case .unproved: .turnUnproved
        case .unprovedPerAddress: .turnUnprovedPerAddress
        case .proved: .turnConnections
        case .provedPerAddress: .turnConnectionsPerAddress
        case .provedPerOwner: .turnConnectionsPerUser
        }
    }

    static func ice(_ bound: ConnectionQuota.Bound) -> RelayBound {
        switch bound {
        case .unproved: .iceUnproved
        case .unprovedPerAddress: .iceUnprovedPerAddress
        case .proved: .iceConnections
        case .provedPerAddress: .iceConnectionsPerAddress
        case .provedPerOwner: .iceConnectionsPerParticipant
        }
    }
}

extension [Limit] {
    /// What clients can take of the TURN server and of the TCP doors to the media workers.
    public static let relay: [Limit] = RelayLimits().turnTable + RelayLimits().iceTable
}

extension RelayLimits {
    func bounds(perOwner owner: Int) -> ConnectionQuota.Bounds {
        ConnectionQuota.Bounds(
            unproved: unprovedConnections, unprovedPerAddress: unprovedConnectionsPerAddress, proved: connections,
            provedPerAddress: connectionsPerAddress, provedPerOwner: owner)
    }

    fileprivate var turnTable: [Limit] {
        [
            Limit(
                RelayBound.turnUnproved.rawValue, unprovedConnections, "connections without credentials", per: .server,
                consequence: "the oldest is closed", test: "When all places are taken, the oldest makes way"),
            Limit(
                RelayBound.turnUnprovedPerAddress.rawValue, unprovedConnectionsPerAddress,
                "connections without credentials", per: .address, consequence: "the oldest of the address is closed",
                test: "The oldest connection of an address makes way for a new one"),
            Limit(
                RelayBound.turnConnections.rawValue, connections, "connections", per: .server,
                consequence: "the new one is closed", test: "Who has proved it has a place, up to each bound"),
            Limit(
                RelayBound.turnConnectionsPerAddress.rawValue, connectionsPerAddress, "connections", per: .address,
                setting: "turn.connectionsPerAddress", consequence: "the new one is closed",
                test: "An address has a share of the connections"),
            Limit(
                RelayBound.turnConnectionsPerUser.rawValue, connectionsPerUser, "connections", per: .user,
                setting: "turn.allocationsPerUser", consequence: "the new one is closed",
                test: "A user has a share of the connections"),
            Limit(
                RelayBound.turnProof.rawValue, seconds(proofTimeout), "seconds until a request with credentials",
                per: .connection, consequence: "it is closed",
                test: "What proves nothing does not keep a connection"),
            Limit(
                RelayBound.turnIdle.rawValue, seconds(idleTimeout), "seconds without allocation and credentials",
                per: .connection, consequence: "it is closed", test: "Only proofs extend the life of a connection"),
            Limit(
                RelayBound.turnMessage.rawValue, TURNStreamFraming.maximumLength, "bytes", per: .message,
                consequence: "the connection is closed", test: "A message that is too long ends the connection"),
            Limit(
                "turn.unsentBytes", unsentBytes, "bytes", per: .connection,
                counter: "switchboard_relay_dropped_packets_total", consequence: "packets to the client are dropped",
                test: "Who does not read loses media, and costs no memory"),
            Limit(
                RelayBound.turnAllocations.rawValue, allocations, "relayed addresses", per: .server,
                setting: "turn.allocations", consequence: "the request is refused with 508",
                test: "All users together have a share"),
            Limit(
                RelayBound.turnAllocationsPerUser.rawValue, allocationsPerUser, "relayed addresses", per: .user,
                setting: "turn.allocationsPerUser", consequence: "the request is refused with 486",
                test: "A user has a share, and gets it back"),
            Limit(
                "turn.peersPerAllocation", TURNServer.Configuration.defaultPeersPerAllocation,
                "permissions, and as many channels", per: .endpoint,
                counter: "switchboard_turn_refused_requests_total{code=\"508\"}",
                consequence: "the request is refused with 508",
                test: "An allocation holds a bounded number of peers"),
        ]
    }

    fileprivate var iceTable: [Limit] {
        [
            Limit(
                RelayBound.iceUnproved.rawValue, unprovedConnections, "connections without a check that succeeded",
                per: .server, consequence: "the oldest is closed",
                test: "When all places are taken, the oldest makes way"),
            Limit(
                RelayBound.iceUnprovedPerAddress.rawValue, unprovedConnectionsPerAddress,
                "connections without a check that succeeded", per: .address,
                consequence: "the oldest of the address is closed",
                test: "The oldest connection of an address makes way for a new one"),
            Limit(
                RelayBound.iceConnections.rawValue, connections, "connections", per: .server,
                consequence: "the new one is closed", test: "Who has proved it has a place, up to each bound"),
            Limit(
                RelayBound.iceConnectionsPerAddress.rawValue, connectionsPerAddress, "connections", per: .address,
                setting: "turn.connectionsPerAddress", consequence: "the new one is closed",
                test: "An address has a share of the connections"),
            Limit(
                RelayBound.iceConnectionsPerParticipant.rawValue, connectionsPerParticipant, "connections",
                per: .participant, consequence: "the new one is closed",
                test: "A participant has a share of the connections"),
            Limit(
                RelayBound.iceProof.rawValue, seconds(proofTimeout), "seconds until a check succeeds", per: .connection,
                consequence: "it is closed", test: "What proves nothing does not keep a connection"),
            Limit(
                RelayBound.iceIdle.rawValue, seconds(idleTimeout), "seconds without a packet of the media worker",
                per: .connection, consequence: "it is closed", test: "Only proofs extend the life of a connection"),
            Limit(
                RelayBound.icePacket.rawValue, StreamPacketFraming.maximumLength, "bytes", per: .message,
                consequence: "the connection is closed", test: "A packet that is too long ends the connection"),
            Limit(
                "iceTCP.unsentBytes", unsentBytes, "bytes", per: .connection,
                counter: "switchboard_relay_dropped_packets_total", consequence: "media to the client is dropped",
                test: "Who does not read loses media, and costs no memory"),
        ]
    }

    private func seconds(_ amount: TimeAmount) -> Int { Int(amount.nanoseconds / 1_000_000_000) }
}
