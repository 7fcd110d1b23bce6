public import ProtocolCore
public import RTP

/// Why the target is what it is.
public enum CongestionState: String, Hashable, Sendable, CaseIterable {
    /// Nothing speaks against more, so it grows.
    case increasing
    /// The path's queues grow, or did so at this rate lately.
    case delayLimited
    /// More would be lost, in excess of what the path loses at any rate.
    case lossLimited
    /// Too little is sent to learn whether more would pass.
    case applicationLimited
    /// The receiver has not been heard of for long.
    case feedbackMissing
    /// The configured maximum is reached.
    case atMaximum
}

/// How much may be sent to one receiver, judged by its transport-wide feedback.
///
/// Composes what Google Congestion Control consists of (draft-ietf-rmcat-gcc-02, and libwebrtc's `goog_cc` of January
/// 2026): delay trend, additive-multiplicative rate control, loss, acknowledged rate, probes. The module's article tells
/// where it departs.
///
/// ```swift
/// controller.needed = sumOfWantedLayers                          // when wishes change
/// controller.sent(transportSequence: n, bytes: size, at: now)    // per packet
/// controller.receive(feedback, at: now)                          // per feedback
/// for cluster in controller.poll(now: now) { pacer.begin(cluster) }   // per tick of 10...50 ms
/// pacer.target = controller.target
/// ```
public struct CongestionController: ~Copyable, Sendable {
    /// Where estimation begins unless told otherwise.
    public static let defaultStart = Bitrate.megabits(1)
    /// Audio passes at this rate.
    public static let defaultMinimum = Bitrate.kilobits(50)
    /// Jitsi Videobridge stops at 20 Mbit/s too (`GoogleCc2` settings).
    public static let defaultMaximum = Bitrate.megabits(20)
    /// Without feedback for two round trips, but this time at most, the delay's trend is forgotten.
    static let longestTrendGap: Duration = .milliseconds(500)
    /// Without feedback for so long, while packets are on the way, the target shrinks …
    public static let feedbackTimeout: Duration = .milliseconds(1500)
    /// … to this part, and again at this interval (`kTimeoutInterval` and its factor in libwebrtc's
    /// `SendSideBandwidthEstimation`).
    static let timeoutShare = 0.8
    static let timeoutInterval: Duration = .seconds(1)
    /// So long after a decrease the delay still counts as what limits.
    static let delayVerdictTime: Duration = .seconds(1)
    /// A feedback tells a rate when its arrivals span so long.
    static let shortestRateSpan: Duration = .milliseconds(40)
    /// So long after a probe, and a round trip, its measurement counts as acknowledged …
    static let probeTrust: Duration = .milliseconds(750)
    /// … unless packets wait longer than this.
    static let trustedQueue: Duration = .milliseconds(50)
    /// What was carried without a queue is trusted for so long, however little is sent meanwhile.
    static let provenTrust: Duration = .seconds(5)
    /// Packets that arrive so much farther apart than they were sent have queued up more and more.
    static let queueingSpread = 1.15
    /// In so many feedbacks in a row, behind a queue that is certain, that is overuse before the trend says so.
    static let queueingFeedbacks = 2
    /// On a path whose delay wavers a probe lasts longer by so many times the noise, and may be spread by as much.
    static let noiseScale = 3.0
    /// From this part of the capacity seen at overuse on, the link counts as full.
    static let fullShare = 0.85

    /// What one feedback said.
    public struct FeedbackSummary: Hashable, Sendable {
        public var received = 0
        public var lost = 0
        public var receivedBytes = 0
    }

    /// How much may be sent, everything included: headers, retransmissions, padding.
    public private(set) var target: Bitrate
    /// What the link is believed to carry. Above `target` while a queue is drained: what is sent for long fits into this.
    public private(set) var capacity: Bitrate
    /// Why not more.
    public private(set) var state = CongestionState.increasing
    /// How much would be sent if the link carried anything. Probes are made only while it is above zero, and go up to
    /// twice this; so zero (the beginning) means that nobody waits for more.
    public var needed = Bitrate.zero
    /// The latest decision of the estimators, for metrics and logs.
    public var acknowledged: Bitrate? { acknowledgedRate.rate }
    public var delayBasedRate: Bitrate { rateController.rate }
    public var lossBasedLimit: Bitrate? { loss.limit }
    /// Recent loss, 0...1, and how much of it no rate would avoid.
    public private(set) var lossShare = 0.0
    public var inherentLossShare: Double { loss.inherentLoss }
    public var roundTrip: Duration? { log.roundTrip }
    /// How long packets wait in the path's queues.
    public var queueDelay: Duration? { queue.delay }
    public var usage: LinkUsage { trendline.usage }
    /// The latest probe that was measured: when, and what it showed the link to carry.
    public var latestProbe: (rate: Bitrate, at: Instant)? { probed }
    /// Whether a queue or loss says that the link is full; without either it need not be taken to be narrower.
    public var isCongested: Bool { queue.isStanding || loss.isDecreasing || isFeedbackMissing }
    public var isApplicationLimited: Bool { application.limitedSince != nil }
    public var bytesInFlight: Int { log.bytesInFlight }
    public var counters: SentPacketLog.Counters { log.counters }

