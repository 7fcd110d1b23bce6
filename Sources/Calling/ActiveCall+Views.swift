internal import MediaVocabulary
internal import OrderedCollections

/// What can be seen of a call.
extension ActiveCall {
    func entry(_ participant: Participant) -> RosterEntry {
        RosterEntry(
            participant: participant.id, user: participant.user, displayName: participant.displayName,
            state: participant.state, isMuted: participant.own.isMuted, isOnHold: participant.own.isOnHold,
            camera: participant.own.camera, screen: participant.own.screen,
            isSpeaking: !participant.own.isMuted && (speakers.current.levels[participant.id] ?? 0) > 0,
            endpoint: participant.leg, marks: participant.own.marks)
    }

    var roster: [RosterEntry] {
        participants.values.map(entry)
    }

    /// What a participant sees of the call as a whole.
    func callState(for participant: Participant) -> CallState {
        switch participant.stage {
        case .inviting, .ringing: .ringing
        case .joining: .connecting
        case .dialling: participants.values.contains(where: \.rings) ? .ringing : .connecting
        case .connected:
            if participant.own.isOnHold {
                .localHold
            } else if kind == .oneToOne, isOtherOnHold(than: participant.id) {
                .remoteHold
            } else {
                .connected
            }
        }
    }

    private func isOtherOnHold(than id: ParticipantID) -> Bool {
        participants.values.contains { $0.id != id && $0.own.isOnHold }
    }

    func snapshot(for id: ParticipantID) -> CallSnapshot? {
        guard let participant = participants[id], participant.leg != nil else { return nil }
        return CallSnapshot(
            call: self.id, kind: kind, state: callState(for: participant), direction: participant.direction,
            group: group, participant: id, own: participant.own,
            participants: participants.values.filter { $0.id != id }.map(entry),
            dominant: speakers.current.dominant)
    }

    func incomingCall(at endpoint: EndpointID) -> IncomingCall? {
        participants.values.first { $0.ringingEndpoints.contains(endpoint) }
            .flatMap { incomingCall(for: $0.id) }
    }

    /// When the inviter has left the call is shown as coming from whoever is longest in it.
    func incomingCall(for invitee: ParticipantID) -> IncomingCall? {
        guard let invitation = participants[invitee]?.invitation else { return nil }
        let legs = participants.values.filter { $0.leg != nil }
        guard let caller = participants[invitation.inviter] ?? legs.first else { return nil }
        return IncomingCall(
            call: id, participant: invitee, caller: caller.user, callerDisplayName: caller.displayName, kind: kind,
            group: group, participantCount: legs.count, context: invitation.context)
    }
}

extension Participant {
    fileprivate var rings: Bool {
        switch stage {
        case .ringing: true
        // One who has taken the call rang before; the caller goes on hearing the ring until media is set up.
        case .joining: direction == .incoming
        case .inviting, .dialling, .connected: false
        }
    }
}
