public import ProtocolCore

/// One end of an SCTP association inside DTLS (RFC 9260 as RFC 8261 and RFC 8831 use it): messages in streams, ordered
/// or not, reliable or not.
///
/// It takes packets and the time, and its driver asks it for packets, so that a pacer can decide when data goes. After
/// every call that changes it: take events with ``poll()``, send what ``nextControlPacket(now:into:)`` gives at once and
/// what ``nextDataPacket(now:into:)`` gives as the pacer permits, and call ``advance(now:)`` at ``deadline``.
public struct SCTPAssociation: Sendable {
    public enum Event: Hashable, Sendable {
        /// Both ends know each other; what was sent before goes out now.
        case established
        case message(stream: StreamIdentifier, payloadProtocol: PayloadProtocolIdentifier, bytes: [UInt8])
        /// The peer sends nothing more on these of its streams; the next message there is the first of a new use.
        case streamsReset([StreamIdentifier])
        /// The peer knows that these of our streams begin anew; they take messages again.
        case outgoingReset([StreamIdentifier])
        /// The peer does not reset these streams of ours, or cannot.
        case resetRefused([StreamIdentifier])
        /// The end; comes once and last.
        case closed(SCTPCloseReason)
    }

    /// Where an association is (RFC 9260 §4).
    enum State: Hashable, Sendable {
        case closed
        case cookieWait
        case cookieEchoed
        case established
        case shutdownPending
        case shutdownSent
        case shutdownReceived
        case shutdownAckSent
        case ended(SCTPCloseReason)
    }

    let configuration: SCTPConfiguration
    let localTag: UInt32
    let localInitialTSN: TransmissionSequenceNumber
    var state = State.closed
    var generator: SeededGenerator
    /// What the peer said in its INIT or INIT ACK.
    var peer: PeerParameters?
    var offered: OfferedCookie?
    var echoedCookie: [UInt8] = []

    var outbound = OutboundStreams()
    var outstanding: OutstandingChunks
    var congestion: CongestionWindow
    var roundTrips: RetransmissionTimer
    var peerWindow = 0
    var messageNumber: UInt64 = 0
    var lastDataSent: Instant?
    /// The next packet of retransmissions goes whatever the window says (RFC 9260 §7.2.4).
    var isFastRetransmitting = false
    var isForwardDue = false

    var received: ReceivedTSNs
    var reassembly: Reassembly
    /// What the messages count that wait for `poll`.
    var undeliveredBytes = 0
    var acknowledgement = PendingAcknowledgement()

    var control = FIFO<ControlPacket>()
    var events = FIFO<Event>()
    var resets: StreamResets
    var timers = Timers()
    /// How often in a row the peer did not answer.
    var errorCount = 0
    /// What a HEARTBEAT said that was not answered yet.
    var heartbeat: (information: [UInt8], sentAt: Instant)?

    /// What happened to packets and messages so far.
    public internal(set) var counters = SCTPCounters()

    public init(_ configuration: SCTPConfiguration) {
        var configuration = configuration
        configuration.largestPacket = min(max(configuration.largestPacket, 640), 65_535) & ~3
        configuration.outgoingStreams = min(max(configuration.outgoingStreams, 1), 65_535)
        configuration.incomingStreams = min(max(configuration.incomingStreams, 1), 65_535)
        configuration.largestIncomingMessage = max(configuration.largestIncomingMessage, 1)
        configuration.receiveWindow = max(configuration.receiveWindow, 2 * configuration.largestIncomingMessage, 4096)
        let delay = configuration.timing.acknowledgementDelay
        configuration.timing.acknowledgementDelay = min(max(delay, .milliseconds(20)), .milliseconds(200))
        self.configuration = configuration
        generator = SeededGenerator(seed: configuration.seed)
        localTag = UInt32.random(in: 1...UInt32.max, using: &generator)
        localInitialTSN = TransmissionSequenceNumber(UInt32.random(in: 0...UInt32.max, using: &generator))
        outstanding = OutstandingChunks(first: localInitialTSN)
        congestion = CongestionWindow(packetSize: configuration.largestPacket - SCTPPacket.headerSize)
        roundTrips = RetransmissionTimer(configuration.timing)
        received = ReceivedTSNs(before: TransmissionSequenceNumber(0))
        reassembly = Reassembly(largestMessage: configuration.largestIncomingMessage)
        resets = StreamResets(nextRequest: localInitialTSN.rawValue)
    }

    /// Whether messages flow.
    public var isEstablished: Bool { state == .established }

    /// Whether it has ended; nothing comes of it but a last packet.
    public var hasEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// How many streams we may use, once established: the smaller of our limit and the peer's.
    public var outgoingStreamLimit: UInt16 {
        min(configuration.outgoingStreams, peer?.incomingStreams ?? configuration.outgoingStreams)
    }

    /// Bytes of a stream's messages of which no packet was made yet.
    public func bufferedAmount(of stream: StreamIdentifier) -> Int {
        outbound.waitingBytes(of: stream)
    }

    /// Bytes of all messages that wait to be sent or to be acknowledged; `sendBuffer` is the most.
    public var bufferedAmount: Int {
        outbound.waitingBytes + outstanding.byteCount
    }

    /// The smoothed round trip; nil before one was measured.
    public var roundTrip: Duration? { roundTrips.roundTrip }

