public import ProtocolCore

/// INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260 §5).
///
/// An end keeps its tag and its first number for life, so that handshakes that both ends begin meet in one association
/// (§5.2.1). Restarts within one DTLS connection are refused: nobody has a reason for one.
extension SCTPAssociation {
    /// How many bytes of unknown parameters are told to the peer.
    private static var largestReport: Int { 256 }

    /// Begins the handshake. Without it, the association waits for the peer's; both may begin.
    public mutating func connect(now: Instant) {
        guard state == .closed else { return }
        state = .cookieWait
        sendInitiation(now: now)
    }

    private var initiation: InitiationChunk {
        InitiationChunk(
            tag: localTag, window: UInt32(clamping: configuration.receiveWindow),
            outgoingStreams: configuration.outgoingStreams, incomingStreams: configuration.incomingStreams,
            initialTSN: localInitialTSN, supportsForwardTSN: true, supportsReconfiguration: true)
    }

    mutating func sendInitiation(now: Instant) {
        control.append(ControlPacket(tag: 0, chunks: ChunkWriter.initiation(initiation, isAcknowledgement: false)))
        timers.handshake = now + roundTrips.timeout
    }

    mutating func sendCookie(now: Instant) {
        sendControl(ChunkWriter.chunk(.cookieEcho, echoedCookie))
        timers.handshake = now + roundTrips.timeout
    }

    mutating func receiveInitiation(_ chunk: InitiationChunk, now: Instant) {
        let parameters = PeerParameters(chunk)
        switch state {
        case .closed, .cookieWait, .cookieEchoed:
            break
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent:
            // A late copy is answered as the first was; anything else would be a restart.
            guard parameters.tag == peer?.tag, parameters.initialTSN == peer?.initialTSN else {
                counters.unexpectedChunks += 1
                reply(ChunkWriter.abort(ErrorCause.protocolViolation), tag: parameters.tag)
                return
            }
        case .ended:
            return
        }
        let cookie: [UInt8]
        if let offered, offered.peer == parameters {
            cookie = offered.bytes
        } else {
            cookie = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        offered = OfferedCookie(bytes: cookie, peer: parameters, offeredAt: now)
        var answer = initiation
        answer.cookie = cookie
        var room = Self.largestReport
        for parameter in chunk.unrecognized where parameter.count + 8 <= room {
            room -= parameter.count + 8
            answer.unrecognized.append(parameter)
        }
        reply(ChunkWriter.initiation(answer, isAcknowledgement: true), tag: parameters.tag)
    }

    mutating func receiveInitiationAcknowledgement(_ chunk: InitiationChunk, now: Instant) {
        guard state == .cookieWait, let cookie = chunk.cookie else {
            counters.unexpectedChunks += 1
            return
        }
        adopt(PeerParameters(chunk))
        echoedCookie = cookie
        state = .cookieEchoed
        timers.handshakeCount = 0
        sendCookie(now: now)
        let reported = chunk.unrecognized.first { $0.count <= Self.largestReport }
        if let reported { reply(ChunkWriter.error(ErrorCause.unrecognizedParameters, reported)) }
    }

    mutating func receiveCookie(_ cookie: [UInt8], now: Instant) {
        guard let offered, offered.bytes == cookie else {
            counters.invalidCookies += 1
            return
        }
        switch state {
        case .closed, .cookieWait, .cookieEchoed:
            guard now - offered.offeredAt <= configuration.timing.cookieLifetime else {
                counters.invalidCookies += 1
                let staleness = UInt32(clamping: (now - offered.offeredAt).nanoseconds / 1000)
                var information: [UInt8] = []
                information.append(bigEndian: staleness)
                reply(ChunkWriter.error(ErrorCause.staleCookie, information), tag: offered.peer.tag)
                return
            }
            if peer != offered.peer { adopt(offered.peer) }
            reply(ChunkWriter.chunk(.cookieAcknowledgement))
            establish(now: now)
        case .established, .shutdownPending, .shutdownReceived:
            // Our COOKIE ACK was lost.
            guard offered.peer == peer else { return }
            reply(ChunkWriter.chunk(.cookieAcknowledgement))
        case .shutdownSent, .shutdownAckSent, .ended:
            counters.unexpectedChunks += 1
        }
    }

    mutating func receiveCookieAcknowledgement(now: Instant) {
        guard state == .cookieEchoed else { return }
        establish(now: now)
    }

    mutating func receiveError(_ causes: [UInt16], now: Instant) {
        guard state == .cookieEchoed, causes.contains(ErrorCause.staleCookie) else { return }
        // From the beginning; the timer's count goes on, so that this ends (§5.2.6).
        timers.handshakeCount += 1
        guard timers.handshakeCount <= configuration.timing.handshakeRetransmissions else {
            end(.handshakeTimedOut)
            return
        }
        state = .cookieWait
        sendInitiation(now: now)
    }

    private mutating func adopt(_ parameters: PeerParameters) {
        peer = parameters
        peerWindow = Int(parameters.window)
        received = ReceivedTSNs(before: parameters.initialTSN)
        reassembly = Reassembly(largestMessage: configuration.largestIncomingMessage)
        resets.expectedPeerRequest = parameters.initialTSN.rawValue
    }

    private mutating func establish(now: Instant) {
        state = .established
        timers.handshake = nil
        errorCount = 0
        roundTrips = RetransmissionTimer(configuration.timing)
        timers.heartbeat = now + configuration.timing.heartbeatInterval
        counters.abandonedMessages += outbound.removeStreams(from: outgoingStreamLimit)
        events.append(.established)
    }
}
