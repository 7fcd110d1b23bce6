public import MediaVocabulary
internal import OrderedCollections
public import ProtocolCore

/// The whole life of one call as a value: it takes inputs and the time, and gives back what must be done.
///
/// It has no clock, no randomness and no I/O. The owner carries out the actions of each input in the order in which
/// they come, before those of the next, and hands in `.timeout` at `nextDeadline`.
///
/// Rules: the first endpoint that accepts takes the call. A 1:1 call ends for both when one leaves. A group lives until
/// its last leg has left, but a dialled group of which nobody ever came ends for its caller. Adding a participant makes
/// a group of a 1:1 call, under the same id, with its media untouched.
public struct CallStateMachine: Sendable {
    private enum State: Sendable {
        /// We have not begun.
        case idle
        /// We have at least one participant with a leg.
        case active(ActiveCall)
        /// Everybody has left.
        case ended(CallEndReason)
        /// The payload is being changed; never seen from outside.
        case modifying
    }

    public let id: CallID
    let limits: CallLimits
    private var state = State.idle

    public init(id: CallID, limits: CallLimits = .standard) {
        self.id = id
        self.limits = limits
    }

    /// Begins the call. To be used once.
    public mutating func begin(_ opening: Opening, now: Instant) throws(CallRefusal) -> [Action] {
        switch state {
        case .idle: break
        case .active, .ended: throw .invalidState("The call has begun already.")
        case .modifying: preconditionFailure("The state machine was entered while it was changing.")
        }
        var call = try ActiveCall(id: id, limits: limits, opening: opening, now: now)
        return store(&call, now: now)
    }

    /// Takes one input. When it throws nothing has changed.
    public mutating func handle(_ input: Input, now: Instant) throws(CallRefusal) -> [Action] {
        switch state {
        case .idle: throw .invalidState("The call has not begun.")
        case .ended: throw .callEnded(id)
        case .modifying: preconditionFailure("The state machine was entered while it was changing.")
        case .active(var call):
            state = .modifying
            do throws(CallRefusal) {
                try call.apply(input, now: now)
            } catch {
                state = .active(call)
                throw error
            }
            return store(&call, now: now)
        }
    }

    private mutating func store(_ call: inout ActiveCall, now: Instant) -> [Action] {
        let actions = call.finishTurn(now: now)
        if let reason = call.endReason {
            state = .ended(reason)
        } else {
            state = .active(call)
        }
        return actions
    }

    /// When `.timeout` must be handed in; nil when nothing is due.
    public var nextDeadline: Instant? {
        active?.nextDeadline
    }

    /// Whether the call is over.
    public var isEnded: Bool {
        switch state {
        case .ended: true
        case .idle, .active: false
        case .modifying: preconditionFailure("The state machine was entered while it was changing.")
        }
    }

    private var active: ActiveCall? {
        switch state {
        case .active(let call): call
        case .idle, .ended: nil
        case .modifying: preconditionFailure("The state machine was entered while it was changing.")
        }
    }
}

extension CallStateMachine {
    /// Whether the call is 1:1 or a group; nil before the beginning and after the end.
    public var kind: CallKind? {
        active?.kind
    }

    /// Everybody in the call, in the order in which they came, those who ring included.
    public var roster: [RosterEntry] {
        active?.roster ?? []
    }

    /// The participant whose leg the endpoint is; nil when it only rings, or has no part in the call.
    public func participant(at endpoint: EndpointID) -> ParticipantID? {
        active?.participants.values.first { $0.leg == endpoint }?.id
    }

    /// Whether the participant is one of the call, be it only ringing.
    public func contains(_ participant: ParticipantID) -> Bool {
        active?.participants[participant] != nil
    }

    /// The endpoint that takes part for a participant; nil while it only rings.
    public func leg(of participant: ParticipantID) -> EndpointID? {
        active?.participants[participant]?.leg
    }

    /// Whether the participant is past ringing and setting up, so that media may flow.
    public func isConnected(_ participant: ParticipantID) -> Bool {
        active?.participants[participant]?.isConnected ?? false
    }

    /// What the participant sends and may send; nil when it is not in the call.
    public func media(of participant: ParticipantID) -> ParticipantMedia? {
        active?.participants[participant]?.media
    }

    /// What the endpoint must show when the call rings there; nil when it does not.
    public func incomingCall(at endpoint: EndpointID) -> IncomingCall? {
        active?.incomingCall(at: endpoint)
    }

    /// Everything the participant may know; nil when it has no leg in the call.
    public func snapshot(for participant: ParticipantID) -> CallSnapshot? {
        active?.snapshot(for: participant)
    }
}
