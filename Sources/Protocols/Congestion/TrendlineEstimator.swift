internal import ProtocolCore

/// What the delay says of the link.
public enum LinkUsage: Hashable, Sendable {
    /// Queues shrink.
    case underuse
    case normal
    /// Queues grow: more is sent than the link carries.
    case overuse
}

/// Fits a line through the recent delay and compares its slope with a threshold that adapts to the path's jitter.
///
/// After `TrendlineEstimator` of libwebrtc and "Analysis and Design of the Google Congestion Control for WebRTC"
/// (Carlucci et al. 2016), whose constants it keeps.
public struct TrendlineEstimator: Sendable {
    /// The samples that the line goes through (`kDefaultTrendlineWindowSize`).
    public static let windowSize = 20
    /// The weight of the past in the smoothed delay (`kDefaultTrendlineSmoothingCoeff`).
    public static let smoothing = 0.9
    /// The slope is multiplied by this and by the number of samples, `mostSamples` at most
    /// (`kDefaultTrendlineThresholdGain`, `kMinNumDeltas`).
    public static let gain = 4.0
    public static let mostSamples = 60
    /// The threshold in the beginning, and its bounds.
    public static let initialThreshold: Duration = .microseconds(12_500)
    public static let thresholdBounds: ClosedRange<Duration> = .milliseconds(6)...(.milliseconds(600))
    /// How fast the threshold follows a trend above it, and one below it, per millisecond (`k_up_`, `k_down_`).
    public static let increaseRate = 0.0087
    public static let decreaseRate = 0.039
    /// A trend so far above the threshold is no jitter to adapt to (`kMaxAdaptOffsetMs`).
    public static let adaptationLimit: Duration = .milliseconds(15)
    /// The longest time that one adaptation accounts for.
    static let longestAdaptation: Duration = .milliseconds(100)
    /// A trend must stay above the threshold longer than this (`kOverUsingTimeThreshold`).
    public static let overuseTime: Duration = .milliseconds(10)

    /// What the last samples say.
    public private(set) var usage = LinkUsage.normal
    /// The slope of the delay: the part of each second by which packets arrive later. About 1 - capacity / rate.
    public private(set) var trend = 0.0
    /// What the modified trend is compared with.
    public var threshold: Duration {
        .nanoseconds(Int64(thresholdMilliseconds * 1e6))
    }

    private var thresholdMilliseconds = TrendlineEstimator.initialThreshold.milliseconds
    private var times = InlineArray<20, Double>(repeating: 0)
    private var delays = InlineArray<20, Double>(repeating: 0)
    private var samples = 0
    private var origin: Instant?
    private var accumulatedDelay = 0.0
    private var smoothedDelay = 0.0
    private var previousTrend = 0.0
    /// How long the trend has been above the threshold, in milliseconds, and for how many samples.
    private var overuseMilliseconds: Double?
    private var overuseSamples = 0
    private var lastAdaptation: Instant?

    public init() {}

    /// Takes the variation between two groups and updates `usage`.
    public mutating func add(_ variation: DelayVariation) {
        let start = origin ?? variation.arrival
        origin = start
        accumulatedDelay += (variation.arrivalDelta - variation.sendDelta).milliseconds
        smoothedDelay =
            TrendlineEstimator.smoothing * smoothedDelay + (1 - TrendlineEstimator.smoothing) * accumulatedDelay
        let position = samples % TrendlineEstimator.windowSize
        times[position] = (variation.arrival - start).milliseconds
        delays[position] = smoothedDelay
        samples += 1
        if samples >= TrendlineEstimator.windowSize, let slope = slope() { trend = slope }
        judge(sendDelta: variation.sendDelta.milliseconds)
        adaptThreshold(at: variation.arrival)
        previousTrend = trend
    }

    /// Forgets that the delay grew, because nothing was heard for long.
    public mutating func dropHypothesis() {
        usage = .normal
        overuseMilliseconds = nil
        overuseSamples = 0
    }

    private var modifiedTrend: Double {
        Double(min(samples, TrendlineEstimator.mostSamples)) * trend * TrendlineEstimator.gain
    }

    /// The slope of the line of least squares; nil when all samples fall on one instant.
    @inline(__always)
    private mutating func slope() -> Double? {
        let count = Double(TrendlineEstimator.windowSize)
        var timeSum = 0.0
        var delaySum = 0.0
        for index in 0..<TrendlineEstimator.windowSize {
            timeSum += times[index]
            delaySum += delays[index]
        }
        let meanTime = timeSum / count
        let meanDelay = delaySum / count
        var covariance = 0.0
        var variance = 0.0
        for index in 0..<TrendlineEstimator.windowSize {
            let distance = times[index] - meanTime
            covariance += distance * (delays[index] - meanDelay)
            variance += distance * distance
        }
        return variance > 0 ? covariance / variance : nil
    }

    private mutating func judge(sendDelta: Double) {
        guard samples >= 2 else { return }
        let modified = modifiedTrend
        if modified > thresholdMilliseconds {
            // The trend crossed the threshold somewhere within the first interval: count half of it.
            let overTime = overuseMilliseconds.map { $0 + sendDelta } ?? sendDelta / 2
            overuseMilliseconds = overTime
            overuseSamples += 1
            let isLong = overTime > TrendlineEstimator.overuseTime.milliseconds && overuseSamples > 1
            if isLong, trend >= previousTrend {
                overuseMilliseconds = 0
                overuseSamples = 0
                usage = .overuse
            }
        } else {
            overuseMilliseconds = nil
            overuseSamples = 0
            usage = modified < -thresholdMilliseconds ? .underuse : .normal
        }
    }

    private mutating func adaptThreshold(at now: Instant) {
        defer { lastAdaptation = now }
        let distance = abs(modifiedTrend) - thresholdMilliseconds
        guard distance <= TrendlineEstimator.adaptationLimit.milliseconds else { return }
        let rate = distance < 0 ? TrendlineEstimator.decreaseRate : TrendlineEstimator.increaseRate
        let elapsed = min(now - (lastAdaptation ?? now), TrendlineEstimator.longestAdaptation).milliseconds
        thresholdMilliseconds += rate * distance * elapsed
        let bounds = TrendlineEstimator.thresholdBounds
        thresholdMilliseconds = min(
            max(thresholdMilliseconds, bounds.lowerBound.milliseconds), bounds.upperBound.milliseconds)
    }
}
