public import ProtocolCore

/// What a receiver wishes to see in one of its slots.
public struct SlotRequest: Hashable, Sendable {
    public var mid: Mid
    /// Whose picture; nil empties the slot.
    public var participant: ParticipantID?
    public var source: MediaSource
    /// The size at which it will be seen, in device pixels; 0 when unknown.
    public var width: Int
    public var height: Int

    public init(
        mid: Mid, participant: ParticipantID?, source: MediaSource = .camera, width: Int = 0, height: Int = 0
    ) {
        self.mid = mid
        self.participant = participant
        self.source = source
        self.width = width
        self.height = height
    }
}