    /// What happened, in order; nil when there is nothing more. Taking messages makes room for the peer's next ones.
    public mutating func poll() -> Event? {
        guard let event = events.popFirst() else { return nil }
        if case .message(_, _, let bytes) = event {
            undeliveredBytes -= bytes.count + Reassembly.chunkOverhead
            announceRoom()
        }
        return event
    }

    /// Takes a message to be sent; before the association is established, it waits.
    ///
    /// - Parameter now: when the lifetime of the message begins.
    public mutating func send(
        _ message: [UInt8], stream: StreamIdentifier, payloadProtocol: PayloadProtocolIdentifier,
        delivery: MessageDelivery = .ordered, priority: MessagePriority = .normal, now: Instant
    ) throws(SCTPError) {
        switch state {
        case .closed, .cookieWait, .cookieEchoed, .established: break
        case .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent, .ended: throw .closed
        }
        guard !message.isEmpty else { throw .emptyMessage }
        guard message.count <= configuration.largestOutgoingMessage else {
            throw .messageTooLarge(limit: configuration.largestOutgoingMessage)
        }
        guard stream.rawValue < outgoingStreamLimit else { throw .noSuchStream }
        guard !resets.isResetting(stream) else { throw .streamIsResetting }
        guard bufferedAmount + message.count <= configuration.sendBuffer else { throw .sendBufferFull }
        var outgoing = OutboundMessage(
            number: messageNumber, stream: stream, payloadProtocol: payloadProtocol, isOrdered: delivery.isOrdered,
            priority: priority, bytes: message)
        switch delivery.reliability {
        case .reliable: break
        case .retransmissions(let limit): outgoing.retransmissionLimit = Int(limit)
        case .lifetime(let lifetime): outgoing.expiry = now + lifetime
        }
        messageNumber += 1
        counters.sentMessages += 1
        outbound.append(outgoing)
    }

    /// Takes a packet from the peer. Whatever is wrong with it is counted, never thrown.
    public mutating func receive(_ packet: RawSpan, now: Instant) {
        counters.receivedPackets += 1
        do throws(PacketFailure) {
            receive(try SCTPPacket(parsing: packet), now: now)
        } catch {
            switch error {
            case .checksum: counters.checksumFailures += 1
            case .malformed: counters.malformedPackets += 1
            }
        }
    }

    private mutating func receive(_ packet: SCTPPacket, now: Instant) {
        guard packet.sourcePort == configuration.remotePort, packet.destinationPort == configuration.localPort else {
            counters.foreignPackets += 1
            return
        }
        var carriesData = false
        for chunk in packet.chunks {
            guard hasValidTag(packet, chunk) else {
                counters.foreignPackets += 1
                break
            }
            if case .data = chunk { carriesData = true }
            guard handle(chunk, now: now) else { break }
        }
        if carriesData { scheduleAcknowledgement(now: now) }
        progress(now: now)
    }

    /// Whether the tag is the one that this chunk has to come with (RFC 9260 §8.5).
    private func hasValidTag(_ packet: SCTPPacket, _ chunk: Chunk) -> Bool {
        switch chunk {
        case .initiation: packet.tag == 0 && packet.chunks.count == 1
        case .abort(isReflected: true, _), .shutdownComplete(isReflected: true): packet.tag == peer?.tag
        default: packet.tag == localTag
        }
    }

    /// Gives whether the chunks behind it are to be looked at.
    private mutating func handle(_ chunk: Chunk, now: Instant) -> Bool {
        if case .ended(let reason) = state {
            answerAfterEnd(chunk, reason)
            return false
        }
        switch chunk {
        case .data(let data): receiveData(data, now: now)
        case .initiation(let initiation): receiveInitiation(initiation, now: now)
        case .initiationAcknowledgement(let initiation): receiveInitiationAcknowledgement(initiation, now: now)
        case .selectiveAcknowledgement(let acknowledgement): receiveAcknowledgement(acknowledgement, now: now)
        case .heartbeat(let information): answerHeartbeat(information)
        case .heartbeatAcknowledgement(let information): receiveHeartbeatAcknowledgement(information, now: now)
        case .abort(_, let cause): end(.abortedByPeer(cause: cause))
        case .shutdown(let cumulative): receiveShutdown(cumulative, now: now)
        case .shutdownAcknowledgement: receiveShutdownAcknowledgement()
        case .error(let causes): receiveError(causes, now: now)
        case .cookieEcho(let cookie): receiveCookie(cookie, now: now)
        case .cookieAcknowledgement: receiveCookieAcknowledgement(now: now)
        case .shutdownComplete: receiveShutdownComplete()
        case .forwardTSN(let forward): receiveForwardTSN(forward, now: now)
        case .reconfiguration(let parameters): receiveReconfiguration(parameters, now: now)
        case .unknown(let type, let bytes):
            counters.unknownChunks += 1
            let rule = UnknownTypeRule(upperBits: type.rawValue >> 6)
            if rule.reports { reply(ChunkWriter.error(ErrorCause.unrecognizedChunk, Array(bytes.prefix(256)))) }
            return rule.skips
        }
        return true
    }

    /// Takes the steps that became possible.
    mutating func progress(now: Instant) {
        progressResets(now: now)
        progressShutdown(now: now)
    }
}
