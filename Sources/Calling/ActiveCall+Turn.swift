internal import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// Noting what an input changes, and making the actions of it.
extension ActiveCall {
    mutating func note(_ fact: CallEvent.Fact) {
        turn.facts.append(fact)
    }

    mutating func add(_ participant: Participant) {
        participants[participant.id] = participant
        turn.added.append(participant.id)
        note(.participantAdded(entry(participant)))
    }

    mutating func update(_ id: ParticipantID, _ change: (inout Participant) -> Void) {
        guard var participant = participants[id] else { return }
        let before = entry(participant)
        change(&participant)
        participants[id] = participant
        let after = entry(participant)
        if before != after {
            turn.changed.append(id)
            note(.participantUpdated(after))
        }
    }

    /// Ends the turn: everything that changed, as actions in the order in which they must take effect.
    ///
    /// Media comes first, so that nobody is told to be muted or gone who can still be heard.
    mutating func finishTurn(now: Instant) -> [CallStateMachine.Action] {
        let turn = self.turn
        self.turn = Turn()
        var actions: [CallStateMachine.Action] = []
        appendMediaActions(of: turn, to: &actions)
        for silence in turn.silences {
            actions.append(.stopRinging(silence.endpoints, silence.reason))
        }
        for ring in turn.rings {
            if let incoming = incomingCall(for: ring.invitee) {
                actions.append(.ring(incoming, ring.endpoints))
            }
        }
        appendRosterAction(of: turn, to: &actions)
        let states = appendOwnActions(to: &actions)
        for departed in turn.departed {
            actions.append(
                .tell(departed.leg, .state(.disconnected, kind: kind, reason: departed.reason)))
        }
        let connected = participants.values.filter(\.isConnected).compactMap(\.callLeg)
        if let report = turn.speakers, endReason == nil {
            actions.append(.tellSpeakers(report, connected))
        }
        if !turn.reactions.isEmpty, endReason == nil {
            actions.append(.tellReactions(turn.reactions, connected))
        }
        if reactions.takeOverflow() { actions.append(.limitHit(.reactionsPerReport)) }
        for fact in turn.facts + states {
            actions.append(.publish(event(fact, now: now)))
        }
        if let endReason {
            actions.append(.publish(event(.callEnded(endReason), now: now)))
            actions.append(.end(endReason))
        }
        return actions
    }

    private mutating func event(_ fact: CallEvent.Fact, now: Instant) -> CallEvent {
        eventSequence += 1
        return CallEvent(call: id, sequence: eventSequence, time: now, fact: fact)
    }

    private mutating func appendMediaActions(of turn: Turn, to actions: inout [CallStateMachine.Action]) {
        // The end of the call closes the whole conference.
        if endReason == nil {
            for departed in turn.departed {
                actions.append(.removeMedia(departed.leg.participant))
            }
        }
        for participant in participants.values where participant.leg != nil {
            let media = participant.media
            guard media != participant.mediaTold else { continue }
            participants[participant.id]?.mediaTold = media
            actions.append(.setMedia(participant.id, media))
        }
    }

    /// Those who come with this turn learn the roster from their snapshot.
    private func appendRosterAction(of turn: Turn, to actions: inout [CallStateMachine.Action]) {
        guard endReason == nil else { return }
        let change = RosterChange(
            added: turn.added.compactMap { participants[$0].map(entry) },
            changed: turn.changed.subtracting(turn.added).compactMap { participants[$0].map(entry) },
            removed: turn.removed)
        let receivers = participants.values.filter { $0.told != nil }.compactMap(\.callLeg)
        guard !change.isEmpty, !receivers.isEmpty else { return }
        actions.append(.tellRoster(change, receivers))
    }

    private mutating func appendOwnActions(to actions: inout [CallStateMachine.Action]) -> [CallEvent.Fact] {
        var facts: [CallEvent.Fact] = []
        for participant in participants.values {
            guard let leg = participant.callLeg else { continue }
            let news = Participant.Told(state: callState(for: participant), kind: kind, own: participant.own)
            let told = participant.told
            guard news != told else { continue }
            participants[participant.id]?.told = news
            if news.state != told?.state {
                facts.append(.stateChanged(participant.id, news.state))
            }
            guard let told else { continue }
            if news.state != told.state || news.kind != told.kind {
                actions.append(.tell(leg, .state(news.state, kind: news.kind, reason: nil)))
            }
            if news.own != told.own {
                actions.append(.tell(leg, .own(news.own)))
            }
        }
        return facts
    }
}

extension Participant {
    var callLeg: CallStateMachine.Leg? {
        leg.map { CallStateMachine.Leg(participant: id, endpoint: $0) }
    }
}
