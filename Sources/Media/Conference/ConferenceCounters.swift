/// What was counted in a conference since it began.
public struct ConferenceCounters: Hashable, Sendable {
    /// Packets that came twice, and were forwarded once.
    public var duplicates: UInt64 = 0
    /// Packets sent again because a receiver asked for them, and those refused: never sent, too old, or beyond what a
    /// receiver may ask for.
    public var retransmissions: UInt64 = 0
    public var refusedRetransmissions: UInt64 = 0
    /// Packets sent only to learn whether more would pass.
    public var paddingPackets: UInt64 = 0
    /// Parameter sets of H.264 that receivers got because they came after the publisher had sent them.
    public var insertedParameterSets: UInt64 = 0
    /// How often a publisher's parameter sets were forgotten, since they were too many or too large.
    public var forgottenParameterSets: UInt64 = 0

    public init() {}

    /// Adds those of another conference.
    public mutating func add(_ other: ConferenceCounters) {
        duplicates += other.duplicates
        retransmissions += other.retransmissions
        refusedRetransmissions += other.refusedRetransmissions
        paddingPackets += other.paddingPackets
        insertedParameterSets += other.insertedParameterSets
        forgottenParameterSets += other.forgottenParameterSets
    }
}
