public import ProtocolCore

/// The orderly end (RFC 9260 §9.2): everything that was taken is delivered before.
extension SCTPAssociation {
    /// Takes no more messages, delivers those that wait, and ends.
    public mutating func shutdown(now: Instant) {
        switch state {
        case .closed, .cookieWait, .cookieEchoed:
            end(.aborted, last: ChunkWriter.abort(ErrorCause.userInitiatedAbort))
        case .established:
            state = .shutdownPending
            progress(now: now)
        case .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent, .ended:
            break
        }
    }

    mutating func progressShutdown(now: Instant) {
        guard outbound.isEmpty, outstanding.isEmpty else { return }
        switch state {
        case .shutdownPending:
            state = .shutdownSent
            sendShutdown(now: now)
        case .shutdownReceived:
            state = .shutdownAckSent
            sendControl(ChunkWriter.chunk(.shutdownAcknowledgement))
            timers.shutdown = now + roundTrips.timeout
        case .closed, .cookieWait, .cookieEchoed, .established, .shutdownSent, .shutdownAckSent, .ended:
            break
        }
    }

    mutating func sendShutdown(now: Instant) {
        sendControl(ChunkWriter.shutdown(cumulative: received.cumulative))
        timers.shutdown = now + roundTrips.timeout
    }

    mutating func receiveShutdown(_ cumulative: TransmissionSequenceNumber, now: Instant) {
        switch state {
        case .established, .shutdownPending:
            state = .shutdownReceived
            takeCumulative(cumulative, now: now)
        case .shutdownReceived:
            takeCumulative(cumulative, now: now)
        case .shutdownSent:
            // Both began; each acknowledges the other's.
            state = .shutdownAckSent
            sendControl(ChunkWriter.chunk(.shutdownAcknowledgement))
            timers.shutdown = now + roundTrips.timeout
        case .shutdownAckSent:
            reply(ChunkWriter.chunk(.shutdownAcknowledgement))
        case .closed, .cookieWait, .cookieEchoed, .ended:
            counters.unexpectedChunks += 1
        }
    }

    /// SHUTDOWN acknowledges as SACK does, without gaps or window.
    private mutating func takeCumulative(_ cumulative: TransmissionSequenceNumber, now: Instant) {
        receiveAcknowledgement(
            SelectiveAcknowledgement(
                cumulative: cumulative, window: UInt32(clamping: peerWindow), blocks: [], duplicates: []),
            now: now)
    }

    mutating func receiveShutdownAcknowledgement() {
        switch state {
        case .shutdownSent, .shutdownAckSent:
            end(.shutdown, last: ChunkWriter.chunk(.shutdownComplete))
        case .closed, .cookieWait, .cookieEchoed, .established, .shutdownPending, .shutdownReceived, .ended:
            counters.unexpectedChunks += 1
        }
    }

    mutating func receiveShutdownComplete() {
        guard state == .shutdownAckSent else {
            counters.unexpectedChunks += 1
            return
        }
        end(.shutdown)
    }

    /// The last packet was lost, so the peer asks again (RFC 9260 §8.4, rule 5).
    mutating func answerAfterEnd(_ chunk: Chunk, _ reason: SCTPCloseReason) {
        guard reason == .shutdown, case .shutdownAcknowledgement = chunk else { return }
        reply(ChunkWriter.chunk(.shutdownComplete))
    }

    mutating func shutdownTimedOut(now: Instant) {
        timers.shutdown = nil
        roundTrips.backOff()
        countError()
        switch state {
        case .shutdownSent:
            sendShutdown(now: now)
        case .shutdownAckSent:
            sendControl(ChunkWriter.chunk(.shutdownAcknowledgement))
            timers.shutdown = now + roundTrips.timeout
        case .closed, .cookieWait, .cookieEchoed, .established, .shutdownPending, .shutdownReceived, .ended:
            break
        }
    }
}
