public import MediaVocabulary

/// A participant as the others see it: one line of the roster.
public struct RosterEntry: Hashable, Sendable {
    public var participant: ParticipantID
    public var user: UserID
    public var displayName: String
    public var state: ParticipantState
    public var isMuted: Bool
    public var isOnHold: Bool
    /// Whether a camera picture is published.
    public var camera: Bool
    /// Whether a screen is published.
    public var screen: Bool
    /// Whether the participant was heard in the last report of who speaks. Its change alone makes no roster change.
    public var isSpeaking: Bool
    /// The endpoint that takes part, which tells two devices of one user apart; nil while the participant only rings.
    public var endpoint: EndpointID?
    public var marks: ParticipantMarks

    public init(
        participant: ParticipantID, user: UserID, displayName: String, state: ParticipantState, isMuted: Bool = false,
        isOnHold: Bool = false, camera: Bool = false, screen: Bool = false, isSpeaking: Bool = false,
        endpoint: EndpointID? = nil, marks: ParticipantMarks = ParticipantMarks()
    ) {
        self.participant = participant
        self.user = user
        self.displayName = displayName
        self.state = state
        self.isMuted = isMuted
        self.isOnHold = isOnHold
        self.camera = camera
        self.screen = screen
        self.isSpeaking = isSpeaking
        self.endpoint = endpoint
        self.marks = marks
    }
}

/// A participant that left the roster, and why.
public struct Departure: Hashable, Sendable {
    public var participant: ParticipantID
    public var reason: CallEndReason

    public init(participant: ParticipantID, reason: CallEndReason) {
        self.participant = participant
        self.reason = reason
    }
}

/// How the roster changed: apply `added`, then `changed`, then `removed`.
public struct RosterChange: Hashable, Sendable {
    public var added: [RosterEntry]
    public var changed: [RosterEntry]
    public var removed: [Departure]

    public init(added: [RosterEntry] = [], changed: [RosterEntry] = [], removed: [Departure] = []) {
        self.added = added
        self.changed = changed
        self.removed = removed
    }

    public var isEmpty: Bool {
        added.isEmpty && changed.isEmpty && removed.isEmpty
    }

    /// The change as `participant` may see it: without itself.
    public func leavingOut(_ participant: ParticipantID) -> RosterChange {
        RosterChange(
            added: added.filter { $0.participant != participant },
            changed: changed.filter { $0.participant != participant },
            removed: removed.filter { $0.participant != participant })
    }
}

/// A participant's own switches.
public struct OwnState: Hashable, Sendable {
    public var isMuted: Bool
    /// Who muted this participant; nil when it did so itself or is not muted.
    public var mutedBy: ParticipantID?
    public var isOnHold: Bool
    public var camera: Bool
    public var screen: Bool
    public var marks: ParticipantMarks

    public init(
        isMuted: Bool = false, mutedBy: ParticipantID? = nil, isOnHold: Bool = false, camera: Bool = false,
        screen: Bool = false, marks: ParticipantMarks = ParticipantMarks()
    ) {
        self.isMuted = isMuted
        self.mutedBy = mutedBy
        self.isOnHold = isOnHold
        self.camera = camera
        self.screen = screen
        self.marks = marks
    }
}

/// Everything one participant may know of its call at one moment.
public struct CallSnapshot: Hashable, Sendable {
    public var call: CallID
    public var kind: CallKind
    public var state: CallState
    public var direction: CallDirection
    public var group: GroupID?
    /// The receiver's own participant.
    public var participant: ParticipantID
    public var own: OwnState
    /// The others, in the order in which they came.
    public var participants: [RosterEntry]
    /// Who speaks, loudest first.
    public var dominant: [ParticipantID]
    /// Orders the snapshot against leg messages: those of the same or a lower version are contained in it.
    public var version: UInt64

    public init(
        call: CallID, kind: CallKind, state: CallState, direction: CallDirection, group: GroupID?,
        participant: ParticipantID, own: OwnState, participants: [RosterEntry], dominant: [ParticipantID],
        version: UInt64 = 0
    ) {
        self.call = call
        self.kind = kind
        self.state = state
        self.direction = direction
        self.group = group
        self.participant = participant
        self.own = own
        self.participants = participants
        self.dominant = dominant
        self.version = version
    }
}

/// What a ringing endpoint is told.
public struct IncomingCall: Hashable, Sendable {
    public var call: CallID
    /// The participant that the callee becomes by accepting.
    public var participant: ParticipantID
    /// Who calls.
    public var caller: UserID
    public var callerDisplayName: String
    public var kind: CallKind
    public var group: GroupID?
    /// How many are in the call already, the caller included.
    public var participantCount: Int
    /// What the caller's application tells; nil when it tells nothing.
    public var context: CustomContext?

    public init(
        call: CallID, participant: ParticipantID, caller: UserID, callerDisplayName: String, kind: CallKind,
        group: GroupID?, participantCount: Int, context: CustomContext? = nil
    ) {
        self.call = call
        self.participant = participant
        self.caller = caller
        self.callerDisplayName = callerDisplayName
        self.kind = kind
        self.group = group
        self.participantCount = participantCount
        self.context = context
    }
}
