internal import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// Raised hands, the spotlight and reactions. Until there are roles, whoever is connected may do all of it.
extension ActiveCall {
    mutating func signal(_ signal: CallSignal, by id: ParticipantID, now: Instant) throws(CallRefusal) {
        try requireConnected(id)
        switch signal {
        case .hand(true):
            guard participants[id]?.own.marks.hand == nil else { return }
            let order = nextMark()
            update(id) { $0.own.marks.hand = order }
        case .hand(false):
            update(id) { $0.own.marks.hand = nil }
        case .lowerHands(let others):
            for other in try present(others) {
                update(other) { $0.own.marks.hand = nil }
            }
        case .startSpotlight(let others):
            let newcomers = try present(others).filter { participants[$0]?.own.marks.spotlight == nil }
            let count = participants.values.count { $0.own.marks.spotlight != nil }
            guard count + Set(newcomers).count <= limits.spotlighted else {
                throw .invalidState("At most \(limits.spotlighted) participants are in the spotlight.")
            }
            for newcomer in newcomers where participants[newcomer]?.own.marks.spotlight == nil {
                let order = nextMark()
                update(newcomer) { $0.own.marks.spotlight = order }
            }
        case .endSpotlight(let others):
            for other in try present(others) {
                update(other) { $0.own.marks.spotlight = nil }
            }
        case .reaction(let reaction):
            turn.reactions = reactions.offer(reaction, of: id, now: now)
        }
    }

    private mutating func nextMark() -> Int {
        lastMark += 1
        return lastMark
    }

    /// Those who are named, all of whom must be in the call; nil means everybody.
    private func present(_ others: [ParticipantID]?) throws(CallRefusal) -> [ParticipantID] {
        guard let others else { return participants.values.filter { $0.leg != nil }.map(\.id) }
        for other in others {
            guard let participant = participants[other] else { throw .participantNotFound(other) }
            guard participant.leg != nil else {
                throw .invalidState("The participant has not answered yet.")
            }
        }
        return others
    }
}
