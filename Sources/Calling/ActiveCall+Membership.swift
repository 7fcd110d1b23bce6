internal import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// Coming into a call: dialling, ringing, accepting, joining.
extension ActiveCall {
    func participant(_ joiner: CallStateMachine.Joiner, stage: Participant.Stage) -> Participant {
        Participant(
            id: joiner.participant, user: joiner.user, displayName: joiner.displayName, direction: .outgoing,
            stage: stage, own: OwnState(isMuted: joiner.isMuted))
    }

    func entryStage(_ endpoint: EndpointID, isReady: Bool, now: Instant) -> Participant.Stage {
        isReady ? .connected(endpoint) : .joining(endpoint, deadline: now + limits.setUp)
    }

    mutating func join(
        _ joiner: CallStateMachine.Joiner, isReady: Bool, now: Instant
    ) throws(CallRefusal) {
        guard group != nil else {
            throw .invalidState("The call has no group id; people are added to it.")
        }
        guard !participants.values.contains(where: { $0.leg == joiner.endpoint }) else {
            throw .invalidState("This endpoint is in the call already.")
        }
        guard !participants.values.contains(where: { $0.ringingEndpoints.contains(joiner.endpoint) }) else {
            throw .invalidState("The call rings at this endpoint, which has to accept it.")
        }
        guard participants[joiner.participant] == nil else {
            throw .invalidState("There is such a participant already.")
        }
        guard participants.count < limits.participants else {
            throw .callFull(limit: limits.participants)
        }
        add(participant(joiner, stage: entryStage(joiner.endpoint, isReady: isReady, now: now)))
    }

    /// Calls somebody into the running call; a 1:1 call is a group from then on.
    mutating func addInvitee(
        _ invitee: CallStateMachine.Invitee, by inviter: ParticipantID, now: Instant
    ) throws(CallRefusal) {
        try requireConnected(inviter)
        guard !participants.values.contains(where: { $0.user == invitee.user }) else {
            throw .invalidState("This user is in the call or is being called already.")
        }
        guard participants.count < limits.participants else {
            throw .callFull(limit: limits.participants)
        }
        switch kind {
        case .oneToOne:
            kind = .group
            note(.kindChanged(.group))
        case .group: break
        }
        invite(invitee, by: inviter, now: now)
    }

    mutating func invite(_ invitee: CallStateMachine.Invitee, by inviter: ParticipantID, now: Instant) {
        // One who is signed in nowhere is due at once, in a turn of its own: the caller sees the attempt and its end.
        let deadline = invitee.endpoints.isEmpty ? now : now + limits.ring
        let invitation = Participant.Invitation(
            endpoints: invitee.endpoints, inviter: inviter, deadline: deadline, context: invitee.context)
        add(
            Participant(
                id: invitee.participant, user: invitee.user, displayName: invitee.displayName, direction: .incoming,
                stage: .inviting(invitation), own: OwnState()))
        if !invitee.endpoints.isEmpty {
            turn.rings.append(Turn.Ring(invitee: invitee.participant, endpoints: invitee.endpoints))
        }
    }

    /// The news may come late, after an accept or an end, and is void then.
    mutating func ringing(_ id: ParticipantID) {
        update(id) { participant in
            switch participant.stage {
            case .inviting(let invitation): participant.stage = .ringing(invitation)
            case .ringing, .dialling, .joining, .connected: break
            }
        }
    }

    mutating func endpointAppeared(_ endpoint: EndpointID, user: UserID) {
        guard !participants.values.contains(where: { $0.leg == endpoint }) else { return }
        for participant in participants.values where participant.user == user {
            let added = changeInvitation(of: participant.id) { invitation in
                guard !invitation.endpoints.contains(endpoint) else { return false }
                invitation.endpoints.append(endpoint)
                return true
            }
            if added {
                turn.rings.append(Turn.Ring(invitee: participant.id, endpoints: [endpoint]))
            }
        }
    }

    mutating func endpointGone(_ endpoint: EndpointID) {
        for participant in participants.values {
            let isDeserted = changeInvitation(of: participant.id) { invitation in
                guard invitation.endpoints.contains(endpoint) else { return false }
                invitation.endpoints.removeAll { $0 == endpoint }
                return invitation.endpoints.isEmpty
            }
            if isDeserted {
                end(participant.id, .calleeVanished)
            }
        }
    }

    /// Changes the invitation of a participant that rings; false when it does not ring.
    private mutating func changeInvitation(
        of id: ParticipantID, _ change: (inout Participant.Invitation) -> Bool
    ) -> Bool {
        guard let stage = participants[id]?.stage else { return false }
        switch stage {
        case .inviting(var invitation):
            let result = change(&invitation)
            participants[id]?.stage = .inviting(invitation)
            return result
        case .ringing(var invitation):
            let result = change(&invitation)
            participants[id]?.stage = .ringing(invitation)
            return result
        case .dialling, .joining, .connected:
            return false
        }
    }

    private func invited(at endpoint: EndpointID, to act: CallRefusal.RingAct) throws(CallRefusal) -> Participant {
        if let participant = participants.values.first(where: { $0.ringingEndpoints.contains(endpoint) }) {
            return participant
        }
        throw .notRinging(id, act)
    }

    /// The first accept wins: the other endpoints of the user fall silent.
    mutating func accept(
        _ endpoint: EndpointID, displayName: String, isMuted: Bool, isReady: Bool, now: Instant
    ) throws(CallRefusal) {
        let invited = try invited(at: endpoint, to: .accept)
        silence(invited.ringingEndpoints.filter { $0 != endpoint }, .answeredElsewhere)
        let stage = entryStage(endpoint, isReady: isReady, now: now)
        update(invited.id) { participant in
            participant.displayName = displayName
            participant.own.isMuted = isMuted
            participant.stage = stage
        }
        if isReady {
            connectCaller()
        }
    }

    mutating func ready(_ id: ParticipantID) throws(CallRefusal) {
        guard let participant = participants[id] else { throw .participantNotFound(id) }
        switch participant.stage {
        case .joining(let endpoint, _):
            update(id) { $0.stage = .connected(endpoint) }
            connectCaller()
        case .connected:
            break
        case .inviting, .ringing, .dialling:
            throw .invalidState("The participant is not joining.")
        }
    }

    /// Somebody is there: the waiting caller is in the call as well.
    private mutating func connectCaller() {
        failedInvitations.removeAll()
        for participant in participants.values {
            switch participant.stage {
            case .dialling(let endpoint): update(participant.id) { $0.stage = .connected(endpoint) }
            case .inviting, .ringing, .joining, .connected: break
            }
        }
    }

    /// One endpoint speaks for the user: the call stops at all of them.
    mutating func reject(_ endpoint: EndpointID, _ rejection: Rejection) throws(CallRefusal) {
        end(try invited(at: endpoint, to: .reject).id, rejection.reason, sparing: endpoint)
    }
}
