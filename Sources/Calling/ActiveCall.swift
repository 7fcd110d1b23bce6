internal import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// A call that has begun and is not over: what `CallStateMachine` keeps in its active state.
///
/// Each input is one turn: it changes the participants and notes what changed, and `finishTurn` makes the actions of
/// it.
struct ActiveCall: Sendable {
    let id: CallID
    let limits: CallLimits
    let group: GroupID?
    var kind: CallKind
    var participants: OrderedDictionary<ParticipantID, Participant> = [:]
    /// How the invitations ended that nobody accepted, while nobody is connected yet.
    var failedInvitations: [CallEndReason] = []
    var speakers: SpeakerThrottle
    var reactions: ReactionThrottle
    /// Orders raised hands and the spotlight by when they began.
    var lastMark = 0
    var turn = Turn()
    var eventSequence: UInt64 = 0
    /// Set when the call is over.
    var endReason: CallEndReason?

    init(
        id: CallID, limits: CallLimits, opening: CallStateMachine.Opening, now: Instant
    ) throws(CallRefusal) {
        self.id = id
        self.limits = limits
        speakers = SpeakerThrottle(interval: limits.speakerInterval)
        reactions = ReactionThrottle(interval: limits.reactionInterval, limit: limits.reactionsPerReport)
        switch opening {
        case .dial(let caller, let invitees):
            guard !invitees.isEmpty else {
                throw .invalidTarget(nil, why: "A call needs somebody to be called.")
            }
            guard invitees.count < limits.participants else {
                throw .callFull(limit: limits.participants)
            }
            group = nil
            kind = invitees.count == 1 ? .oneToOne : .group
            note(.callStarted(kind: kind, group: nil, by: caller.participant))
            add(participant(caller, stage: .dialling(caller.endpoint)))
            for invitee in invitees {
                invite(invitee, by: caller.participant, now: now)
            }
        case .group(let group, let first, let isReady):
            self.group = group
            kind = .group
            note(.callStarted(kind: .group, group: group, by: first.participant))
            add(participant(first, stage: entryStage(first.endpoint, isReady: isReady, now: now)))
        }
        settle()
    }

    mutating func apply(_ input: CallStateMachine.Input, now: Instant) throws(CallRefusal) {
        switch input {
        case .join(let joiner, let isReady): try join(joiner, isReady: isReady, now: now)
        case .invite(let invitee, let inviter): try addInvitee(invitee, by: inviter, now: now)
        case .ringing(let participant): ringing(participant)
        case .endpointAppeared(let endpoint, let user): endpointAppeared(endpoint, user: user)
        case .endpointGone(let endpoint): endpointGone(endpoint)
        case .accept(let endpoint, let displayName, let isMuted, let isReady):
            try accept(endpoint, displayName: displayName, isMuted: isMuted, isReady: isReady, now: now)
        case .ready(let participant): try ready(participant)
        case .reject(let endpoint, let rejection): try reject(endpoint, rejection)
        case .hangUp(let participant, let forEveryone): try hangUp(participant, forEveryone: forEveryone)
        case .drop(let participant, let reason): try drop(participant, reason)
        case .remove(let participant, let remover): try remove(participant, by: remover)
        case .mute(let participant, let isMuted): try mute(participant, isMuted)
        case .muteOthers(let others, let muter): try muteOthers(others, by: muter)
        case .hold(let participant, let isOnHold): try hold(participant, isOnHold)
        case .publish(let participant, let camera, let screen):
            try publish(participant, camera: camera, screen: screen)
        case .dataRecipients(let recipients, let channel, let participant):
            try setDataRecipients(recipients, channel: channel, by: participant)
        case .signal(let kind, let participant): try signal(kind, by: participant, now: now)
        case .signalling(let participant, let isLost): try signalling(participant, isLost: isLost, now: now)
        case .mediaOffered(let participant): try mediaOffered(participant, now: now)
        case .media(let participant, let isLost): try media(participant, isLost: isLost, now: now)
        case .speakers(let measured): report(speakers: measured, now: now)
        case .end(let reason): endForEveryone(reason)
        case .timeout: timeout(now: now)
        }
        settle()
    }

    /// When something is due.
    var nextDeadline: Instant? {
        var next = [speakers.deadline, reactions.deadline].compactMap { $0 }.min()
        for participant in participants.values {
            if let expiry = participant.expiry(limits: limits) {
                next = min(next ?? expiry.deadline, expiry.deadline)
            }
        }
        return next
    }

    private mutating func timeout(now: Instant) {
        let expired = participants.values.compactMap { participant in
            participant.expiry(limits: limits).flatMap { expiry in
                expiry.deadline <= now ? (participant.id, expiry.reason) : nil
            }
        }
        for (participant, reason) in expired {
            end(participant, reason)
        }
        if let report = speakers.poll(now: now) {
            turn.speakers = report
        }
        turn.reactions = reactions.poll(now: now)
    }
}

/// What one input has changed.
struct Turn: Sendable {
    /// A ring to be started.
    struct Ring: Sendable {
        var invitee: ParticipantID
        var endpoints: [EndpointID]
    }

    /// Rings to be stopped.
    struct Silence: Sendable {
        var endpoints: [EndpointID]
        var reason: CallEndReason
    }

    var added: OrderedSet<ParticipantID> = []
    var changed: OrderedSet<ParticipantID> = []
    var removed: [Departure] = []
    /// Legs that left, to be told so.
    var departed: [(leg: CallStateMachine.Leg, reason: CallEndReason)] = []
    var rings: [Ring] = []
    var silences: [Silence] = []
    var speakers: SpeakerReport?
    var reactions: [ParticipantReaction] = []
    var facts: [CallEvent.Fact] = []
    /// The one who left last in this turn, for the reason that the other side of a 1:1 call is given.
    var lastToLeave: (participant: Participant, reason: CallEndReason)?
}
