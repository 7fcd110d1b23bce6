public import MediaVocabulary

/// Requests of endpoints about calls in which they have a part, and the news of the media plane.
extension CallDirectory {
    /// Takes a ringing call. The first endpoint of the user that accepts has it.
    public func accept(
        _ id: CallID, at endpoint: EndpointID, isMuted: Bool, media offer: MediaOffer? = nil
    ) async throws(CallRefusal) -> SetUp {
        let callee = try registered(endpoint)
        let call = try ringing(id, at: callee, to: .accept)
        try reserve(for: callee.user)
        defer { release(for: callee.user) }
        return try await call.accept(at: callee, isMuted: isMuted, offer: offer)
    }

    /// Turns a ringing call away for the user of the endpoint.
    public func reject(
        _ id: CallID, at endpoint: EndpointID, _ rejection: Rejection = .declined
    ) async throws(CallRefusal) {
        let callee = try registered(endpoint)
        try await ringing(id, at: callee, to: .reject).reject(at: callee, rejection)
    }

    /// The call that is said to ring; one that is over does not ring any more.
    private func ringing(
        _ id: CallID, at endpoint: any Endpoint, to act: CallRefusal.RingAct
    ) throws(CallRefusal) -> Call {
        do throws(CallRefusal) {
            return try call(id, for: endpoint)
        } catch .callEnded(let id) {
            throw .notRinging(id, act)
        } catch {
            throw error
        }
    }

    /// Leaves the call, or ends it for everyone.
    public func hangUp(_ id: CallID, at endpoint: EndpointID, forEveryone: Bool = false) async throws(CallRefusal) {
        try await apply(id, endpoint) { .hangUp($0, forEveryone: forEveryone) }
    }

    /// Removes another participant, or takes back its ring.
    public func remove(
        _ participant: ParticipantID, from id: CallID, by endpoint: EndpointID
    ) async throws(CallRefusal) {
        try await apply(id, endpoint) { .remove(participant, by: $0) }
    }

    /// Mutes or unmutes the participant at the endpoint.
    public func setMuted(_ isMuted: Bool, in id: CallID, at endpoint: EndpointID) async throws(CallRefusal) {
        try await apply(id, endpoint) { .mute($0, isMuted) }
    }

    /// Mutes others; nil means all others.
    public func mute(
        _ participants: [ParticipantID]?, in id: CallID, by endpoint: EndpointID
    ) async throws(CallRefusal) {
        try await apply(id, endpoint) { .muteOthers(participants, by: $0) }
    }

    /// Puts the call on hold for the participant at the endpoint, or takes it back.
    public func setOnHold(_ isOnHold: Bool, in id: CallID, at endpoint: EndpointID) async throws(CallRefusal) {
        try await apply(id, endpoint) { .hold($0, isOnHold) }
    }

    /// Says which pictures the participant at the endpoint publishes.
    public func setPublishing(
        camera: Bool, screen: Bool, in id: CallID, at endpoint: EndpointID
    ) async throws(CallRefusal) {
        try await apply(id, endpoint) { .publish($0, camera: camera, screen: screen) }
    }

    /// Raises a hand, uses the spotlight or reacts, as the participant at the endpoint.
    public func signal(_ signal: CallSignal, in id: CallID, at endpoint: EndpointID) async throws(CallRefusal) {
        try await apply(id, endpoint) { .signal(signal, by: $0) }
    }

    /// Answers an offer.
    public func negotiate(
        _ offer: MediaOffer, in id: CallID, at endpoint: EndpointID
    ) async throws(CallRefusal) -> MediaAnswer {
        let member = try registered(endpoint)
        return try await call(id, for: member).negotiate(offer, at: member)
    }

    /// Says what the participant at the endpoint wishes to see.
    public func request(
        _ slots: [SlotRequest], in id: CallID, at endpoint: EndpointID
    ) async throws(CallRefusal) {
        let member = try registered(endpoint)
        try await call(id, for: member).request(slots, at: member)
    }

    public func setDataRecipients(
        _ recipients: [ParticipantID]?, ofChannel channel: UInt16, in id: CallID, at endpoint: EndpointID
    ) async throws(CallRefusal) {
        let member = try registered(endpoint)
        try await call(id, for: member).setDataRecipients(recipients, ofChannel: channel, at: member)
    }

    private func apply(
        _ id: CallID, _ endpoint: EndpointID, _ input: @Sendable (ParticipantID) -> CallStateMachine.Input
    ) async throws(CallRefusal) {
        let member = try registered(endpoint)
        try await call(id, for: member).apply(at: member, input)
    }

    /// Takes in what the media plane has to tell. News of calls that are over is dropped.
    public func handle(_ event: MediaEvent) async {
        switch event {
        case .connected(let id, let participant): await call(id)?.mediaConnected(participant)
        case .interrupted(let id, let participant): await call(id)?.mediaInterrupted(participant)
        case .closed(let id, let participant, let isGoodbye):
            await call(id)?.mediaClosed(participant, isGoodbye: isGoodbye)
        case .speakers(let id, let report): await call(id)?.speakers(report)
        case .slots(let id, let participant, let slots): await call(id)?.slots(of: participant, slots)
        case .codecWanted(let id, let participant, let mid, let codec, let instead):
            await call(id)?.codecWanted(from: participant, mid: mid, codec, instead: instead)
        case .layers(let id, let participant, let mid, let layers):
            await call(id)?.layers(of: participant, mid: mid, layers)
        case .allocation(let id, let participant, let allocation):
            await call(id)?.allocation(of: participant, allocation)
        }
    }
}
