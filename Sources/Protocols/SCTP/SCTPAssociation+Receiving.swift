internal import ProtocolCore

/// What is to be acknowledged, and when (RFC 9260 §6.2).
struct PendingAcknowledgement: Hashable, Sendable {
    /// Packets with DATA since the last one.
    var packets = 0
    /// Something that the peer should know soon: a gap, a copy, a window that was closed.
    var isUrgent = false
    var deadline: Instant?
    /// The window of the last one.
    var announcedWindow: Int?

    var isPending: Bool { isUrgent || deadline != nil }
}

/// DATA and FORWARD TSN come in, and are acknowledged (RFC 9260 §6.2; RFC 3758 §3.6).
extension SCTPAssociation {
    /// How many bytes the peer may still send.
    var openWindow: Int {
        max(0, configuration.receiveWindow - reassembly.bufferedBytes - undeliveredBytes)
    }

    private var takesData: Bool {
        switch state {
        case .established, .shutdownPending, .shutdownSent: true
        case .closed, .cookieWait, .cookieEchoed, .shutdownReceived, .shutdownAckSent, .ended: false
        }
    }

    mutating func receiveData(_ chunk: DataChunk, now: Instant) {
        guard takesData else {
            counters.unexpectedChunks += 1
            return
        }
        guard !chunk.bytes.isEmpty else {
            fail(.noUserData, cause: ErrorCause.noUserData)
            return
        }
        if chunk.flags.contains(.immediate) { acknowledgement.isUrgent = true }
        switch received.classify(chunk.tsn) {
        case .refused:
            counters.outOfWindowChunks += 1
            acknowledgement.isUrgent = true
            return
        case .duplicate:
            _ = received.insert(chunk.tsn)
            counters.duplicateChunks += 1
            acknowledgement.isUrgent = true
            return
        case .new:
            break
        }
        guard Reassembly.cost(of: chunk) <= openWindow || mayExceed(chunk) else {
            counters.outOfWindowChunks += 1
            acknowledgement.isUrgent = true
            return
        }
        let hadGaps = received.hasGaps
        _ = received.insert(chunk.tsn)
        if hadGaps || received.hasGaps { acknowledgement.isUrgent = true }
        guard chunk.stream.rawValue < incomingStreamLimit else {
            counters.invalidStreams += 1
            var information: [UInt8] = []
            information.append(bigEndian: chunk.stream.rawValue)
            information.append(bigEndian: 0 as UInt16)
            reply(ChunkWriter.error(ErrorCause.invalidStream, information))
            return
        }
        var messages: [IncomingMessage] = []
        do throws(SCTPViolation) {
            try reassembly.insert(chunk, into: &messages)
        } catch {
            fail(error, cause: ErrorCause.protocolViolation)
            return
        }
        deliver(messages)
    }

    /// The chunk that everything waits for is taken into a full buffer too, or nothing would ever leave it.
    private func mayExceed(_ chunk: DataChunk) -> Bool {
        chunk.tsn == received.cumulative + 1
            && reassembly.bufferedBytes + undeliveredBytes + Reassembly.cost(of: chunk)
                <= configuration.receiveWindow + configuration.largestIncomingMessage
    }

    private var incomingStreamLimit: UInt16 {
        min(configuration.incomingStreams, peer?.outgoingStreams ?? 0)
    }

    mutating func deliver(_ messages: [IncomingMessage]) {
        for message in messages {
            counters.receivedMessages += 1
            undeliveredBytes += message.cost
            events.append(
                .message(stream: message.stream, payloadProtocol: message.payloadProtocol, bytes: message.bytes))
        }
    }

    mutating func receiveForwardTSN(_ chunk: ForwardTSN, now: Instant) {
        guard takesData else {
            counters.unexpectedChunks += 1
            return
        }
        acknowledgement.isUrgent = true
        guard chunk.cumulative.isNewer(than: received.cumulative) else { return }
        var messages: [IncomingMessage] = []
        var chunk = chunk
        chunk.skips.removeAll { $0.stream.rawValue >= incomingStreamLimit }
        reassembly.skip(chunk, from: received.cumulative, into: &messages)
        received.skip(to: chunk.cumulative)
        deliver(messages)
    }

    /// A packet with DATA came (§6.2): every second one is acknowledged at once, others a little later.
    mutating func scheduleAcknowledgement(now: Instant) {
        guard takesData else { return }
        acknowledgement.packets += 1
        if acknowledgement.packets >= 2 || state == .shutdownSent { acknowledgement.isUrgent = true }
        if acknowledgement.deadline == nil {
            acknowledgement.deadline = now + configuration.timing.acknowledgementDelay
        }
        // With the acknowledgement, SHUTDOWN is said again (§9.2).
        if state == .shutdownSent { sendShutdown(now: now) }
    }

    /// Tells the peer about room after it was told that there was little.
    mutating func announceRoom() {
        guard takesData, let announced = acknowledgement.announcedWindow else { return }
        let step = configuration.receiveWindow / 4
        if announced < step, openWindow >= announced + step { acknowledgement.isUrgent = true }
    }

    mutating func takeAcknowledgement() -> [UInt8] {
        let window = openWindow
        acknowledgement = PendingAcknowledgement(announcedWindow: window)
        return ChunkWriter.selectiveAcknowledgement(received.report(window: window))
    }
}
