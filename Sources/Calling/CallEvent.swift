public import MediaVocabulary
public import ProtocolCore

/// One fact of one call, in the order in which it became true.
///
/// Events are the only way by which anything outside learns of a call: logs, records, webhooks, consoles.
public struct CallEvent: Hashable, Sendable {
    public var call: CallID
    /// 1, 2, 3 … within the call; a gap tells a slow listener that it lost events.
    public var sequence: UInt64
    /// When it happened, on the time line of the call plane's clock.
    public var time: Instant
    public var fact: Fact

    public init(call: CallID, sequence: UInt64, time: Instant, fact: Fact) {
        self.call = call
        self.sequence = sequence
        self.time = time
        self.fact = fact
    }

    /// What happened.
    public enum Fact: Hashable, Sendable {
        /// The call began; `by` is its first participant.
        case callStarted(kind: CallKind, group: GroupID?, by: ParticipantID)
        /// A 1:1 call became a group.
        case kindChanged(CallKind)
        /// Somebody is in the roster from now on, ringing or already connected.
        case participantAdded(RosterEntry)
        /// A line of the roster reads differently now.
        case participantUpdated(RosterEntry)
        /// What a participant sees of the call changed.
        case stateChanged(ParticipantID, CallState)
        /// Somebody left the roster.
        case participantRemoved(ParticipantID, user: UserID, reason: CallEndReason)
        /// The call is over; no event follows.
        case callEnded(CallEndReason)
    }
}
