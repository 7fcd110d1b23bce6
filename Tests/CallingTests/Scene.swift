import Calling
import MediaVocabulary
import ProtocolCore
import Testing

/// One call in a test: short names for people, and bookkeeping of what the machine's actions mean for everybody.
///
/// Each person `a` has the endpoint `a1` (and `a2` …). Participants are named after the person, or as the test says.
struct Scene {
    typealias Machine = CallStateMachine

    var machine: Machine
    var now = Instant.zero
    /// What each leg was told last.
    var states: [ParticipantID: CallState] = [:]
    var endings: [ParticipantID: [CallEndReason]] = [:]
    /// The roster as each leg can rebuild it.
    var rosters: [ParticipantID: [ParticipantID: RosterEntry]] = [:]
    var own: [ParticipantID: OwnState] = [:]
    var reactions: [ParticipantID: [ParticipantReaction]] = [:]
    var limitHits: [CallLimitName] = []
    var ringing: Set<EndpointID> = []
    var silenced: [EndpointID: CallEndReason] = [:]
    var onHold: [ParticipantID: Bool] = [:]
    var muted: [ParticipantID: Bool] = [:]
    var removedMedia: [ParticipantID] = []
    var events: [CallEvent] = []
    var ended: CallEndReason?
    /// Everything the last input caused.
    var lastActions: [Machine.Action] = []

    init(limits: CallLimits = .standard) {
        machine = Machine(id: CallID("call"), limits: limits)
    }

    // MARK: People

    static func joiner(_ name: String, endpoint: String? = nil, as participant: String? = nil) -> Machine.Joiner {
        Machine.Joiner(
            participant: ParticipantID(participant ?? name), user: UserID("8:acs:\(name)"), displayName: name,
            endpoint: EndpointID(endpoint ?? "\(name)1"))
    }

    static func invitee(_ name: String, endpoints: Int = 1) -> Machine.Invitee {
        Machine.Invitee(
            participant: ParticipantID(name), user: UserID("8:acs:\(name)"), displayName: name,
            endpoints: (0..<endpoints).map { EndpointID("\(name)\($0 + 1)") })
    }

    // MARK: Driving

    mutating func begin(_ opening: Machine.Opening) throws {
        take(try machine.begin(opening, now: now))
    }

    mutating func handle(_ input: Machine.Input) throws {
        let actions = try machine.handle(input, now: now)
        switch input {
        // These endpoints know that they do not ring any more.
        case .accept(let endpoint, _, _, _), .reject(let endpoint, _), .endpointGone(let endpoint):
            ringing.remove(endpoint)
        case .join, .invite, .ringing, .endpointAppeared, .ready, .hangUp, .drop, .remove, .mute, .muteOthers, .hold,
            .publish, .dataRecipients, .signal, .signalling, .mediaOffered, .media, .speakers, .end, .timeout:
            break
        }
        take(actions)
    }

    /// One person calls others, who all ring.
    mutating func dial(_ caller: String, _ callees: String..., endpoints: Int = 1) throws {
        try begin(
            .dial(
                caller: Self.joiner(caller), invitees: callees.map { Self.invitee($0, endpoints: endpoints) }))
        for callee in callees {
            try handle(.ringing(ParticipantID(callee)))
        }
    }

    mutating func accept(_ endpoint: String) throws {
        try handle(
            .accept(EndpointID(endpoint), displayName: String(endpoint.dropLast()), isMuted: false, isReady: true))
    }

    mutating func join(_ name: String) throws {
        try handle(.join(Self.joiner(name), isReady: true))
    }

    /// A 1:1 call between two people who talk.
    static func talking(_ caller: String, _ callee: String) throws -> Scene {
        var scene = Scene()
        try scene.dial(caller, callee)
        try scene.accept("\(callee)1")
        return scene
    }

    /// A group call under a group id.
    static func group(_ first: String, _ others: String...) throws -> Scene {
        var scene = Scene()
        try scene.begin(.group(GroupID("group"), first: joiner(first), isReady: true))
        for other in others {
            try scene.join(other)
        }
        return scene
    }

