public import ProtocolCore

extension [Limit] {
    /// What a receiver can make a conference send again.
    public static let conference: [Limit] = [
        Limit(
            "conference.retransmissions", Int(RetransmissionBudget.rate), "packets a second and slot",
            per: .participant,
            counter: "switchboard_media_refused_retransmissions_total",
            consequence: "What is asked for beyond this is not sent again.",
            test: "A storm of NACKs is answered within a budget, which time refills"),
        Limit(
            "conference.history", PacketHistory.capacity, "packets a track", per: .participant,
            counter: "switchboard_media_refused_retransmissions_total",
            consequence: "The oldest packet is forgotten.",
            test: "What was never sent, is too old, or belongs to another source is refused"),
    ]
}