    private let bounds: ClosedRange<Bitrate>
    private var log = SentPacketLog()
    private var groups = ArrivalGroupAccumulator()
    private var trendline = TrendlineEstimator()
    private var acknowledgedRate = AcknowledgedRateEstimator()
    private var rateController: RateController
    private var loss = LossEstimator()
    private var queue = QueueDelayEstimator()
    private var drain = QueueDrain()
    /// What the latest probe measured.
    private var probed: (rate: Bitrate, at: Instant)?
    /// The most that arrived lately while no queue stood.
    private var proven: (rate: Bitrate, at: Instant)?
    /// At which rate the packets of the latest feedback arrived; nil when they were too few to tell.
    private var latestRate: Bitrate?
    private var previousRate: Bitrate?
    /// In how many feedbacks in a row packets arrived farther apart than they were sent, and than jitter explains.
    private var queueingFeedbacks = 0
    private var application = ApplicationLimitDetector()
    private var probes: ProbeController
    private var probeEstimator = ProbeEstimator()
    /// The end of the application's self-limitation that the acknowledged rate knows of.
    private var knownLimitEnd: Instant?
    private var lastFeedback: Instant?
    private var firstSent: Instant?
    private var lastTimeout: Instant?
    private var isFeedbackMissing = false

    /// - Precondition: `minimum` is not above `maximum`.
    public init(
        start: Bitrate = defaultStart, minimum: Bitrate = defaultMinimum, maximum: Bitrate = defaultMaximum
    ) {
        bounds = minimum...maximum
        rateController = RateController(start: start, bounds: bounds)
        target = rateController.rate
        capacity = rateController.rate
        probes = ProbeController(maximum: maximum)
        application.setTarget(target)
    }

    /// Notes a packet that leaves now, of whatever kind; `bytes` as on the wire, as far as known.
    ///
    /// - Parameter probe: The cluster that the packet was sent for.
    public mutating func sent(transportSequence: UInt16, bytes: Int, at now: Instant, probe: ProbeCluster.ID? = nil) {
        if firstSent == nil { firstSent = now }
        log.sent(transportSequence: transportSequence, bytes: bytes, at: now, probe: probe)
        // A probe is sent for us and not for the application.
        application.sent(bytes: probe == nil ? bytes : 0, at: now)
    }

    /// Takes the receiver's feedback and updates `target` and `state`.
    @discardableResult
    public mutating func receive(_ feedback: TransportFeedback, at now: Instant) -> FeedbackSummary {
        take(log.feedback(feedback, at: now), now: now)
    }

    /// Takes arrivals that another kind of feedback tells, on one time line of the receiver's.
    @discardableResult
    public mutating func receive(
        _ arrivals: [(sequence: SequenceNumber, arrival: Instant?)], at now: Instant
    ) -> FeedbackSummary {
        take(log.feedback(arrivals, at: now), now: now)
    }

    /// Gives the probes to send now, and notices when feedback is missing. Call it every 10...50 ms.
    public mutating func poll(now: Instant) -> [ProbeCluster] {
        application.sent(bytes: 0, at: now)
        checkSilence(now: now)
        updateState(now: now)
        guard !isFeedbackMissing else { return [] }
        let clusters = probes.poll(
            ProbeController.Situation(
                target: estimate, needed: needed, acknowledged: acknowledged,
                isApplicationLimited: isApplicationLimited,
                isOverusing: verdict == .overuse || drain.share != nil,
                isLossDecreasing: loss.isDecreasing,
                isLossLimited: loss.limit.map { $0 <= rateController.rate } ?? false,
                duration: ProbeCluster.duration + probeSlack),
            now: now)
        for cluster in clusters { probeEstimator.expect(cluster) }
        return clusters
    }

