public import Congestion
internal import DTLS
public import ICE
public import ProtocolCore
internal import RTP
public import SDP
internal import SRTP

/// A client's media transport to a server, as a value: ICE, DTLS, SRTP, congestion control and repair.
///
/// No socket, clock or randomness: datagrams, media and instants go in; datagrams come out in a ``DatagramBuffer`` that
/// the driver lends, and ``Event`` comes out of ``poll()``. So whole calls run in virtual time over an emulated link,
/// and hundreds of sessions share one thread and one buffer.
///
/// ```swift
/// var session = ClientSession(configuration)
/// let offer = session.offer(ClientLine.usual())
/// try session.accept(answer, now: now, into: &datagrams)
/// session.receive(datagram, from: source, to: socketAddress, now: now, into: &datagrams) { packet, payload in … }
/// if let due = session.deadline, due <= now { session.advance(now: now, into: &datagrams) }
/// ```
public struct ClientSession: ~Copyable {
    /// Congestion control looks around so often while video flows.
    static let controlInterval: Duration = .milliseconds(25)
    /// Reports on what we send and receive; RFC 3550 §6.2 would allow 360 kbit/s divided by the rate, browsers take this.
    static let reportInterval: Duration = .seconds(1)
    /// The largest RTP payload that fits a datagram of 1200 bytes with header, extensions, tag and RTX prefix.
    public static let maximumPayloadSize = 1120

    let configuration: Configuration
    var ice: ICEAgent
    var dtls: DTLSSession?
    var sender: SRTPSender?
    var receiver: SRTPReceiver?
    var generator: SeededGenerator
    let controlSSRC: SSRC

    // Negotiation.
    let sessionID: UInt64
    var sessionVersion: UInt64 = 0
    var lines: [ClientLine] = []
    var offered: OfferParameters?
    var answered: AnsweredSession?

    // Sending.
    var outgoing: [OutgoingStream] = []
    /// Whether any of them is video that the peer takes.
    var sendsVideo = false
    var backlog = PacketQueue()
    var repairs: [Repair] = []
    var nextTransportSequence: UInt16 = 0
    var controller: CongestionController
    var pacer: Pacer
    var nextControl: Instant?
    var frames = FrameBudget()
    var data = SessionData()

    // Receiving.
    var incoming = IncomingStreams()
    /// Whether any stream may miss packets or want a keyframe; when not, none needs to be asked.
    var hasLosses = false
    var arrivals: TransportFeedbackRecorder
    var payloadTypes: [NegotiatedCodec?] = Array(repeating: nil, count: 128)
    var rtxTypes: Set<PayloadType> = []
    var redTypes: Set<PayloadType> = []
    var extensions = HeaderExtensionMap()
    var nextReport: Instant?
    var nextIntraRequests: [SSRC: UInt8] = [:]

    var events: [Event] = []
    var nextEvent = 0
    public internal(set) var counters = Counters()
    /// The round trip to the peer, from its reports; nil until one has come.
    public internal(set) var roundTrip: Duration?
    /// The peer's latest reference time (RFC 3611 §4.4), until it is answered.
    var peerReference: (peer: SSRC, time: NTPTimestamp, arrival: Instant)?
    public internal(set) var isConnected = false
    public internal(set) var isEnded = false

