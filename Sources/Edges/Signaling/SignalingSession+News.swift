internal import Calling
internal import MediaVocabulary
internal import ProtocolCore

/// What the call plane tells, on its way to the client.
extension SignalingSession {
    func deliver(_ message: LegMessage) {
        guard audience != nil else {
            noteMissed(message)
            return
        }
        guard let line = lines[message.call] else {
            keepEarly(message)
            return
        }
        guard message.version > line.version else { return }
        if case .roster(let change) = message.notification {
            lines[message.call]?.roster.add(change)
            flushRosterWhenDue(of: message.call)
            return
        }
        flushRoster(of: message.call)
        if let push = message.push {
            audience?.send(push)
        }
        if case .state(.disconnected, _, _) = message.notification {
            lines[message.call]?.flush?.cancel()
            lines[message.call] = nil
        }
    }

    /// While the client is away only the ends of calls are kept; the rest will be in its snapshots.
    private func noteMissed(_ message: LegMessage) {
        guard case .state(.disconnected, _, _) = message.notification, let push = message.push else {
            keepEarly(message)
            return
        }
        lines[message.call] = nil
        noteMissed(push)
    }

    /// Keeps what is told about a call until its snapshot is sent.
    private func keepEarly(_ message: LegMessage) {
        guard setUpsInProgress > 0, !isEarlyIncomplete else { return }
        early.append(message)
        guard early.count > Self.earlyLimit else { return }
        countHit(of: "signalling.earlyNews")
        early.removeAll()
        isEarlyIncomplete = true
    }

    private func noteMissed(_ push: ServerMessage) {
        guard !isOver else { return }
        missed.append(push)
        if missed.count > Self.missedLimit {
            missed.removeFirst()
            countHit(of: "signalling.missedNews")
        }
    }

    private func flushRosterWhenDue(of call: CallID) {
        let now = surroundings.clock.now
        guard let line = lines[call], let deadline = line.roster.deadline(now: now) else { return }
        if deadline <= now {
            flushRoster(of: call)
        } else if line.flush == nil {
            lines[call]?.flush = surroundings.clock.schedule(at: deadline) { [weak self] in
                await self?.flushRoster(of: call)
            }
        }
    }

    private func flushRoster(of call: CallID) {
        lines[call]?.flush?.cancel()
        lines[call]?.flush = nil
        guard let audience, let push = lines[call]?.roster.flush(now: surroundings.clock.now) else { return }
        audience.send(.roster(call, sequence: push.sequence, push.change))
    }
}

extension SignalingSession: Endpoint {
    func ring(_ incoming: IncomingCall) {
        guard let audience, shown.insert(incoming.call).inserted else { return }
        audience.send(.incomingCall(incoming))
    }

    func stopRinging(_ call: CallID, reason: CallEndReason) {
        guard shown.remove(call) != nil else { return }
        let push = ServerMessage.incomingCallEnded(call, reason)
        if let audience {
            audience.send(push)
        } else {
            noteMissed(push)
        }
    }

    func notify(_ message: LegMessage) {
        deliver(message)
    }
}