    private mutating func take(_ results: [PacketResult], now: Instant) -> FeedbackSummary {
        var summary = FeedbackSummary()
        guard !results.isEmpty else { return summary }
        let arrived = CongestionController.arrived(results)
        summary.received = arrived.count
        summary.lost = results.count - arrived.count
        summary.receivedBytes = arrived.reduce(0) { $0 + $1.bytes }

        forgetTrendAfterGap(now: now)
        lastFeedback = now
        lastTimeout = nil
        isFeedbackMissing = false
        if let roundTrip = log.roundTrip { rateController.roundTrip = roundTrip }
        if application.lastEnd != knownLimitEnd {
            knownLimitEnd = application.lastEnd
            acknowledgedRate.expectFastChange()
        }

        previousRate = latestRate
        latestRate = CongestionController.rate(of: arrived)
        queueingFeedbacks = isSpread(arrived) ? queueingFeedbacks + 1 : 0
        let measured = measure(arrived)
        queue.update(arrived, isDraining: drain.share != nil, now: now)
        loss.update(results, now: now)
        updateProven(now: now)
        let former = estimate
        updateDelayBased(measured, now: now)
        updateTarget()
        if estimate < former { probes.fell(from: former, to: estimate, now: now) }
        updateState(now: now)
        return summary
    }

    /// Feeds the packets to the estimators; gives what probes measured.
    private mutating func measure(_ arrived: [PacketResult]) -> (probe: ProbeCluster, rate: Bitrate)? {
        var measured: (probe: ProbeCluster, rate: Bitrate)?
        for result in arrived {
            guard let arrival = result.arrival else { continue }
            acknowledgedRate.add(bytes: result.bytes, arrival: arrival)
            if let news = probeEstimator.add(result, slack: probeSlack) { measured = news }
            if let variation = groups.add(sent: result.sentAt, arrival: arrival) { trendline.add(variation) }
        }
        return measured
    }

    /// How much longer than it was sent a probe may arrive for the path's jitter alone. Who uses all that the link carries
    /// makes delay waver by its own pictures.
    private var probeSlack: Duration {
        guard queue.isNoisy, isApplicationLimited else { return .zero }
        return min(queue.noise * CongestionController.noiseScale, QueueDelayEstimator.thresholdBounds.upperBound)
    }

    /// Follows what the link has shown to carry. Less sent is no sign of a link that carries less.
    private mutating func updateProven(now: Instant) {
        guard let acknowledged else { return }
        let isOld = proven.map { acknowledged >= $0.rate || now - $0.at > CongestionController.provenTrust } ?? true
        if isOld || !isUnfilled || loss.isDecreasing { proven = (acknowledged, now) }
    }

    /// Whether packets pass without waiting long.
    private var isUnfilled: Bool {
        (queue.standing ?? .zero) < CongestionController.trustedQueue
    }

    private mutating func updateDelayBased(_ measured: (probe: ProbeCluster, rate: Bitrate)?, now: Instant) {
        let lastDecrease = rateController.lastDecrease
        if let measured, verdict != .overuse {
            // A probe may lower the rate, but not below what certainly passes.
            let certain = isUnfilled ? proven?.rate ?? .zero : (acknowledged ?? .zero) * RateController.backoff
            let rate = max(measured.rate, min(rateController.rate, certain))
            probes.measured(measured.rate, now: now)
            if measured.probe.reason == .start || rate > rateController.rate || isApplicationLimited {
                rateController.probed(rate, now: now)
            }
            loss.probed(measured.rate)
            probed = (rate, now)
        } else {
            rateController.update(verdict, acknowledged: carried(now: now), now: now)
        }
        if rateController.lastDecrease != lastDecrease { drain.arm(now: now) }
        if let delay = queue.delay, drain.update(delay: delay, now: now) { queue.rebase() }
    }

    /// The trend's verdict, unless there is no queue that it could speak of: the trend remembers a while, and a rate that
    /// fell for the sake of a queue must not fall again when there is none; and jitter has trends, too.
    private var verdict: LinkUsage {
        @inline(__always) get {
            if isFillingFast { return .overuse }
            guard trendline.usage == .overuse, queue.standing != nil, !queue.isStanding else { return trendline.usage }
            return queue.isNoisy ? .normal : .underuse
        }
    }

    /// A long queue becomes longer: the trend needs 20 groups to say that, which is long while pictures pile up.
    private var isFillingFast: Bool {
        queueingFeedbacks >= CongestionController.queueingFeedbacks
            && (queue.standing ?? .zero) >= QueueDelayEstimator.thresholdBounds.upperBound
    }

    /// What arrives, or what a probe has just measured: media takes a while to follow a success, and until then the
    /// acknowledged rate says what was sent before. With a real queue only what arrives counts.
    @inline(__always)
    private func carried(now: Instant) -> Bitrate? {
        // While a burst fills the queue, what arrives is what the link carries, however little was sent before.
        if verdict == .overuse, let acknowledged, let latestRate {
            // While all packets wait, what arrives is what the link carries, sooner than the smoothed rate tells.
            if !isUnfilled { return (latestRate + (previousRate ?? latestRate)) * 0.5 }
            let arrived = max(acknowledged, latestRate)
            // A short queue after little was sent does not mean that the link carries so little.
            return queueingFeedbacks == 0 ? max(arrived, proven?.rate ?? .zero) : arrived
        }
        guard let probed, now - probed.at <= rateController.roundTrip + CongestionController.probeTrust,
            (queue.delay ?? .zero) < CongestionController.trustedQueue
        else { return acknowledged }
        return max(acknowledged ?? .zero, probed.rate)
    }

