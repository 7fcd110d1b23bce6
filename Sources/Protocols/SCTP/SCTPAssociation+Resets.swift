public import ProtocolCore

/// Streams begin anew (RFC 6525): how data channels are closed (RFC 8831 §6.7).
extension SCTPAssociation {
    /// Takes no more messages on these streams, delivers those that wait, and agrees with the peer that the streams begin
    /// anew. The outcome comes as an event.
    public mutating func resetStreams(_ streams: [StreamIdentifier], now: Instant) {
        switch state {
        case .ended: return
        case .closed, .cookieWait, .cookieEchoed, .established, .shutdownPending, .shutdownSent, .shutdownReceived,
            .shutdownAckSent:
            break
        }
        resets.add(streams.filter { $0.rawValue < configuration.outgoingStreams })
        progressResets(now: now)
    }

    mutating func progressResets(now: Instant) {
        guard !resets.waiting.isEmpty, resets.request == nil, let peer else { return }
        switch state {
        case .established, .shutdownPending, .shutdownReceived: break
        case .closed, .cookieWait, .cookieEchoed, .shutdownSent, .shutdownAckSent, .ended: return
        }
        let room = (configuration.largestPacket - SCTPPacket.headerSize - 24) / 2
        let ready = Array(resets.waiting.filter { outbound.isIdle($0) && outstanding.isIdle($0) }.prefix(room))
        guard !ready.isEmpty else { return }
        let taken = Set(ready)
        resets.waiting.removeAll { taken.contains($0) }
        guard peer.supportsReconfiguration else {
            resets.finish(ready)
            events.append(.resetRefused(ready))
            return
        }
        request(ready, now: now)
    }

    private mutating func request(_ streams: [StreamIdentifier], now: Instant) {
        let number = resets.nextRequest
        resets.nextRequest &+= 1
        resets.request = StreamResets.Request(
            number: number, response: resets.expectedPeerRequest &- 1, lastTSN: outstanding.next + -1, streams: streams)
        sendRequest(now: now)
    }

    private mutating func sendRequest(now: Instant) {
        guard let request = resets.request else { return }
        sendControl(
            ChunkWriter.reconfiguration(
                .outgoingReset(
                    request: request.number, response: request.response, lastTSN: request.lastTSN,
                    streams: request.streams)))
        timers.reconfiguration = now + roundTrips.timeout
    }

    mutating func reconfigurationTimedOut(now: Instant) {
        timers.reconfiguration = nil
        guard resets.request != nil else { return }
        roundTrips.backOff()
        countError()
        if !hasEnded { sendRequest(now: now) }
    }

    mutating func receiveReconfiguration(_ parameters: [ReconfigurationParameter], now: Instant) {
        switch state {
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived: break
        case .closed, .cookieWait, .cookieEchoed, .shutdownAckSent, .ended:
            counters.unexpectedChunks += 1
            return
        }
        for parameter in parameters {
            switch parameter {
            case .outgoingReset(let number, _, let lastTSN, let streams):
                answer(number) { $0.resetIncoming(streams, after: lastTSN) }
            case .incomingReset(let number, let streams):
                answer(number) { $0.resetOutgoing(streams, now: now) }
            case .otherRequest(let number):
                answer(number) { _ in .denied }
            case .response(let number, let result):
                receiveResponse(number, result, now: now)
            }
        }
    }

    /// Carries out a request of the peer's, or says again what became of it (§5.2.1).
    private mutating func answer(_ number: UInt32, _ perform: (inout Self) -> ReconfigurationResult) {
        let result: ReconfigurationResult
        switch number {
        case resets.expectedPeerRequest:
            resets.expectedPeerRequest &+= 1
            result = perform(&self)
            resets.lastResult = result
        case resets.expectedPeerRequest &- 1 where resets.lastResult != nil:
            if resets.lastResult == .inProgress { resets.lastResult = perform(&self) }
            result = resets.lastResult ?? .denied
        default:
            result = .badSequenceNumber
        }
        reply(ChunkWriter.reconfiguration(.response(request: number, result: result)))
    }

    /// The peer's streams begin anew, once everything it sent before is here (§5.2.2).
    private mutating func resetIncoming(
        _ streams: [StreamIdentifier], after lastTSN: TransmissionSequenceNumber
    ) -> ReconfigurationResult {
        guard !lastTSN.isNewer(than: received.cumulative) else { return .inProgress }
        let limit = configuration.incomingStreams
        guard streams.allSatisfy({ $0.rawValue < limit }) else { return .denied }
        let affected = reassembly.reset(streams)
        if !affected.isEmpty { events.append(.streamsReset(affected)) }
        return .performed
    }

    /// The peer wants streams of ours to begin anew; our own request follows (§5.2.3).
    private mutating func resetOutgoing(_ streams: [StreamIdentifier], now: Instant) -> ReconfigurationResult {
        guard !streams.isEmpty, streams.allSatisfy({ $0.rawValue < outgoingStreamLimit }) else { return .denied }
        resets.add(streams)
        return .performed
    }

    private mutating func receiveResponse(_ number: UInt32, _ result: ReconfigurationResult, now: Instant) {
        guard let request = resets.request, request.number == number else { return }
        errorCount = 0
        guard result != .inProgress else {
            // The timer asks again.
            timers.reconfiguration = now + roundTrips.timeout
            return
        }
        resets.request = nil
        timers.reconfiguration = nil
        resets.finish(request.streams)
        switch result {
        case .performed, .nothingToDo:
            outbound.reset(request.streams)
            events.append(.outgoingReset(request.streams))
        default:
            events.append(.resetRefused(request.streams))
        }
    }
}
