internal import MediaVocabulary

/// What the directory asks of a call.
extension Call {
    /// A call set up for one participant.
    typealias SetUp = CallDirectory.SetUp

    /// Calls the invitees. The caller's media is negotiated first: an offer that cannot be answered rings nobody.
    func dial(
        from endpoint: any Endpoint, as participant: ParticipantID, invitees: [CallStateMachine.Invitee],
        isMuted: Bool, offer: MediaOffer?
    ) async throws(CallRefusal) -> SetUp {
        introduce(endpoint)
        let answer = try await answer(offer, for: participant)
        let caller = joiner(endpoint, participant, isMuted: isMuted)
        let snapshot = try await begin(.dial(caller: caller, invitees: invitees), snapshotFor: participant)
        if answer != nil {
            await applyIfFitting(.mediaOffered(participant))
        }
        return SetUp(snapshot: snapshot, media: answer)
    }

    /// Joins the group call, or begins it. Where the call rings already, to join is to accept.
    func join(
        from endpoint: any Endpoint, as participant: ParticipantID, isMuted: Bool, offer: MediaOffer?
    ) async throws(CallRefusal) -> SetUp {
        guard let group else { throw .callNotFound(id) }
        guard machine.incomingCall(at: endpoint.id) == nil else {
            return try await accept(at: endpoint, isMuted: isMuted, offer: offer)
        }
        introduce(endpoint)
        let joiner = joiner(endpoint, participant, isMuted: isMuted)
        guard let offer else {
            let snapshot =
                hasBegun
                ? try await apply(.join(joiner, isReady: true), snapshotFor: participant)
                : try await begin(.group(group, first: joiner, isReady: true), snapshotFor: participant)
            return SetUp(snapshot: snapshot, media: nil)
        }
        if hasBegun {
            try await apply(.join(joiner, isReady: false))
        } else {
            try await begin(.group(group, first: joiner, isReady: false))
        }
        return try await finishJoining(participant, offer)
    }

    /// Takes the call at an endpoint where it rings.
    func accept(
        at endpoint: any Endpoint, isMuted: Bool, offer: MediaOffer?
    ) async throws(CallRefusal) -> SetUp {
        guard let participant = machine.incomingCall(at: endpoint.id)?.participant else {
            throw refusalOfSilence(at: endpoint, to: .accept)
        }
        let acceptance = CallStateMachine.Input.accept(
            endpoint.id, displayName: endpoint.displayName, isMuted: isMuted, isReady: offer == nil)
        guard let offer else {
            return SetUp(snapshot: try await apply(acceptance, snapshotFor: participant), media: nil)
        }
        try await apply(acceptance)
        return try await finishJoining(participant, offer)
    }

    private func finishJoining(
        _ participant: ParticipantID, _ offer: MediaOffer
    ) async throws(CallRefusal) -> SetUp {
        let answer: MediaAnswer?
        do throws(CallRefusal) {
            answer = try await self.answer(offer, for: participant)
        } catch {
            await applyIfFitting(.drop(participant, .mediaNegotiationFailed))
            throw error
        }
        await applyIfFitting(.mediaOffered(participant))
        return SetUp(snapshot: try await apply(.ready(participant), snapshotFor: participant), media: answer)
    }

    private func answer(
        _ offer: MediaOffer?, for participant: ParticipantID
    ) async throws(CallRefusal) -> MediaAnswer? {
        guard let offer else { return nil }
        do throws(MediaNegotiationError) {
            return try await negotiate(offer, for: participant)
        } catch {
            throw .mediaNegotiationFailed(error)
        }
    }

    private func joiner(
        _ endpoint: any Endpoint, _ participant: ParticipantID, isMuted: Bool
    ) -> CallStateMachine.Joiner {
        CallStateMachine.Joiner(
            participant: participant, user: endpoint.user, displayName: endpoint.displayName, endpoint: endpoint.id,
            isMuted: isMuted)
    }

