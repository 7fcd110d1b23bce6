internal import MediaVocabulary
internal import OrderedCollections

/// Leaving a call, and the end of the call itself.
extension ActiveCall {
    mutating func hangUp(_ id: ParticipantID, forEveryone: Bool) throws(CallRefusal) {
        guard let participant = participants[id] else { throw .participantNotFound(id) }
        switch participant.stage {
        case .inviting, .ringing:
            throw .invalidState("The participant has not answered; a ringing call is rejected, not hung up.")
        case .dialling:
            end(id, .cancelled)
        case .joining, .connected:
            if forEveryone {
                endForEveryone(.endedForEveryone)
            } else {
                end(id, .hungUp)
            }
        }
    }

    mutating func drop(_ id: ParticipantID, _ reason: CallEndReason) throws(CallRefusal) {
        guard participants[id] != nil else { throw .participantNotFound(id) }
        end(id, reason)
    }

    mutating func remove(_ id: ParticipantID, by remover: ParticipantID) throws(CallRefusal) {
        try requireConnected(remover)
        guard let participant = participants[id] else { throw .participantNotFound(id) }
        guard id != remover else {
            throw .invalidTarget(participant.user, why: "A participant leaves by hanging up, not by removing itself.")
        }
        end(id, .removed)
    }

    mutating func endForEveryone(_ reason: CallEndReason) {
        for id in Array(participants.keys) {
            end(id, reason)
        }
        endReason = reason
    }

    /// Takes a participant out. `sparing` names an endpoint that knows already that its ring is over.
    mutating func end(_ id: ParticipantID, _ reason: CallEndReason, sparing spared: EndpointID? = nil) {
        guard let participant = participants.removeValue(forKey: id) else { return }
        turn.removed.append(Departure(participant: id, reason: reason))
        turn.lastToLeave = (participant, reason)
        note(.participantRemoved(id, user: participant.user, reason: reason))
        speakers.forget(id)
        if let endpoint = participant.leg {
            turn.departed.append((CallStateMachine.Leg(participant: id, endpoint: endpoint), reason))
        } else {
            silence(participant.ringingEndpoints.filter { $0 != spared }, reason)
        }
        if !participant.isConnected, participant.direction == .incoming {
            failedInvitations.append(reason)
        }
    }

    mutating func silence(_ endpoints: [EndpointID], _ reason: CallEndReason) {
        guard !endpoints.isEmpty else { return }
        turn.silences.append(Turn.Silence(endpoints: endpoints, reason: reason))
    }

    /// Ends the call when those who are left make no call any more.
    mutating func settle() {
        guard endReason == nil, let last = turn.lastToLeave else { return }
        switch kind {
        case .oneToOne: settleOneToOne(last)
        case .group: settleGroup(last)
        }
    }

    private mutating func settleOneToOne(_ last: (participant: Participant, reason: CallEndReason)) {
        // A caller whose call never came about learns why from the callee's end.
        let cameToNothing = !last.participant.isConnected && last.participant.direction == .incoming
        for other in Array(participants.values) {
            if other.leg == nil {
                end(other.id, .cancelled)
            } else {
                end(other.id, cameToNothing ? last.reason : .callOver)
            }
        }
        endReason = last.reason
    }

    private mutating func settleGroup(_ last: (participant: Participant, reason: CallEndReason)) {
        let legs = participants.values.filter { $0.leg != nil }
        if legs.isEmpty {
            for other in Array(participants.values) {
                end(other.id, .cancelled)
            }
            endReason = last.reason
        } else if legs.allSatisfy(\.isDialling), legs.count == participants.count {
            let reason = summaryOfFailures
            for leg in legs {
                end(leg.id, reason)
            }
            endReason = reason
        }
    }

    /// What the caller of a group learns when nobody came: the reason that all share, or that it is over.
    private var summaryOfFailures: CallEndReason {
        guard let first = failedInvitations.first, failedInvitations.allSatisfy({ $0 == first }) else {
            return .callOver
        }
        return first == .declined ? .declinedByAll : first
    }
}

extension Participant {
    fileprivate var isDialling: Bool {
        switch stage {
        case .dialling: true
        case .inviting, .ringing, .joining, .connected: false
        }
    }
}
