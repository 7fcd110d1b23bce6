internal import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// What participants do while they are in a call, and what happens to their connections.
extension ActiveCall {
    /// The participant, which must have a leg.
    private func attached(_ id: ParticipantID) throws(CallRefusal) -> Participant {
        guard let participant = participants[id] else { throw .participantNotFound(id) }
        guard participant.leg != nil else {
            throw .invalidState("The participant has not answered yet.")
        }
        return participant
    }

    func requireConnected(_ id: ParticipantID) throws(CallRefusal) {
        guard try attached(id).isConnected else {
            throw .invalidState("The participant is not connected yet.")
        }
    }

    mutating func mute(_ id: ParticipantID, _ isMuted: Bool) throws(CallRefusal) {
        _ = try attached(id)
        update(id) { participant in
            guard participant.own.isMuted != isMuted else { return }
            participant.own.isMuted = isMuted
            participant.own.mutedBy = nil
        }
    }

    mutating func muteOthers(_ others: [ParticipantID]?, by muter: ParticipantID) throws(CallRefusal) {
        try requireConnected(muter)
        let targets: [ParticipantID]
        if let others {
            for other in others {
                _ = try attached(other)
            }
            targets = others
        } else {
            targets = participants.values.filter { $0.id != muter && $0.leg != nil }.map(\.id)
        }
        for target in targets {
            update(target) { participant in
                guard !participant.own.isMuted else { return }
                participant.own.isMuted = true
                participant.own.mutedBy = target == muter ? nil : muter
            }
        }
    }

    mutating func hold(_ id: ParticipantID, _ isOnHold: Bool) throws(CallRefusal) {
        try requireConnected(id)
        update(id) { $0.own.isOnHold = isOnHold }
    }

    mutating func publish(_ id: ParticipantID, camera: Bool, screen: Bool) throws(CallRefusal) {
        _ = try attached(id)
        update(id) { participant in
            participant.own.camera = camera
            participant.own.screen = screen
        }
    }

    mutating func setDataRecipients(
        _ recipients: [ParticipantID]?, channel: UInt16, by id: ParticipantID
    ) throws(CallRefusal) {
        var lists = try attached(id).dataRecipients
        for recipient in recipients ?? [] where participants[recipient] == nil { throw .participantNotFound(recipient) }
        lists[channel] = recipients.map { Set($0) }
        guard lists.count <= limits.recipientLists else {
            throw .invalidState("At most \(limits.recipientLists) data channels have recipients of their own.")
        }
        participants[id]?.dataRecipients = lists
    }

    mutating func signalling(_ id: ParticipantID, isLost: Bool, now: Instant) throws(CallRefusal) {
        _ = try attached(id)
        update(id) { participant in
            participant.signallingLostAt = isLost ? participant.signallingLostAt ?? now : nil
        }
    }

    mutating func mediaOffered(_ id: ParticipantID, now: Instant) throws(CallRefusal) {
        switch try attached(id).mediaPath {
        case .none: participants[id]?.mediaPath = .settingUp(deadline: now + limits.setUp)
        case .settingUp, .flowing: break
        }
    }

    mutating func media(_ id: ParticipantID, isLost: Bool, now: Instant) throws(CallRefusal) {
        let path = try attached(id).mediaPath
        update(id) { participant in
            switch (path, isLost) {
            case (_, false):
                participant.mediaPath = .flowing
                participant.mediaLostAt = nil
            case (.flowing, true):
                participant.mediaLostAt = participant.mediaLostAt ?? now
            case (.none, true), (.settingUp, true):
                break
            }
        }
    }

    /// Only the connected and unmuted are heard, whatever the media plane measured.
    mutating func report(speakers report: SpeakerReport, now: Instant) {
        func isHeard(_ id: ParticipantID) -> Bool {
            guard let participant = participants[id] else { return false }
            return participant.isConnected && !participant.own.isMuted && !participant.own.isOnHold
        }
        let heard = SpeakerReport(
            dominant: report.dominant.filter(isHeard), levels: report.levels.filter { isHeard($0.key) })
        if let due = speakers.offer(heard, now: now) {
            turn.speakers = due
        }
    }
}
