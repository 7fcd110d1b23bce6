public import ProtocolCore

extension [Limit] {
    /// What a client of the TURN server may make it keep; how many clients there may be is the relay's.
    public static let turn: [Limit] = {
        let configuration = TURNServer.Configuration(
            realm: "", secret: [], nonceKey: [], policy: TURNPeerPolicy(mediaPorts: [:], ranges: []))
        let refused = "switchboard_turn_refused_requests_total{code=\"508\"}"
        return [
            Limit(
                "turn.permissions", configuration.peersPerAllocation, "permissions", per: .endpoint, counter: refused,
                consequence: "A further one is refused with 508.", test: "An allocation holds a bounded number of peers"
            ),
            Limit(
                "turn.channels", configuration.peersPerAllocation, "channels", per: .endpoint, counter: refused,
                consequence: "A further one is refused with 508.", test: "An allocation holds a bounded number of peers"
            ),
            Limit(
                "turn.streamMessage", TURNStreamFraming.maximumLength, "bytes", per: .message,
                counter: "switchboard_turn_refused_packets_total", consequence: "The connection is closed.",
                test: "What cannot be a message, or is too long, is refused at once"),
            Limit(
                "iceTCP.packet", StreamPacketFraming.maximumLength, "bytes", per: .message,
                counter: "switchboard_relay_dropped_packets_total", consequence: "The connection is closed.",
                test: "What cannot be a message, or is too long, is refused at once"),
        ]
    }()
}
