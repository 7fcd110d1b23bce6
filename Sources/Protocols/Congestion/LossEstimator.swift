public import ProtocolCore

/// Limits the rate by loss, but only by that part of it which sending less would avoid.
///
/// The model is that of libwebrtc's `LossBasedBweV2`: a link loses a constant part of all packets whatever we send (its
/// inherent loss), and beyond its capacity the excess. So with rate r, capacity c and inherent loss h,
///
///     loss(r) = h + (1 - h) max(0, 1 - c / r).
///
/// Where libwebrtc maximises a likelihood by Newton's method, this fits h for a few candidate capacities by weighted
/// least squares (the loss is linear in h) and takes a capacity for the cause only if that explains the observations
/// significantly better than inherent loss alone. A radio link that loses 10 % at every rate therefore keeps its rate;
/// a policer, whose loss rises with the rate, does not. Departures, beside the fit: `mostInherentLoss` is 20 % at any
/// rate (libwebrtc allows about 5 % and 75 kbit/s), because the delay guards queueing links anyhow.
public struct LossEstimator: Sendable {
    /// An observation takes at least so long (`observation_duration_lower_bound`) and so many packets.
    public static let observationTime: Duration = .milliseconds(250)
    public static let observationPackets = 20
    /// The observations that count (`observation_window_size`).
    public static let windowSize = 20
    /// The weight of an observation relative to the one after it (`temporal_weight_factor`).
    static let aging = 0.9
    /// Loss above this is taken for congestion, whatever the rate.
    public static let mostInherentLoss = 0.2
    /// By how much a capacity must explain the observations better than none. The chi-squared distribution with one
    /// degree of freedom exceeds this in 0.03 % of cases by chance; many capacities are tried, so that much is needed.
    static let significance = 13.0
    /// No verdict with fewer observations.
    static let fewestObservations = 3
    /// Loss below this is never worth a limit (the 2 % of draft-ietf-rmcat-gcc-02 §6).
    static let negligibleLoss = 0.02
    /// After a new limit it stays so long, doubled each time it proves right, to the bound (`hold_duration_factor`).
    public static let holdBounds: ClosedRange<Duration> = .milliseconds(300)...(.seconds(60))
    /// By how much a limit rises in a second when loss no longer speaks for it.
    static let growth = 0.08
    /// A limit so far above the rate that is sent does not matter any more.
    static let irrelevance = 1.5

    private struct Observation {
        var rate: Double
        var packets: Double
        var lost: Double

        var loss: Double { packets > 0 ? lost / packets : 0 }
    }

    /// The rate that loss allows; nil when loss does not limit.
    public private(set) var limit: Bitrate?
    /// The loss that would remain at any rate, 0...1, by the latest fit.
    public private(set) var inherentLoss = 0.0
    /// The mean loss over the window, 0...1, the latest weighing most.
    public private(set) var averageLoss = 0.0
    /// The limit fell with the latest observation.
    public private(set) var isDecreasing = false

    private var observations: [Observation] = []
    private var pending = Observation(rate: 0, packets: 0, lost: 0)
    private var pendingBytes = 0
    private var pendingStart: Instant?
    private var pendingEnd: Instant?
    private var hold = LossEstimator.holdBounds.lowerBound
    private var holdUntil: Instant?
    private var lastUpdate: Instant?

    public init() {}

    /// Takes the news of one feedback; may change `limit`.
    public mutating func update(_ results: [PacketResult], now: Instant) {
        for result in results { add(result) }
        guard let pendingStart, let pendingEnd else { return }
        let span = pendingEnd - pendingStart
        guard span >= LossEstimator.observationTime,
            pending.packets >= Double(LossEstimator.observationPackets)
        else { return }
        pending.rate = Double(pendingBytes) * 8 / span.inSeconds
        observations.append(pending)
        if observations.count > LossEstimator.windowSize { observations.removeFirst() }
        pending = Observation(rate: 0, packets: 0, lost: 0)
        pendingBytes = 0
        self.pendingStart = pendingEnd
        judge(now: now)
    }

    /// A probe has shown that the link carries more than the limit.
    public mutating func probed(_ measured: Bitrate) {
        guard let limit, measured > limit else { return }
        self.limit = measured
        observations.removeAll(keepingCapacity: true)
    }

    private mutating func add(_ result: PacketResult) {
        if result.wasReportedLost {
            pending.lost = max(0, pending.lost - 1)
            return
        }
        // Probes exceed the rate on purpose; their loss says nothing of the rate.
        guard result.probe == nil else { return }
        if pendingStart == nil { pendingStart = result.sentAt }
        pendingEnd = max(pendingEnd ?? result.sentAt, result.sentAt)
        pending.packets += 1
        if result.arrival == nil { pending.lost += 1 }
        pendingBytes += result.bytes
    }