    /// A packet that the peer asked for again.
    struct Repair {
        let stream: Int
        let index: UInt64
    }

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        var generator = SeededGenerator(seed: configuration.seed)
        ice = ICEAgent(role: configuration.role, local: configuration.ice, seed: generator.next())
        for (position, endpoint) in configuration.localEndpoints.enumerated() {
            ice.addLocal(endpoint, localPreference: UInt16.max - UInt16(truncatingIfNeeded: position))
        }
        controlSSRC = SSRC(UInt32(truncatingIfNeeded: generator.next()))
        sessionID = generator.next() >> 2
        controller = CongestionController(
            start: configuration.startBitrate, maximum: configuration.maximumBitrate)
        pacer = Pacer(target: configuration.startBitrate, burst: .milliseconds(10))
        arrivals = TransportFeedbackRecorder(sender: controlSSRC, media: SSRC(0))
        self.generator = generator
    }

    /// The next event, or nil when there is none.
    public mutating func poll() -> Event? {
        guard nextEvent < events.count else {
            events.removeAll(keepingCapacity: true)
            nextEvent = 0
            return nil
        }
        defer { nextEvent += 1 }
        return events[nextEvent]
    }

    /// Whether ``poll()`` has something to give.
    public var hasEvents: Bool { nextEvent < events.count }

    /// When ``advance(now:into:)`` is due; nil when there is nothing to wait for.
    ///
    /// Mutating, since a session that is only looked at would be copied for it, all its kilobytes.
    public var deadline: Instant? {
        mutating get { nextDeadline() }
    }

    private mutating func nextDeadline() -> Instant? {
        var earliest = ice.deadline
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            earliest = earliest.map { min($0, instant) } ?? instant
        }
        consider(dtls?.timeout)
        guard isConnected else { return earliest }
        consider(arrivals.deadline)
        consider(nextReport)
        consider(nextControl)
        consider(data.due)
        if hasLosses {
            for stream in incoming.all where stream.isRepaired { consider(stream.losses.deadline) }
        }
        return earliest
    }

    /// Does what is due: checks, retransmissions, queued video, reports. Calling it early does no harm.
    public mutating func advance(now: Instant, into output: inout DatagramBuffer) {
        ice.advance(now: now)
        driveICE(now: now, into: &output)
        if let timeout = dtls?.timeout, timeout <= now { dtls?.handleTimeout(now: now) }
        driveDTLS(now: now, into: &output)
        guard isConnected, let path = ice.path else { return }
        if let due = nextControl, due <= now { control(now: now) }
        flushVideo(now: now, path: path, into: &output)
        advanceData(now: now, path: path, into: &output)
        sendFeedback(now: now, path: path, into: &output)
        if let due = nextReport, due <= now {
            sendReports(now: now, path: path, into: &output)
            nextReport = now + Self.reportInterval
        }
    }

    /// Says goodbye; nothing is sent afterwards.
    public mutating func close(now: Instant, into output: inout DatagramBuffer) {
        guard !isEnded else { return }
        isEnded = true
        if isConnected, let path = ice.path {
            let sources = outgoing.filter { $0.packetCount > 0 }.map(\.ssrc)
            if !sources.isEmpty {
                sendControl([.goodbye(Goodbye(sources: Array(sources.prefix(31))))], path: path, into: &output)
            }
        }
        dtls?.close()
        driveDTLS(now: now, into: &output)
        isConnected = false
    }

    // MARK: ICE and DTLS

    mutating func driveICE(now: Instant, into output: inout DatagramBuffer) {
        while let step = ice.poll() {
            switch step {
            case .transmit(let bytes, let path): output.append(bytes, path: path)
            case .event(let event): handle(event)
            }
        }
        // Media may go over a pair that works before it is nominated (RFC 8445 §12), and so may the handshake.
        if ice.path != nil { dtls?.start(now: now) }
        driveDTLS(now: now, into: &output)
    }

    private mutating func handle(_ event: ICEAgent.Event) {
        guard !isEnded else { return }
        switch event {
        case .selected: break
        case .disconnected: events.append(.interrupted)
        case .reconnected: events.append(.resumed)
        case .consentExpired, .failed: events.append(.pathLost)
        }
    }

    mutating func driveDTLS(now: Instant, into output: inout DatagramBuffer) {
        guard let dtls else { return }
        while let step = dtls.poll() {
            switch step {
            case .transmit(let datagram):
                if let path = ice.path { output.append(datagram, path: path) }
            case .connected(let keys):
                sender = SRTPSender(keys)
                receiver = SRTPReceiver(keys)
                for stream in incoming.all { stream.security = SRTPReceiveState() }
                isConnected = true
                nextReport = now + Self.reportInterval
                events.append(.connected)
                openData(now: now)
            case .received(let record):
                receiveData(record, now: now)
            case .failed(let error):
                end("DTLS failed: \(error)")
            case .closed:
                end("The peer closed the connection.")
            }
        }
    }

    private mutating func end(_ reason: String) {
        isConnected = false
        guard !isEnded else { return }
        isEnded = true
        events.append(.ended(reason: reason))
    }

    // MARK: Ways besides UDP

    /// Adds an address of ours that is reached over TCP or a relay; it may come at any time.
    public mutating func addLocal(
        _ endpoint: SocketEndpoint, over link: Link, localPreference: UInt16, now: Instant,
        into output: inout DatagramBuffer
    ) {
        ice.addLocal(endpoint, over: link, localPreference: localPreference)
        ice.advance(now: now)
        driveICE(now: now, into: &output)
    }

    /// Drops an address of ours that is gone.
    public mutating func removeLocal(
        _ endpoint: SocketEndpoint, over link: Link, now: Instant, into output: inout DatagramBuffer
    ) {
        ice.removeLocal(endpoint, over: link)
        ice.advance(now: now)
        driveICE(now: now, into: &output)
    }

    /// Drops a path that is known not to work.
    public mutating func removePath(_ path: ICEAgent.Path, now: Instant, into output: inout DatagramBuffer) {
        ice.removePath(path)
        ice.advance(now: now)
        driveICE(now: now, into: &output)
    }

    /// Keeps a link out of the ICE restarts to come.
    public mutating func retireLocal(over link: Link) {
        ice.retireLocal(over: link)
    }

    /// The connection under a path was lost; a check may open another.
    public mutating func connectionLost(_ path: ICEAgent.Path, now: Instant, into output: inout DatagramBuffer) {
        ice.connectionLost(path, now: now)
        ice.advance(now: now)
        driveICE(now: now, into: &output)
    }

    // MARK: Observation

    /// How much may be sent in all at present.
    public var targetBitrate: Bitrate { controller.target }
    /// Why not more.
    public var congestionState: CongestionState { controller.state }
    /// Where media goes at present: the nominated pair, or one that works before there is one.
    public var path: ICEAgent.Path? { ice.path }
    /// The pair that is nominated under the present credentials.
    public var selectedPath: ICEAgent.Path? { ice.isConcluded ? ice.path : nil }
    /// What was agreed on last.
    public var agreement: AnsweredSession? { answered }

    /// The stream of a line that is sent, or of one of its layers; nil when the peer does not take it.
    public func stream(_ mid: Mid, rid: Rid? = nil) -> StreamID? {
        outgoing.firstIndex { $0.mid == mid && $0.rid == rid && $0.codec != nil }.map { StreamID(index: $0) }
    }
}