    /// What the link is believed to carry, whether or not a queue is being drained.
    private var estimate: Bitrate {
        max(min(rateController.rate, loss.limit ?? rateController.rate), bounds.lowerBound)
    }

    private mutating func updateTarget() {
        var rate = estimate
        if let share = drain.share, let carried = [acknowledged, latestRate].compactMap(\.self).min() {
            rate = min(rate, carried * share)
        }
        target = min(max(rate, bounds.lowerBound), bounds.upperBound)
        capacity = min(estimate, bounds.upperBound)
        lossShare = loss.averageLoss
        application.setTarget(target)
    }

    private mutating func forgetTrendAfterGap(now: Instant) {
        guard let lastFeedback else { return }
        let longest = min(rateController.roundTrip * 2, CongestionController.longestTrendGap)
        if now - lastFeedback > longest { trendline.dropHypothesis() }
    }

    /// Sends less and less while nothing is heard.
    private mutating func checkSilence(now: Instant) {
        guard let firstSent, log.packetsInFlight > 0 else { return }
        let silence = now - (lastFeedback ?? firstSent)
        guard silence >= CongestionController.feedbackTimeout else { return }
        if let lastTimeout, now - lastTimeout < CongestionController.timeoutInterval { return }
        lastTimeout = now
        isFeedbackMissing = true
        let former = estimate
        rateController.limit(to: former * CongestionController.timeoutShare, now: now)
        updateTarget()
        probes.fell(from: former, to: estimate, now: now)
    }

    private mutating func updateState(now: Instant) {
        state =
            if isFeedbackMissing {
                .feedbackMissing
            } else if let limit = loss.limit, limit <= rateController.rate, limit <= target {
                .lossLimited
            } else if isDelayLimited(now: now) {
                .delayLimited
            } else if target >= bounds.upperBound {
                .atMaximum
            } else if isApplicationLimited {
                .applicationLimited
            } else {
                .increasing
            }
    }

    private func isDelayLimited(now: Instant) -> Bool {
        if verdict == .overuse || drain.share != nil { return true }
        if let last = rateController.lastDecrease, now - last < CongestionController.delayVerdictTime { return true }
        guard let capacity = rateController.linkCapacity, rateController.lastDecrease != nil else { return false }
        return target >= capacity * CongestionController.fullShare
    }

    private func isSpread(_ arrived: [PacketResult]) -> Bool {
        // Probes queue up on purpose.
        guard let first = arrived.first, let last = arrived.last, let begin = first.arrival, let end = last.arrival,
            !arrived.contains(where: { $0.probe != nil })
        else { return false }
        let arrivalSpan = end - begin
        guard arrivalSpan >= CongestionController.shortestRateSpan else { return false }
        let sendSpan = last.sentAt - first.sentAt
        return arrivalSpan > sendSpan * CongestionController.queueingSpread + queue.noise * 2
    }

    /// At which rate packets arrived: while a queue is drained, what the link carries, sooner than the smoothed rate.
    private static func rate(of arrived: [PacketResult]) -> Bitrate? {
        guard let end = arrived.last?.arrival else { return nil }
        // The end counts: what filled the queue came last.
        let position = arrived.lastIndex { $0.arrival.map { end - $0 >= shortestRateSpan } ?? false }
        guard let position, let begin = arrived[position].arrival else { return nil }
        return Bitrate(bytes: arrived[(position + 1)...].reduce(0) { $0 + $1.bytes }, over: end - begin)
    }

    /// What arrived, in that order; mostly everything has, in the order in which it was sent, and then nothing is copied.
    private static func arrived(_ results: [PacketResult]) -> [PacketResult] {
        let all = results.allSatisfy { $0.arrival != nil } ? results : results.filter { $0.arrival != nil }
        let isInOrder = zip(all, all.dropFirst()).allSatisfy { !arrivedBefore($1, $0) }
        return isInOrder ? all : all.sorted(by: arrivedBefore)
    }

    private static func arrivedBefore(_ one: PacketResult, _ other: PacketResult) -> Bool {
        guard let first = one.arrival, let second = other.arrival else { return false }
        return first == second ? one.sentAt < other.sentAt : first < second
    }
}
