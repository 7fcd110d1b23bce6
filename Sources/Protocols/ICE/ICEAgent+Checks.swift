public import ProtocolCore
internal import STUN

/// What the agent does by time: new checks, retransmissions, nomination, consent.
extension ICEAgent {
    /// When ``advance(now:)`` is due; nil when there is nothing to wait for.
    public var deadline: Instant? {
        var earliest: Instant?
        for check in outstanding { earliest = min(earliest ?? check.due, check.due) }
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            earliest = earliest.map { min($0, instant) } ?? instant
        }
        if hasCheckToSend { consider(nextCheck) }
        if mayNominate, let firstSuccess = current.firstSuccess {
            consider(firstSuccess + Self.nominationPatience)
        }
        consider(consent?.next)
        return earliest
    }

    /// Does what is due. Calling it early does no harm.
    public mutating func advance(now: Instant) {
        retransmit(now: now)
        nominate(now: now)
        while hasCheckToSend, now >= nextCheck ?? now {
            sendNextCheck(now: now)
            nextCheck = now + Self.checkInterval
        }
        keepConsent(now: now)
        noticeFailure()
    }

    private var hasCheckToSend: Bool {
        guard current.remote != nil, current.selected == nil else { return false }
        return !current.triggered.isEmpty || (current.nominating == nil && current.bestWaiting != nil)
    }

    private mutating func sendNextCheck(now: Instant) {
        let index: Int
        if !current.triggered.isEmpty {
            index = current.triggered.removeFirst()
        } else if let best = current.bestWaiting {
            index = best
        } else {
            return
        }
        current.pairs[index].state = .inProgress
        check(index, purpose: current.nominating == index ? .nomination : .connectivity, now: now)
    }

    /// Sends a check of a pair of the present checklist.
    mutating func check(_ index: Int, purpose: Check.Purpose, now: Instant) {
        send(current, index, purpose: purpose, now: now)
    }

    private mutating func send(_ checklist: Checklist, _ index: Int, purpose: Check.Purpose, now: Instant) {
        guard let remote = checklist.remote else { return }
        let pair = checklist.pairs[index]
        let id = STUNMessage.TransactionID(
            high: UInt32(truncatingIfNeeded: generator.next()), low: generator.next())
        var builder = STUNMessageBuilder(.request, transactionID: id)
        builder.add(username: "\(remote.ufrag):\(checklist.local.ufrag)")
        switch role {
        case .controlling: builder.add(iceControlling: tieBreaker)
        case .controlled: builder.add(iceControlled: tieBreaker)
        }
        builder.add(priority: pair.checkPriority)
        // A lite peer goes by the nomination it saw last; repeating it keeps a stray older one from counting.
        let repeatsNomination = purpose == .consent && role == .controlling && checklist.isRemoteLite
        if purpose == .nomination || repeatsNomination { builder.addUseCandidate() }
        let bytes = builder.finish(integrityKey: Array(remote.password.utf8))
        outstanding.append(
            Check(
                id: id, checklist: checklist.number, pair: index, purpose: purpose, role: role, bytes: bytes,
                due: now + (purpose == .consent ? Self.consentTimeout : Self.initialTimeout)))
        outputs.append(.transmit(bytes, pair.path))
    }

    private mutating func retransmit(now: Instant) {
        for position in outstanding.indices.reversed() where outstanding[position].due <= now {
            let check = outstanding[position]
            let isOver =
                check.purpose == .consent || check.isCancelled || check.transmissions >= Self.maximumTransmissions
            if isOver {
                outstanding.remove(at: position)
                if check.purpose != .consent, !check.isCancelled { failed(check) }
                continue
            }
            outstanding[position].transmissions += 1
            outstanding[position].timeout = min(check.timeout * 2, Self.longestTimeout)
            outstanding[position].due = now + outstanding[position].timeout
            outputs.append(.transmit(check.bytes, current.pairs[check.pair].path))
        }
    }

    /// A check came to nothing.
    mutating func failed(_ check: Check) {
        guard check.checklist == current.number else { return }
        current.pairs[check.pair].state = .failed
        if current.nominating == check.pair { current.nominating = nil }
    }

    // MARK: Nomination

    private var mayNominate: Bool {
        role == .controlling && current.selected == nil && current.nominating == nil && current.bestValid != nil
    }

    private mutating func nominate(now: Instant) {
        guard mayNominate, let best = current.bestValid, let firstSuccess = current.firstSuccess else { return }
        guard !current.hasHope(above: best) || now >= firstSuccess + Self.nominationPatience else { return }
        current.nominating = best
        check(best, purpose: .nomination, now: now)
    }

    /// The nominated pair works: media goes there from now on.
    mutating func select(_ index: Int, now: Instant) {
        current.selected = index
        current.nominating = nil
        current.triggered = []
        previous = nil
        // What else is on its way is not worth repeating; answers to it change nothing.
        outstanding.removeAll { $0.checklist != current.number || $0.purpose == .consent }
        for position in outstanding.indices { outstanding[position].isCancelled = true }
        consent = Consent(last: now, next: now + consentPause())
        emit(.selected(current.pairs[index].path))
    }

    // MARK: Consent

    /// Spread over 0.8 to 1.2 times the mean, so that agents do not fall into step (RFC 7675 §5.1).
    private mutating func consentPause() -> Duration {
        Self.consentInterval * Double.random(in: 0.8...1.2, using: &generator)
    }

    private mutating func keepConsent(now: Instant) {
        guard var state = consent else { return }
        // Most of the time nothing is due, and the checklist need not be looked at.
        let isQuiet = state.unansweredSince == nil && now < state.next && now - state.last < Self.consentTimeout
        if isQuiet, current.selected != nil { return }
        guard let checklist = current.selected != nil ? current : previous, let index = checklist.selected else {
            consent = nil
            return
        }
        if now - state.last >= Self.consentTimeout {
            consent = nil
            previous = nil
            current.fail { $0.path == checklist.pairs[index].path }
            outstanding.removeAll { $0.purpose == .consent }
            emit(.consentExpired)
            return
        }
        if let since = state.unansweredSince, !state.isDisconnected, now - since >= Self.disconnectTimeout {
            state.isDisconnected = true
            emit(.disconnected)
        }
        if now >= state.next {
            if state.unansweredSince == nil { state.unansweredSince = now }
            state.next = now + Self.urgentConsentInterval
            send(checklist, index, purpose: .consent, now: now)
        }
        consent = state
    }

    /// A consent check was answered.
    mutating func renewConsent(now: Instant) {
        guard var state = consent else { return }
        state.last = now
        state.unansweredSince = nil
        state.next = now + consentPause()
        if state.isDisconnected {
            state.isDisconnected = false
            emit(.reconnected)
        }
        consent = state
    }

    // MARK: Failure

    private mutating func noticeFailure() {
        guard current.remote != nil, current.selected == nil, !current.hasFailed, !current.pairs.isEmpty,
            current.pairs.allSatisfy({ $0.state == .failed })
        else { return }
        current.hasFailed = true
        emit(.failed)
    }
}