    /// Lets time pass, handing in the time-outs that come due.
    mutating func advance(by duration: Duration) throws {
        let end = now + duration
        while let deadline = machine.nextDeadline, deadline <= end {
            now = max(now, deadline)
            try handle(.timeout)
        }
        now = end
    }

    // MARK: What the actions mean

    mutating func take(_ actions: [Machine.Action]) {
        lastActions = actions
        for action in actions {
            take(action)
        }
        // Whoever is in the call by now and has no view yet gets a snapshot, as the reply to its request.
        for entry in machine.roster where rosters[entry.participant] == nil {
            if let snapshot = machine.snapshot(for: entry.participant) {
                rosters[entry.participant] = Dictionary(
                    uniqueKeysWithValues: snapshot.participants.map { ($0.participant, $0) })
                states[entry.participant] = snapshot.state
                own[entry.participant] = snapshot.own
            }
        }
    }

    private mutating func take(_ action: Machine.Action) {
        switch action {
        case .setMedia(let participant, let state):
            if state.isMuted || muted[participant] != nil { muted[participant] = state.isMuted }
            onHold[participant] = state.isOnHold
        case .removeMedia(let participant): removedMedia.append(participant)
        case .stopRinging(let endpoints, let reason):
            for endpoint in endpoints {
                #expect(ringing.remove(endpoint) != nil, "\(endpoint) was silent already")
                silenced[endpoint] = reason
            }
        case .ring(_, let endpoints):
            for endpoint in endpoints {
                #expect(ringing.insert(endpoint).inserted, "\(endpoint) rings already")
            }
        case .tellRoster(let change, let legs):
            for leg in legs {
                apply(change.leavingOut(leg.participant), to: leg.participant)
            }
        case .tell(let leg, .state(let state, _, let reason)):
            states[leg.participant] = state
            if state == .disconnected, let reason {
                endings[leg.participant, default: []].append(reason)
                rosters[leg.participant] = [:]
            }
        case .tell(let leg, .own(let state)): own[leg.participant] = state
        case .tellReactions(let told, let legs):
            for leg in legs {
                reactions[leg.participant, default: []] += told
            }
        case .tell, .tellSpeakers: break
        case .limitHit(let name): limitHits.append(name)
        case .publish(let event): events.append(event)
        case .end(let reason): ended = reason
        }
    }

    private mutating func apply(_ change: RosterChange, to receiver: ParticipantID) {
        for entry in change.added {
            #expect(rosters[receiver]?[entry.participant] == nil, "\(entry.participant) was added twice")
            rosters[receiver]?[entry.participant] = entry
        }
        for entry in change.changed {
            #expect(rosters[receiver]?[entry.participant] != nil, "\(entry.participant) changed, but is unknown")
            rosters[receiver]?[entry.participant] = entry
        }
        for departure in change.removed {
            #expect(
                rosters[receiver]?.removeValue(forKey: departure.participant) != nil,
                "\(departure.participant) was removed, but is unknown")
        }
    }

    // MARK: Looking

    func state(_ name: String) -> CallState? {
        states[ParticipantID(name)]
    }

    func seen(_ name: String) -> ParticipantState? {
        machine.roster.first { $0.participant == ParticipantID(name) }?.state
    }

    /// How the participation ended; empty while it goes on.
    func ending(_ name: String) -> [CallEndReason] {
        endings[ParticipantID(name)] ?? []
    }

    func removal(_ name: String) -> CallEndReason? {
        for event in events {
            if case .participantRemoved(ParticipantID(name), _, let reason) = event.fact { return reason }
        }
        return nil
    }
}

/// The refusal that the body throws; nil when it throws none.
func refusal(_ body: () throws -> Void) -> CallRefusal? {
    do {
        try body()
        return nil
    } catch {
        return error as? CallRefusal
    }
}
