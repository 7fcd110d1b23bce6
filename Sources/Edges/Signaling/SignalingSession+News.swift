internal import Calling
internal import ProtocolCore

/// What the call plane tells, on its way to the client.
extension SignalingSession {
    func deliver(_ message: LegMessage) {
        guard audience != nil else {
            noteMissed(message)
            return
        }
        guard let line = lines[message.call] else {
            if setUpsInProgress > 0 {
                early.append(message)
            }
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
            if setUpsInProgress > 0 {
                early.append(message)
            }
            return
        }
        lines[message.call] = nil
        noteMissed(push)
    }

    private func noteMissed(_ push: ServerMessage) {
        guard !isOver else { return }
        missed.append(push)
        if missed.count > Self.missedLimit {
            missed.removeFirst()
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
