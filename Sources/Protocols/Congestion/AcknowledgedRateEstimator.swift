public import ProtocolCore

/// How much arrives at the receiver per second, smoothed by how far each sample is off.
///
/// After `BitrateEstimator` of libwebrtc: each window gives a sample, whose uncertainty is its distance from the present
/// estimate, and the two are weighed as a Kalman filter does.
public struct AcknowledgedRateEstimator: Sendable {
    /// The first window is longer, so that the estimate does not begin with a burst (`initial_window_ms`).
    public static let firstWindow: Duration = .milliseconds(500)
    public static let window: Duration = .milliseconds(150)
    /// How uncertain a sample is per relative distance from the estimate (`uncertainty_scale`).
    static let uncertaintyScale = 10.0
    /// Windows with fewer bytes say little…
    public static let smallSample = 2000
    /// … so they count as twice as uncertain.
    static let smallSampleScale = 20.0
    /// What is added to the estimate's variance per window (in kbit/s squared), so that it never becomes certain.
    static let processVariance = 5.0
    static let initialVariance = 50.0
    /// Added to the variance when the application changes its rate at will.
    static let fastChangeVariance = 200.0
    /// Never less, so that silence does not end in nothing.
    public static let floor = Bitrate.kilobits(40)

    /// Nil until the first window is over.
    public var rate: Bitrate? {
        estimate.map { Bitrate($0 * 1000) }
    }

    /// In kbit/s.
    private var estimate: Double?
    private var variance = AcknowledgedRateEstimator.initialVariance
    private var sum = 0
    private var windowElapsed: Duration = .zero
    private var previous: Instant?

    public init() {}

    /// Takes one packet that arrived, on the receiver's time line; packets come in the order of their arrival.
    public mutating func add(bytes: Int, arrival: Instant) {
        let window = estimate == nil ? AcknowledgedRateEstimator.firstWindow : AcknowledgedRateEstimator.window
        if let previous, arrival >= previous {
            let gap = arrival - previous
            windowElapsed += gap
            if gap > window {
                // Nothing for longer than a window: what came before belongs to another time.
                sum = 0
                windowElapsed = .zero
            }
        } else if previous != nil {
            sum = 0
            windowElapsed = .zero
        }
        previous = arrival
        if windowElapsed >= window {
            update(
                kilobits: Double(sum) * 8 / window.milliseconds, isSmall: sum < AcknowledgedRateEstimator.smallSample)
            windowElapsed -= window
            sum = 0
        }
        sum += bytes
    }

    /// Trusts the next samples more, because the application has begun to send at another rate.
    public mutating func expectFastChange() {
        variance += AcknowledgedRateEstimator.fastChangeVariance
    }

    private mutating func update(kilobits sample: Double, isSmall: Bool) {
        guard let estimate else {
            estimate = max(sample, AcknowledgedRateEstimator.floor.value / 1000)
            return
        }
        let scale =
            isSmall && sample < estimate
            ? AcknowledgedRateEstimator.smallSampleScale : AcknowledgedRateEstimator.uncertaintyScale
        let uncertainty = scale * abs(estimate - sample) / max(estimate, 1)
        let sampleVariance = uncertainty * uncertainty
        let predicted = variance + AcknowledgedRateEstimator.processVariance
        let mixed = (sampleVariance * estimate + predicted * sample) / (sampleVariance + predicted)
        self.estimate = max(mixed, AcknowledgedRateEstimator.floor.value / 1000)
        variance = sampleVariance * predicted / (sampleVariance + predicted)
    }
}
