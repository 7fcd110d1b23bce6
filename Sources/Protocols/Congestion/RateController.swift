public import ProtocolCore

/// Turns the delay's verdict into a rate: additive or multiplicative increase, multiplicative decrease.
///
/// After `AimdRateControl` of libwebrtc and draft-ietf-rmcat-gcc-02 §5.5.
public struct RateController: Sendable {
    /// What remains of the acknowledged rate after overuse (`kDefaultBackoffFactor`; "beta" of the draft).
    public static let backoff = 0.85
    /// By how much the rate grows in a second while the capacity is unknown: 8 %.
    public static let growth = 0.08
    /// The rate grows to this multiple of the acknowledged one at most, and a little, so that it can leave zero
    /// (`ClampBitrate`).
    public static let headroom = 1.5
    static let headroomOffset = Bitrate.kilobits(10)
    /// Growth near the capacity: one packet per response time, which is the round trip and this, twice over
    /// (`GetNearMaxIncreaseRateBpsPerSecond`) …
    static let responseOffset: Duration = .milliseconds(100)
    static let responseFactor = 2.0
    /// … for frames at this rate, split into packets of this many bytes, …
    static let framesPerSecond = 30.0
    static let packetBytes = 1200.0
    /// … and never slower than this per second.
    static let slowestGrowth = Bitrate.kilobits(4)
    /// The rate falls again after a round trip at the earliest, within these bounds (`TimeToReduceFurther`), …
    static let reductionIntervalBounds: ClosedRange<Duration> = .milliseconds(10)...(.milliseconds(200))
    /// … or at once when less than this part of it is acknowledged.
    static let collapse = 0.5
    /// The longest time that one increase accounts for.
    static let longestIncrease: Duration = .seconds(1)
    /// What is assumed before the first round trip was measured (`kDefaultRtt`).
    static let assumedRoundTrip: Duration = .milliseconds(200)

    private enum Phase {
        case hold
        case increase
    }

    public private(set) var rate: Bitrate
    /// Where the link was full when its queues last grew; nil when that is unknown or over.
    public var linkCapacity: Bitrate? { capacity.capacity }
    /// When the rate last fell.
    public private(set) var lastDecrease: Instant?
    public var roundTrip: Duration = RateController.assumedRoundTrip

    private let bounds: ClosedRange<Bitrate>
    private var capacity = LinkCapacityEstimator()
    private var phase = Phase.hold
    private var lastChange: Instant?

    public init(start: Bitrate, bounds: ClosedRange<Bitrate>) {
        self.bounds = bounds
        rate = min(max(start, bounds.lowerBound), bounds.upperBound)
    }

    /// Takes the delay's verdict after a feedback.
    public mutating func update(_ usage: LinkUsage, acknowledged: Bitrate?, now: Instant) {
        switch usage {
        case .overuse:
            guard let acknowledged else {
                reduceBlindly(now: now)
                return
            }
            if mayReduce(to: acknowledged, now: now) { decrease(acknowledged, now: now) }
        case .underuse:
            // Queues empty; let them, before more is added.
            phase = .hold
        case .normal:
            if phase == .hold {
                phase = .increase
                lastChange = now
            }
            increase(acknowledged, now: now)
        }
    }

    /// Takes what a probe has measured.
    public mutating func probed(_ measured: Bitrate, now: Instant) {
        set(measured)
        capacity.probed(measured)
        lastChange = now
    }

    /// Lowers the rate to what is known for another reason, for example because no feedback comes.
    public mutating func limit(to limit: Bitrate, now: Instant) {
        guard limit < rate else { return }
        set(limit)
        lastChange = now
    }

    private func mayReduce(to acknowledged: Bitrate, now: Instant) -> Bool {
        guard let lastChange, lastDecrease != nil else { return true }
        if now - lastChange >= roundTrip.clamped(to: RateController.reductionIntervalBounds) { return true }
        return acknowledged < rate * RateController.collapse
    }

    private mutating func decrease(_ acknowledged: Bitrate, now: Instant) {
        var reduced = acknowledged * RateController.backoff
        // The acknowledged rate runs ahead when queues empty; then the capacity known before serves.
        if reduced > rate, let capacity = capacity.capacity { reduced = capacity * RateController.backoff }
        if let lower = capacity.lowerBound, acknowledged < lower { capacity.reset() }
        capacity.overused(at: acknowledged)
        if reduced < rate { set(reduced) }
        phase = .hold
        lastChange = now
        lastDecrease = now
    }

    /// Overuse before anything was acknowledged: halve, once per round trip.
    private mutating func reduceBlindly(now: Instant) {
        let interval = roundTrip.clamped(to: RateController.reductionIntervalBounds)
        if let lastDecrease, now - lastDecrease < interval { return }
        set(rate * RateController.collapse)
        phase = .hold
        lastChange = now
        lastDecrease = now
    }

    private mutating func increase(_ acknowledged: Bitrate?, now: Instant) {
        defer { lastChange = now }
        if let acknowledged, let upper = capacity.upperBound, acknowledged > upper { capacity.reset() }
        let elapsed = min(now - (lastChange ?? now), RateController.longestIncrease).inSeconds
        let grown =
            if capacity.capacity != nil {
                rate + additiveGrowth * elapsed
            } else {
                rate * RateController.growthFactor(seconds: elapsed)
            }
        guard let acknowledged else { return }
        let limit = acknowledged * RateController.headroom + RateController.headroomOffset
        if rate < limit { set(min(grown, limit)) }
    }

    /// The growth per second near the capacity.
    var additiveGrowth: Bitrate {
        let frame = rate.value / 8 / RateController.framesPerSecond
        let packets = max(1, (frame / RateController.packetBytes).rounded(.up))
        let response = (roundTrip + RateController.responseOffset).inSeconds * RateController.responseFactor
        return max(Bitrate(frame / packets * 8 / max(response, 0.001)), RateController.slowestGrowth)
    }

    /// 1.08 to the power of `seconds`, by the first terms of its series: exact to 0.01 % within a second.
    static func growthFactor(seconds: Double) -> Double {
        let logarithm = 0.076_961_041_136_128_4
        let exponent = logarithm * seconds
        return 1 + exponent * (1 + exponent / 2 * (1 + exponent / 3))
    }

    private mutating func set(_ wanted: Bitrate) {
        rate = min(max(wanted, bounds.lowerBound), bounds.upperBound)
    }
}
