public import ProtocolCore

/// Small packets that go at once, and how an association ends.
extension SCTPAssociation {
    /// How many packets may wait to be fetched before answers are dropped.
    static var largestControlCount: Int { 32 }

    /// Whether ``nextControlPacket(now:into:)`` has something.
    public var hasControlToSend: Bool {
        !control.isEmpty || acknowledgement.isUrgent || isForwardDue
    }

    /// Writes the next packet without DATA into `packet`, in place of what it holds: handshakes, acknowledgements,
    /// heartbeats and the like, which are small and wait for no pacer. False: there is none.
    public mutating func nextControlPacket(now: Instant, into packet: inout [UInt8]) -> Bool {
        if let waiting = control.popFirst() {
            write(waiting.chunks, tag: waiting.tag, into: &packet)
            return true
        }
        guard !hasEnded, let peer else { return false }
        if isForwardDue, let chunk = takeForwardTSN(now: now) {
            write(chunk, tag: peer.tag, into: &packet)
            return true
        }
        if acknowledgement.isUrgent {
            write(takeAcknowledgement(), tag: peer.tag, into: &packet)
            return true
        }
        return false
    }

    private mutating func write(_ chunks: [UInt8], tag: UInt32, into packet: inout [UInt8]) {
        PacketWriter.begin(&packet, from: configuration.localPort, to: configuration.remotePort, tag: tag)
        packet += chunks
        PacketWriter.finish(&packet)
        counters.sentPackets += 1
    }

    /// Queues chunks that have to go.
    mutating func sendControl(_ chunks: [UInt8]) {
        control.append(ControlPacket(tag: peer?.tag ?? 0, chunks: chunks))
    }

    /// Queues an answer to something of the peer's; those are not unlimited.
    mutating func reply(_ chunks: [UInt8], tag: UInt32? = nil) {
        guard control.count < Self.largestControlCount, let tag = tag ?? peer?.tag else {
            counters.droppedReplies += 1
            return
        }
        control.append(ControlPacket(tag: tag, chunks: chunks))
    }

    /// Ends the association at once, and tells the peer.
    public mutating func abort(now: Instant) {
        guard !hasEnded else { return }
        end(.aborted, last: ChunkWriter.abort(ErrorCause.userInitiatedAbort))
    }

    /// The peer broke the rules.
    mutating func fail(_ violation: SCTPViolation, cause: UInt16) {
        end(.protocolViolation(violation), last: ChunkWriter.abort(cause))
    }

    mutating func end(_ reason: SCTPCloseReason, last chunk: [UInt8]? = nil) {
        guard !hasEnded else { return }
        state = .ended(reason)
        timers = Timers()
        control.removeAll()
        outbound.removeAll()
        outstanding = OutstandingChunks(first: outstanding.next)
        reassembly = Reassembly(largestMessage: configuration.largestIncomingMessage)
        acknowledgement = PendingAcknowledgement()
        isForwardDue = false
        if let chunk, peer != nil { sendControl(chunk) }
        events.append(.closed(reason))
    }

    /// The peer did not answer.
    mutating func countError() {
        errorCount += 1
        if errorCount > configuration.timing.retransmissions { end(.timedOut) }
    }

    // MARK: Heartbeats (RFC 9260 §8.3)

    mutating func answerHeartbeat(_ information: [UInt8]) {
        guard peer != nil, information.count + 16 <= configuration.largestPacket else {
            counters.unexpectedChunks += 1
            return
        }
        reply(ChunkWriter.chunk(.heartbeatAcknowledgement, information))
    }

    mutating func receiveHeartbeatAcknowledgement(_ information: [UInt8], now: Instant) {
        guard let heartbeat, heartbeat.information == information else {
            counters.unexpectedChunks += 1
            return
        }
        roundTrips.measured(now - heartbeat.sentAt)
        self.heartbeat = nil
        errorCount = 0
        timers.heartbeat = now + configuration.timing.heartbeatInterval
    }

    private func sentDataLately(at now: Instant) -> Bool {
        lastDataSent.map { now - $0 < configuration.timing.heartbeatInterval } ?? false
    }

    mutating func heartbeatDue(now: Instant) {
        if heartbeat != nil {
            heartbeat = nil
            roundTrips.backOff()
            countError()
            guard !hasEnded else { return }
        } else if !outstanding.isEmpty || sentDataLately(at: now) {
            // Data asks the same.
            timers.heartbeat = now + configuration.timing.heartbeatInterval
            return
        }
        let nonce = (0..<8).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Parameter 1: Heartbeat Info (§3.3.5).
        let information = [0, 1, 0, 12] + nonce
        heartbeat = (information, now)
        sendControl(ChunkWriter.chunk(.heartbeat, information))
        timers.heartbeat = now + roundTrips.timeout
    }
}