    private mutating func judge(now: Instant) {
        defer { lastUpdate = now }
        isDecreasing = false
        let none = fit(capacity: .infinity)
        averageLoss = weightedLoss
        inherentLoss = none.inherentLoss
        guard observations.count >= LossEstimator.fewestObservations, averageLoss > LossEstimator.negligibleLoss,
            let latest = observations.last
        else {
            grow(now: now)
            return
        }
        var best = none
        for candidate in candidates {
            let fitted = fit(capacity: candidate)
            if fitted.cost < best.cost { best = fitted }
        }
        if best.capacity.isFinite, isSignificant(best, over: none) {
            inherentLoss = best.inherentLoss
            if latest.rate > best.capacity { restrict(to: Bitrate(best.capacity), now: now) } else { grow(now: now) }
        } else if averageLoss > LossEstimator.mostInherentLoss, latest.loss > LossEstimator.mostInherentLoss {
            // More than any link loses by itself: stay at what arrives, and the loss that is granted.
            let carried = latest.rate * (1 - averageLoss) / (1 - LossEstimator.mostInherentLoss)
            restrict(to: Bitrate(carried), now: now)
        } else {
            grow(now: now)
        }
    }

    /// Capacities worth a fit: what arrived in each observation, without and with the inherent loss added.
    private var candidates: [Double] {
        observations.flatMap { observation in
            let arrived = observation.rate * (1 - observation.loss)
            return [arrived, arrived / (1 - min(inherentLoss, LossEstimator.mostInherentLoss) / 2)]
        }
    }

    private struct Fit {
        var capacity: Double
        var inherentLoss: Double
        /// Squared residuals of the loss, each weighted by age and number of packets.
        var cost: Double
    }

    private func fit(capacity: Double) -> Fit {
        var product = 0.0
        var square = 0.0
        forEachWeighted { observation, weight in
            let excess = LossEstimator.excess(observation.rate, over: capacity)
            product += weight * (observation.loss - excess) * (1 - excess)
            square += weight * (1 - excess) * (1 - excess)
        }
        let inherent = min(max(square > 0 ? product / square : 0, 0), LossEstimator.mostInherentLoss)
        var cost = 0.0
        forEachWeighted { observation, weight in
            let excess = LossEstimator.excess(observation.rate, over: capacity)
            let residual = observation.loss - inherent - (1 - inherent) * excess
            cost += weight * residual * residual
        }
        return Fit(capacity: capacity, inherentLoss: inherent, cost: cost)
    }

    /// The improvement must stand out both from the scatter of independent losses and from the scatter that is left,
    /// which is larger when losses come in bursts.
    private func isSignificant(_ fitted: Fit, over none: Fit) -> Bool {
        let binomial = max(averageLoss * (1 - averageLoss), 0.01)
        let remaining = fitted.cost / Double(max(observations.count - 2, 1))
        return none.cost - fitted.cost > LossEstimator.significance * max(binomial, remaining)
    }

    private var weightedLoss: Double {
        var lost = 0.0
        var packets = 0.0
        var age = 1.0
        for observation in observations.reversed() {
            lost += age * observation.lost
            packets += age * observation.packets
            age *= LossEstimator.aging
        }
        return packets > 0 ? lost / packets : 0
    }

    private func forEachWeighted(_ body: (Observation, Double) -> Void) {
        var age = 1.0
        for observation in observations.reversed() {
            body(observation, age * observation.packets)
            age *= LossEstimator.aging
        }
    }

    private static func excess(_ rate: Double, over capacity: Double) -> Double {
        rate > capacity ? 1 - capacity / rate : 0
    }

    private mutating func restrict(to wanted: Bitrate, now: Instant) {
        if let limit, wanted >= limit {
            // The same link is full again: wait longer before the next attempt.
            if holdUntil.map({ now >= $0 }) ?? true {
                hold = min(hold * 2, LossEstimator.holdBounds.upperBound)
                holdUntil = now + hold
            }
            return
        }
        isDecreasing = true
        limit = wanted
        holdUntil = now + hold
    }

    private mutating func grow(now: Instant) {
        guard let limit else { return }
        if let holdUntil, now < holdUntil { return }
        let elapsed = (now - (lastUpdate ?? now)).clamped(to: .zero...(.seconds(1))).inSeconds
        let grown = limit * (1 + LossEstimator.growth * elapsed)
        let sent = observations.last?.rate ?? 0
        if averageLoss <= LossEstimator.negligibleLoss, grown.value > sent * LossEstimator.irrelevance {
            self.limit = nil
            hold = LossEstimator.holdBounds.lowerBound
        } else {
            self.limit = grown
        }
    }
}
