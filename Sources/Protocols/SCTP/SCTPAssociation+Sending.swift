public import ProtocolCore

/// DATA goes out, is acknowledged, sent again or given up (RFC 9260 §6.1...§6.3, §7; RFC 3758 §3.5).
extension SCTPAssociation {
    private enum Constant {
        /// Less than this of a message is not worth a chunk while more of it follows.
        static let smallestFragment = 256
    }

    private var sendsData: Bool {
        switch state {
        case .established, .shutdownPending, .shutdownReceived: true
        case .closed, .cookieWait, .cookieEchoed, .shutdownSent, .shutdownAckSent, .ended: false
        }
    }

    private var mayAbandon: Bool { peer?.supportsForwardTSN ?? false }

    private var mayResend: Bool {
        outstanding.flightSize < congestion.size || isFastRetransmitting
    }

    private var maySendNew: Bool {
        guard outstanding.lostCount == 0 else { return false }
        // With nothing on the way one packet may always go: it asks a closed window whether it has opened (§6.1 A).
        return outstanding.flightSize == 0
            || outstanding.flightSize < congestion.size
                && outstanding.flightSize + configuration.largestPacket <= peerWindow
    }

    /// Whether ``nextDataPacket(now:into:)`` has something that may go now, as far as the peer and the network permit.
    public var hasDataToSend: Bool {
        guard sendsData else { return false }
        return outstanding.lostCount > 0 ? mayResend : !outbound.isEmpty && maySendNew
    }

    /// Writes the next packet with DATA into `packet`, in place of what it holds, with an acknowledgement where one
    /// waits and there is room. False: nothing may go now.
    public mutating func nextDataPacket(now: Instant, into packet: inout [UInt8]) -> Bool {
        guard sendsData, let peer else { return false }
        PacketWriter.begin(
            &packet, from: configuration.localPort, to: configuration.remotePort, tag: peer.tag)
        noteIdleness(now: now)
        let resent = appendLost(to: &packet, now: now)
        let added = appendNew(to: &packet, now: now)
        guard resent || added else {
            // Messages that came too late may have been all that a shutdown or a reset waited for.
            progress(now: now)
            return false
        }
        if resent { isFastRetransmitting = false }
        lastDataSent = now
        if timers.retransmission == nil { timers.retransmission = now + roundTrips.timeout }
        PacketWriter.finish(&packet)
        counters.sentPackets += 1
        return true
    }

    private mutating func noteIdleness(now: Instant) {
        guard let lastDataSent, outstanding.isEmpty, roundTrips.timeout > .zero else { return }
        congestion.idled(Int(clamping: (now - lastDataSent).nanoseconds / roundTrips.timeout.nanoseconds))
    }

    private mutating func appendLost(to packet: inout [UInt8], now: Instant) -> Bool {
        var hasAny = false
        while let tsn = outstanding.firstLost(), let chunk = outstanding.chunk(tsn) {
            if mayAbandon, chunk.message.isExpired(at: now) {
                outstanding.abandon(tsn)
                gaveUp(chunk.message.number, now: now)
                continue
            }
            guard mayResend, packet.count + chunk.size <= configuration.largestPacket else { break }
            if !hasAny { bundleAcknowledgement(leaving: chunk.size, in: &packet) }
            append(chunk, tsn, to: &packet)
            outstanding.resend(tsn, at: now)
            if chunk.isFastRetransmission {
                counters.fastRetransmissions += 1
            } else {
                counters.timedOutRetransmissions += 1
            }
            hasAny = true
        }
        return hasAny
    }

    private mutating func appendNew(to packet: inout [UInt8], now: Instant) -> Bool {
        var hasAny = false
        // A probe of a closed window is one chunk; otherwise the packet is filled up.
        let isProbe = outstanding.flightSize == 0 && peerWindow < configuration.largestPacket
        var abandoned = 0
        defer { counters.abandonedMessages += abandoned }
        while maySendNew || hasAny, outstanding.lostCount == 0,
            let message = outbound.nextMessage(at: now, abandoned: &abandoned)
        {
            if message.sentCount > 0, mayAbandon, message.isExpired(at: now) {
                outstanding.abandon(outstanding.next + -1)
                gaveUp(message.number, now: now)
                continue
            }
            let rest = message.bytes.count - message.sentCount
            let isFirst = packet.count == SCTPPacket.headerSize
            if isFirst { bundleAcknowledgement(leaving: Constant.smallestFragment, in: &packet) }
            let room = configuration.largestPacket - packet.count - DataChunk.headerSize
            guard room >= min(rest, Constant.smallestFragment), let chunk = outbound.take(min(rest, room), at: now)
            else { break }
            append(chunk, outstanding.next, to: &packet)
            outstanding.append(chunk)
            hasAny = true
            if isProbe { break }
        }
        return hasAny
    }

