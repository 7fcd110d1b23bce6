internal import Conference
internal import Congestion
internal import ProtocolCore
internal import RTP

/// How much goes to one peer and when: its congestion controller, its pacer, and what waits.
struct SendControl: ~Copyable {
    /// A peer whose feedback never comes in this time gets everything at once: it seems to know of none.
    static let feedbackPatience: Duration = .seconds(3)
    /// IP and UDP headers, which the link carries too.
    static let headerOverhead = 28
    /// A forwarder cannot make its keyframes smaller, and a link that they fill looks like one that is too narrow; so they
    /// are spread more than a sender of its own pictures would (2.5 in libwebrtc).
    static let paceFactor = 1.1
    /// A picture goes at once, in one segmented datagram (libwebrtc's pacer has `kDefaultBurst` of 40 ms as well); what
    /// exceeds that, keyframes above all, is spread.
    static let burst: Duration = .milliseconds(40)

    var controller: CongestionController
    var pacer: Pacer
    var backlog = Backlog()
    /// Retransmissions that wait; they go before what waits in `backlog`.
    var repairs = Backlog()
    private var firstSent: Instant?
    private(set) var hasFeedback = false

    /// Whether the peer tells what arrives, and whether by stream (RFC 8888) or by transport-wide numbers.
    private(set) var isEnabled = false
    private(set) var reportsByStream = false
    /// For feedback by stream: under which transport-wide numbers packets left that did not carry them.
    private var numberings: [UInt32: StreamNumbering] = [:]
    private var feedbackTime: Int64?
    /// What the peer said last that it can take, and when (REMB).
    private var receiverEstimate: (bitrate: Bitrate, at: Instant)?
    /// Below this an estimate of the peer's is not believed: less than the smallest picture takes is no picture at all.
    static let smallestEstimate = CongestionController.defaultMinimum
    /// An estimate holds so long without another one; receivers send one each second (libwebrtc) or with each report.
    static let estimateLifetime: Duration = .seconds(5)

    /// - Parameter start: What the link is taken to carry until feedback tells.
    init(start: Bitrate = CongestionController.defaultStart) {
        controller = CongestionController(start: start)
        pacer = Pacer(target: start, burst: SendControl.burst, factor: SendControl.paceFactor)
    }

    /// Packets take another way from now on: nothing is known of it, and what waits for the old one is too late.
    mutating func pathChanged(start: Bitrate) {
        controller = CongestionController(start: start)
        pacer = Pacer(target: start, burst: SendControl.burst, factor: SendControl.paceFactor)
        dropWaiting()
        numberings.removeAll()
        feedbackTime = nil
        firstSent = nil
        hasFeedback = false
    }

    /// Whether anything was sent over the present path.
    var hasSent: Bool { firstSent != nil }

    /// Whether anything waits for the link.
    var isWaiting: Bool { @inline(__always) get { !backlog.isEmpty || !repairs.isEmpty } }

    /// Packets that waited for too long, or for something that is gone.
    var dropped: UInt64 { backlog.dropped + repairs.dropped }

    mutating func dropWaiting() {
        backlog.removeAll()
        repairs.removeAll()
    }

    /// Lets a packet wait for its turn.
    @inline(never)
    mutating func postpone(_ packet: ForwardedPacket, now: Instant) {
        if packet.originalSequence != nil {
            repairs.dropOlder(than: Backlog.repairPatience, now: now)
            if !repairs.contains(packet) { repairs.append(packet, now: now) }
        } else {
            if packet.isEntry { backlog.removeAll(ofSlot: packet.ssrc) }
            backlog.append(packet, now: now)
        }
    }

    /// Takes what goes next: what was lost before what is new.
    mutating func popFirst(from conference: UnsafeMutablePointer<Conference>) -> ForwardedPacket? {
        repairs.popFirst(from: conference) ?? backlog.popFirst(from: conference)
    }

    /// Whether the peer told what arrives, and has stopped to.
    var isStalled: Bool {
        @inline(__always) get { hasFeedback && controller.state == .feedbackMissing }
    }

    /// Sets what was negotiated.
    mutating func configure(numbersPackets: Bool, reportsByStream: Bool) {
        isEnabled = numbersPackets || reportsByStream
        self.reportsByStream = reportsByStream && !numbersPackets
    }

    /// Whether what is sent depends on what the link carries.
    @inline(__always)
    func isInForce(now: Instant) -> Bool {
        guard isEnabled else { return false }
        if hasFeedback { return true }
        return firstSent.map { now - $0 < SendControl.feedbackPatience } ?? true
    }

    /// What all video and audio may take, in bits per second; nil while nothing limits it.
    @inline(__always)
    func budget(now: Instant) -> Int? {
        if isInForce(now: now) { return controller.capacity.bitsPerSecond }
        guard let estimate = receiverEstimate, now - estimate.at < SendControl.estimateLifetime else { return nil }
        return estimate.bitrate.bitsPerSecond
    }

    /// Whether the peer has said what it can take.
    var hasReceiverEstimate: Bool { receiverEstimate != nil }

    /// Takes what the peer says that it can take, in bits per second; it counts where nothing else tells.
    mutating func receive(estimate bitsPerSecond: Int, at now: Instant) {
        receiverEstimate = (max(SendControl.smallestEstimate, Bitrate(bitsPerSecond: bitsPerSecond)), now)
    }

    @inline(__always)
    mutating func sent(ssrc: UInt32, sequence: UInt16, transportSequence: UInt16, bytes: Int, at now: Instant) {
        if reportsByStream {
            numberings[ssrc, default: StreamNumbering()].sent(
                SequenceNumber(sequence), transportSequence: transportSequence)
        }
        if firstSent == nil { firstSent = now }
        controller.sent(
            transportSequence: transportSequence, bytes: bytes + SendControl.headerOverhead, at: now,
            probe: pacer.activeProbe)
    }

    /// Takes feedback; returns how many packets it calls lost.
    mutating func receive(_ feedback: TransportFeedback, at now: Instant) -> Int {
        guard isEnabled else { return 0 }
        hasFeedback = true
        let summary = controller.receive(feedback, at: now)
        pacer.target = controller.target
        return summary.lost
    }

    /// Takes feedback by stream; returns how many packets it calls lost.
    mutating func receive(_ feedback: CongestionControlFeedback, at now: Instant) -> Int {
        guard isEnabled, reportsByStream else { return 0 }
        hasFeedback = true
        var feedback = feedback
        feedback.extendTimeLine(after: &feedbackTime)
        let arrivals = feedback.packets.compactMap { packet -> (sequence: SequenceNumber, arrival: Instant?)? in
            // Of a packet that came at an unknown time nothing can be learnt.
            guard !packet.hasArrived || packet.arrival != nil,
                let number = numberings[packet.stream.rawValue]?.transportSequence(of: packet.sequence)
            else { return nil }
            return (number, packet.arrival)
        }
        let summary = controller.receive(arrivals, at: now)
        pacer.target = controller.target
        return summary.lost
    }

    /// What is due by time: probes, and what missing feedback means.
    mutating func poll(needed: Int, now: Instant) {
        guard isInForce(now: now) else { return }
        controller.needed = Bitrate(bitsPerSecond: needed)
        for cluster in controller.poll(now: now) { pacer.begin(cluster, now: now) }
        if pacer.target != controller.target { pacer.target = controller.target }
    }
}
