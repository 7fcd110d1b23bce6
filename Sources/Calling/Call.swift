internal import Logging
internal import MediaVocabulary
internal import ProtocolCore

/// Hears of everything that happens in calls.
protocol CallObserver: Sendable {
    func publish(_ event: CallEvent) async
}

/// One call: the state machine, and everything that carries out what it decides.
///
/// Two lanes keep order: all words to the media plane in one, all words to legs and listeners in the other. Both follow
/// the order of the machine's decisions, and a request returns when what it caused is done.
actor Call {
    /// What a call needs from outside.
    struct Surroundings: Sendable {
        let media: any MediaPlane
        let clock: any CallClock
        let observer: any CallObserver
        let logger: Logger
    }

    /// A queue of work in which order matters.
    private enum Lane {
        case media
        case legs
    }

    /// Decided actions, with their place in both lanes.
    private struct Batch {
        let actions: [CallStateMachine.Action]
        let version: UInt64
        let mediaTicket: Int
        let legTicket: Int
    }

    nonisolated let id: CallID
    nonisolated let group: GroupID?
    let surroundings: Surroundings
    private(set) var machine: CallStateMachine
    private(set) var endpoints: [EndpointID: any Endpoint] = [:]
    private var version: UInt64 = 0
    private var mediaLane = TicketGate()
    private var legLane = TicketGate()
    /// The names of the m-lines that were negotiated with each participant last.
    private var lines: [ParticipantID: Set<Mid>] = [:]
    private var timer: (deadline: Instant, scheduled: ScheduledAction)?
    /// When those leave whose media is lost and who live by their transport.
    var interruptions: [ParticipantID: ScheduledAction] = [:]
    private(set) var hasBegun = false

    init(id: CallID, group: GroupID?, limits: CallLimits, surroundings: Surroundings) {
        self.id = id
        self.group = group
        self.surroundings = surroundings
        machine = CallStateMachine(id: id, limits: limits)
    }

    /// Makes an endpoint known, so that actions can reach it.
    func introduce(_ endpoint: any Endpoint) {
        endpoints[endpoint.id] = endpoint
    }

    // MARK: Deciding

    func begin(_ opening: CallStateMachine.Opening) async throws(CallRefusal) {
        try await carryOut(decideBeginning(opening))
    }

    /// Begins the call, and shows what `participant` sees at that moment.
    func begin(
        _ opening: CallStateMachine.Opening, snapshotFor participant: ParticipantID
    ) async throws(CallRefusal) -> CallSnapshot {
        let batch = try decideBeginning(opening)
        let snapshot = snapshot(for: participant)
        await carryOut(batch)
        guard let snapshot else { throw .callEnded(id) }
        return snapshot
    }

    func apply(_ input: CallStateMachine.Input) async throws(CallRefusal) {
        try await carryOut(decide(input))
    }

    /// Hands in an input, and shows what `participant` sees right after it.
    func apply(
        _ input: CallStateMachine.Input, snapshotFor participant: ParticipantID
    ) async throws(CallRefusal) -> CallSnapshot {
        let batch = try decide(input)
        let snapshot = snapshot(for: participant)
        await carryOut(batch)
        guard let snapshot else { throw .callEnded(id) }
        return snapshot
    }

    /// Hands in news that may have been overtaken: when it does not fit any more nothing is to be done.
    func applyIfFitting(
        _ input: CallStateMachine.Input, alsoTelling extra: [CallStateMachine.Action] = []
    ) async {
        do throws(CallRefusal) {
            await carryOut(try decide(input, alsoTelling: extra))
        } catch {
            surroundings.logger.debug("overtaken", metadata: ["call": "\(id)", "why": "\(error)"])
        }
    }

    /// Tells a participant's leg something that changes nothing in the call.
    func tell(_ participant: ParticipantID, _ notification: LegNotification) async {
        guard let endpoint = machine.leg(of: participant) else { return }
        let leg = CallStateMachine.Leg(participant: participant, endpoint: endpoint)
        await carryOut(commit([.tell(leg, notification)]))
    }

    func snapshot(for participant: ParticipantID) -> CallSnapshot? {
        var snapshot = machine.snapshot(for: participant)
        snapshot?.version = version
        return snapshot
    }

    private func decideBeginning(_ opening: CallStateMachine.Opening) throws(CallRefusal) -> Batch {
        let actions = try machine.begin(opening, now: surroundings.clock.now)
        hasBegun = true
        return commit(actions)
    }

    private func decide(
        _ input: CallStateMachine.Input, alsoTelling extra: [CallStateMachine.Action] = []
    ) throws(CallRefusal) -> Batch {
        commit(try machine.handle(input, now: surroundings.clock.now) + extra)
    }

    /// Fixes the place of the actions in the order of everything this call does.
    private func commit(_ actions: [CallStateMachine.Action]) -> Batch {
        version += 1
        resetTimer()
        return Batch(
            actions: actions, version: version, mediaTicket: mediaLane.draw(), legTicket: legLane.draw())
    }

    // MARK: Carrying out

    private func carryOut(_ batch: Batch) async {
        await turn(of: batch.mediaTicket, in: .media)
        for action in batch.actions {
            await performOnMedia(action)
        }
        mediaLane.finish()
        await turn(of: batch.legTicket, in: .legs)
        for action in batch.actions {
            await performOnLegs(action, version: batch.version)
        }
        legLane.finish()
        for case .ring(let incoming, _) in batch.actions {
            await applyIfFitting(.ringing(incoming.participant))
        }
        if let deadline = machine.nextDeadline, deadline <= surroundings.clock.now {
            await applyIfFitting(.timeout)
        }
    }

    private func turn(of ticket: Int, in lane: Lane) async {
        switch lane {
        case .media:
            guard !mediaLane.isTurn(of: ticket) else { return }
            await withCheckedContinuation { mediaLane.wait(ticket, $0) }
        case .legs:
            guard !legLane.isTurn(of: ticket) else { return }
            await withCheckedContinuation { legLane.wait(ticket, $0) }
        }
    }

    private func performOnMedia(_ action: CallStateMachine.Action) async {
        let media = surroundings.media
        switch action {
        case .setMedia(let participant, let state): await media.set(state, for: participant, in: id)
        case .removeMedia(let participant):
            lines[participant] = nil
            await media.remove(participant, from: id)
        case .end:
            lines.removeAll()
            await media.closeConference(id)
        case .tellRoster(let change, _):
            await media.expect(
                change.added.map(\.participant), gone: change.removed.map(\.participant), in: id)
        case .stopRinging, .ring, .tell, .tellSpeakers, .tellReactions, .limitHit, .publish: break
        }
    }

    private func performOnLegs(_ action: CallStateMachine.Action, version: UInt64) async {
        switch action {
        case .setMedia, .removeMedia: break
        case .stopRinging(let silent, let reason):
            for endpoint in silent {
                await endpoints[endpoint]?.stopRinging(id, reason: reason)
                forgetIfUnused(endpoint)
            }
        case .ring(let incoming, let ringing):
            for endpoint in ringing {
                await endpoints[endpoint]?.ring(incoming)
            }
        case .tellRoster(let change, let legs):
            let named = Set(
                change.added.map(\.participant) + change.changed.map(\.participant)
                    + change.removed.map(\.participant))
            for leg in legs {
                let own = named.contains(leg.participant) ? change.leavingOut(leg.participant) : change
                if !own.isEmpty {
                    await send(.roster(own), to: leg, version: version)
                }
            }
        case .tell(let leg, let notification):
            await send(notification, to: leg, version: version)
            if case .state(.disconnected, _, _) = notification {
                forgetIfUnused(leg.endpoint)
            }
        case .tellSpeakers(let report, let legs):
            for leg in legs {
                await send(.speakers(report), to: leg, version: version)
            }
        case .tellReactions(let reactions, let legs):
            for leg in legs {
                await send(.reactions(reactions), to: leg, version: version)
            }
        case .limitHit(let name): name.countHit()
        case .publish(let event): await surroundings.observer.publish(event)
        case .end:
            endpoints.removeAll()
            for interruption in interruptions.values { interruption.cancel() }
            interruptions.removeAll()
        }
    }

    private func send(_ notification: LegNotification, to leg: CallStateMachine.Leg, version: UInt64) async {
        await endpoints[leg.endpoint]?.notify(
            LegMessage(call: id, participant: leg.participant, version: version, notification: notification))
    }

    func forgetIfUnused(_ endpoint: EndpointID) {
        if machine.participant(at: endpoint) == nil, machine.incomingCall(at: endpoint) == nil {
            endpoints[endpoint] = nil
        }
    }

    private func resetTimer() {
        let deadline = machine.nextDeadline
        guard timer?.deadline != deadline else { return }
        timer?.scheduled.cancel()
        timer = deadline.map { deadline in
            let scheduled = surroundings.clock.schedule(at: deadline) { [weak self] in
                await self?.timerFired(deadline)
            }
            return (deadline, scheduled)
        }
    }

    private func timerFired(_ deadline: Instant) async {
        guard timer?.deadline == deadline else { return }
        timer = nil
        await applyIfFitting(.timeout)
    }

    // MARK: Media

    /// Negotiates in the media lane. One who is not connected is cut off first, so that nothing flows before its time.
    func negotiate(
        _ offer: MediaOffer, for participant: ParticipantID
    ) async throws(MediaNegotiationError) -> MediaAnswer {
        let ticket = mediaLane.draw()
        await turn(of: ticket, in: .media)
        defer { mediaLane.finish() }
        if hasBegun, machine.leg(of: participant) == nil {
            throw MediaNegotiationError("The participant has left the call.")
        }
        if !machine.isConnected(participant) {
            let media = machine.media(of: participant) ?? ParticipantMedia(isOnHold: true)
            await surroundings.media.set(media, for: participant, in: id)
        }
        let answer = try await surroundings.media.negotiate(offer, for: participant, in: id)
        let mids = Set(answer.lines.map(\.mid))
        let gone = lines[participant]?.subtracting(mids) ?? []
        lines[participant] = mids
        if !gone.isEmpty {
            // A client may give an m-line a new name in each offer; nobody can ask for the old one any more.
            await surroundings.media.request(
                gone.sorted { $0.rawValue < $1.rawValue }.map { SlotRequest(mid: $0, participant: nil) },
                for: participant, in: id)
        }
        return answer
    }

    /// Whether an m-line of that name was negotiated with the participant.
    func hasLine(_ mid: Mid, of participant: ParticipantID) -> Bool {
        lines[participant]?.contains(mid) ?? false
    }

    func request(_ slots: [SlotRequest], for participant: ParticipantID) async {
        let ticket = mediaLane.draw()
        await turn(of: ticket, in: .media)
        await surroundings.media.request(slots, for: participant, in: id)
        mediaLane.finish()
    }
}