    /// Turns the call away for the user of an endpoint where it rings.
    func reject(at endpoint: any Endpoint, _ rejection: Rejection) async throws(CallRefusal) {
        guard machine.incomingCall(at: endpoint.id) != nil else {
            throw refusalOfSilence(at: endpoint, to: .reject)
        }
        try await apply(.reject(endpoint.id, rejection))
        forgetIfUnused(endpoint.id)
    }

    /// A new offer of one who is in the call.
    func negotiate(_ offer: MediaOffer, at endpoint: any Endpoint) async throws(CallRefusal) -> MediaAnswer {
        let participant = try participant(at: endpoint)
        do throws(MediaNegotiationError) {
            let answer = try await negotiate(offer, for: participant)
            await applyIfFitting(.mediaOffered(participant))
            return answer
        } catch {
            throw .mediaNegotiationFailed(error)
        }
    }

    /// Hands in what the participant at the endpoint asks for.
    func apply(
        at endpoint: any Endpoint, _ input: (ParticipantID) -> CallStateMachine.Input
    ) async throws(CallRefusal) {
        try await apply(input(try participant(at: endpoint)))
    }

    func request(_ slots: [SlotRequest], at endpoint: any Endpoint) async throws(CallRefusal) {
        let participant = try participant(at: endpoint)
        for slot in slots where !hasLine(slot.mid, of: participant) { throw .slotNotFound(mid: slot.mid) }
        await request(slots, for: participant)
    }

    func setDataRecipients(
        _ recipients: [ParticipantID]?, ofChannel channel: UInt16, at endpoint: any Endpoint
    ) async throws(CallRefusal) {
        let participant = try participant(at: endpoint)
        for recipient in recipients ?? [] where !machine.contains(recipient) { throw .participantNotFound(recipient) }
        try await apply(.dataRecipients(recipients, channel: channel, by: participant))
    }

    func snapshot(at endpoint: EndpointID) -> CallSnapshot? {
        machine.participant(at: endpoint).flatMap { snapshot(for: $0) }
    }

    func incomingCall(at endpoint: EndpointID) -> IncomingCall? {
        machine.incomingCall(at: endpoint)
    }

    /// Rings at an endpoint that was registered after the ring began.
    func endpointAppeared(_ endpoint: any Endpoint) async {
        introduce(endpoint)
        await applyIfFitting(.endpointAppeared(endpoint.id, user: endpoint.user))
        forgetIfUnused(endpoint.id)
    }

    /// The endpoint is gone for good.
    func endpointGone(_ endpoint: EndpointID, reason: CallEndReason) async {
        await applyIfFitting(.endpointGone(endpoint))
        if let participant = machine.participant(at: endpoint) {
            await applyIfFitting(.drop(participant, reason))
        }
        forgetIfUnused(endpoint)
    }

    func signalling(of endpoint: EndpointID, isLost: Bool) async {
        if let participant = machine.participant(at: endpoint) {
            await applyIfFitting(.signalling(participant, isLost: isLost))
        }
    }

    private func participant(at endpoint: any Endpoint) throws(CallRefusal) -> ParticipantID {
        if let participant = machine.participant(at: endpoint.id) { return participant }
        if machine.isEnded { throw .callEnded(id) }
        throw refusalForStranger(endpoint, or: .invalidState("The call was not answered at this endpoint."))
    }

    /// Why the call is neither taken nor turned away at an endpoint where it does not ring.
    private func refusalOfSilence(at endpoint: any Endpoint, to act: CallRefusal.RingAct) -> CallRefusal {
        let isElsewhere = machine.roster.contains { entry in
            entry.user == endpoint.user && entry.endpoint != nil && entry.endpoint != endpoint.id
        }
        return act == .accept && isElsewhere ? .answeredElsewhere(id) : .notRinging(id, act)
    }

    /// Users who have a part in the call are told what is wrong; to all others there is no such call.
    private func refusalForStranger(_ endpoint: any Endpoint, or refusal: CallRefusal) -> CallRefusal {
        if machine.isEnded { return .callEnded(id) }
        return machine.roster.contains { $0.user == endpoint.user } ? refusal : .callNotFound(id)
    }
}
