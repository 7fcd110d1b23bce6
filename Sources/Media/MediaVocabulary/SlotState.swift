public import ProtocolCore

/// How far a slot of a receiver is.
public enum SlotCondition: Hashable, Sendable {
    /// Nothing is asked for.
    case empty
    /// Asked for, no picture yet.
    case waiting
    /// Packets flow.
    case active
    /// Asked for, and cannot be given.
    case unavailable(Obstacle)

    /// Why a slot cannot be filled.
    public enum Obstacle: String, Hashable, Sendable, CaseIterable {
        /// The source sends a codec that the receiver cannot decode.
        case codecNotSupported
        case notPublished
        case participantLeft
    }

    /// The word that clients are told.
    public var word: String {
        switch self {
        case .empty: "empty"
        case .waiting: "waiting"
        case .active: "active"
        case .unavailable: "unavailable"
        }
    }
}

/// What is in one slot of a receiver.
public struct SlotState: Hashable, Sendable {
    public var mid: Mid
    public var participant: ParticipantID?
    public var source: MediaSource?
    public var condition: SlotCondition
    /// The codec that is sent, or that the source sends and the receiver lacks.
    public var codec: MediaCodec?
    /// A sentence that explains why the slot cannot be filled; the call plane fills it in, which knows people's names.
    public var message: String?

    public init(
        mid: Mid, participant: ParticipantID? = nil, source: MediaSource? = nil, condition: SlotCondition,
        codec: MediaCodec? = nil, message: String? = nil
    ) {
        self.mid = mid
        self.participant = participant
        self.source = source
        self.condition = condition
        self.codec = codec
        self.message = message
    }
}