    private mutating func bundleAcknowledgement(leaving room: Int, in packet: inout [UInt8]) {
        guard
            acknowledgement.isPending,
            packet.count + received.reportSize + DataChunk.headerSize + room <= configuration.largestPacket
        else { return }
        packet += takeAcknowledgement()
    }

    private func append(_ chunk: SentChunk, _ tsn: TransmissionSequenceNumber, to packet: inout [UInt8]) {
        PacketWriter.appendData(
            chunk.flags, tsn: tsn, stream: chunk.message.stream, sequence: chunk.message.sequence,
            payloadProtocol: chunk.message.payloadProtocol, bytes: chunk.message.bytes[chunk.range], to: &packet)
    }

    /// All parts of a message that were sent are abandoned; the rest is dropped, and the peer is told to pass them over.
    private mutating func gaveUp(_ message: UInt64, now: Instant) {
        // An empty last part takes a number, so that there is something to pass over even if all others arrived.
        if let rest = outbound.abandonRest(of: message, at: now) { outstanding.append(rest) }
        counters.abandonedMessages += 1
        if outstanding.isFirstAbandoned { isForwardDue = true }
    }

    mutating func receiveAcknowledgement(_ chunk: SelectiveAcknowledgement, now: Instant) {
        switch state {
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived: break
        case .closed, .cookieWait, .cookieEchoed, .shutdownAckSent, .ended:
            counters.unexpectedChunks += 1
            return
        }
        guard outstanding.next.isNewer(than: chunk.cumulative) else {
            fail(.acknowledgedTooMuch, cause: ErrorCause.protocolViolation)
            return
        }
        // An old one that was overtaken.
        guard chunk.cumulative.distance(from: outstanding.first) >= -1 else { return }
        let inFlight = outstanding.flightSize
        let outcome = outstanding.acknowledge(chunk, isRecovering: congestion.recoveryExit != nil, at: now)
        peerWindow = Int(chunk.window)
        if outcome.advances || outcome.acknowledgedSize > 0 || peerWindow == 0 { errorCount = 0 }
        if let roundTrip = outcome.roundTrip { roundTrips.measured(roundTrip) }
        congestion.acknowledged(outcome.acknowledgedSize, inFlight: inFlight, advances: outcome.advances)
        congestion.advanced(to: chunk.cumulative)
        loseMissing(outcome.missing, now: now)
        if outstanding.isEmpty {
            congestion.drained()
            timers.retransmission = nil
        } else if outcome.advances {
            timers.retransmission = outstanding.flightSize > 0 ? now + roundTrips.timeout : nil
        }
        if outstanding.flightSize > 0, timers.retransmission == nil {
            timers.retransmission = now + roundTrips.timeout
        }
        // It still has not passed over what was given up (RFC 3758 §3.5 C4).
        isForwardDue = outstanding.isFirstAbandoned
    }

    private mutating func loseMissing(_ missing: [TransmissionSequenceNumber], now: Instant) {
        guard !missing.isEmpty else { return }
        let exit = outstanding.next + -1
        for tsn in missing {
            if let given = outstanding.lose(tsn, isFast: true, mayAbandon: mayAbandon, at: now) {
                gaveUp(given, now: now)
            }
        }
        if congestion.recoveryExit == nil {
            congestion.enterRecovery(until: exit)
            isFastRetransmitting = outstanding.lostCount > 0
        }
    }

    /// Nothing was acknowledged in time (RFC 9260 §6.3.3, §7.2.3).
    mutating func retransmissionTimedOut(now: Instant) {
        timers.retransmission = nil
        guard !outstanding.isEmpty else { return }
        congestion.timedOut()
        roundTrips.backOff()
        isFastRetransmitting = false
        for given in outstanding.loseAll(mayAbandon: mayAbandon, at: now) {
            gaveUp(given, now: now)
        }
        if outstanding.isFirstAbandoned { isForwardDue = true }
        countError()
    }

    /// The FORWARD TSN chunk that is due.
    mutating func takeForwardTSN(now: Instant) -> [UInt8]? {
        isForwardDue = false
        let room = (configuration.largestPacket - SCTPPacket.headerSize - 8) / 4
        guard let chunk = outstanding.forwardTSN(largestSkipCount: room) else { return nil }
        if timers.retransmission == nil { timers.retransmission = now + roundTrips.timeout }
        return ChunkWriter.forwardTSN(chunk)
    }
}
