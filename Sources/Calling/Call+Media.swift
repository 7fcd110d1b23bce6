internal import MediaVocabulary
internal import ProtocolCore

/// What the media plane tells a call.
extension Call {
    func mediaConnected(_ participant: ParticipantID) async {
        interruptions.removeValue(forKey: participant)?.cancel()
        await mediaPath(of: participant, isLost: false)
    }

    func mediaInterrupted(_ participant: ParticipantID) async {
        await mediaPath(of: participant, isLost: true)
        guard livesByTransport(participant), interruptions[participant] == nil else { return }
        let deadline = surroundings.clock.now + machine.limits.consent
        interruptions[participant] = surroundings.clock.schedule(at: deadline) { [weak self] in
            await self?.consentEnded(participant)
        }
    }

    /// The participant has ended its transport itself. Who lives by it leaves; who has a session besides comes back or
    /// not, and a goodbye for streams says nothing about that: a client that sends nothing more says it too.
    func mediaClosed(_ participant: ParticipantID, isGoodbye: Bool) async {
        if livesByTransport(participant) {
            await applyIfFitting(.drop(participant, .hungUp))
        } else if !isGoodbye {
            await mediaInterrupted(participant)
        }
    }

    private func consentEnded(_ participant: ParticipantID) async {
        guard interruptions.removeValue(forKey: participant) != nil else { return }
        await applyIfFitting(.drop(participant, .networkLost))
    }

    private func livesByTransport(_ participant: ParticipantID) -> Bool {
        machine.leg(of: participant).flatMap { endpoints[$0] }?.livesByTransport ?? false
    }

    private func mediaPath(of participant: ParticipantID, isLost: Bool) async {
        guard let endpoint = machine.leg(of: participant) else { return }
        let leg = CallStateMachine.Leg(participant: participant, endpoint: endpoint)
        await applyIfFitting(
            .media(participant, isLost: isLost), alsoTelling: [.tell(leg, .media(isConnected: !isLost))])
    }

    func speakers(_ report: SpeakerReport) async {
        await applyIfFitting(.speakers(report))
    }

    func slots(of participant: ParticipantID, _ slots: [SlotState]) async {
        let roster = Dictionary(machine.roster.map { ($0.participant, $0.displayName) }) { first, _ in first }
        let explained = slots.map { slot in
            var slot = slot
            let name = slot.participant.flatMap { roster[$0] }.flatMap { $0.isEmpty ? nil : $0 } ?? "This participant"
            if case .unavailable(let obstacle) = slot.condition {
                slot.message = slot.message ?? Self.explanation(of: obstacle, name: name, codec: slot.codec?.name)
            }
            return slot
        }
        await tell(participant, .slots(explained))
    }

    func codecWanted(
        from participant: ParticipantID, mid: Mid, _ codec: MediaCodec, instead: MediaCodec
    ) async {
        let reason =
            codec == .h264
            ? "Everyone who watches can decode \(codec.name) now."
            : "Somebody who watches cannot decode \(instead.name)."
        await tell(participant, .codecWanted(mid: mid, codec: codec, reason: reason))
    }

    func layers(of participant: ParticipantID, mid: Mid, _ layers: [LayerDemand]) async {
        await tell(participant, .layers(mid: mid, layers))
    }

    func allocation(of participant: ParticipantID, _ allocation: LinkAllocation) async {
        await tell(participant, .allocation(allocation))
    }

    private static func explanation(of obstacle: SlotCondition.Obstacle, name: String, codec: String?) -> String {
        switch obstacle {
        case .codecNotSupported: "\(name) sends \(codec ?? "a codec"), which this client cannot decode."
        case .notPublished: "\(name) does not publish this picture."
        case .participantLeft: "\(name) is not in the call any more."
        }
    }
}
