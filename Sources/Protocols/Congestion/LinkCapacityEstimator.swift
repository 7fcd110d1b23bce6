/// What the link carried when its queues last grew: mean and spread.
///
/// After `LinkCapacityEstimator` of libwebrtc.
public struct LinkCapacityEstimator: Sendable {
    /// The weight of a rate seen at overuse, and of one measured by a probe.
    static let overuseWeight = 0.05
    static let probeWeight = 0.5
    /// Bounds of the spread, which is normalised by the mean (in kbit/s).
    static let spreadBounds = 0.4...2.5
    /// How many deviations from the mean still count as the same link.
    static let deviations = 3.0

    /// In kbit/s.
    private var mean: Double?
    private var spread = LinkCapacityEstimator.spreadBounds.lowerBound

    public init() {}

    /// Nil when nothing is known.
    public var capacity: Bitrate? {
        mean.map { Bitrate($0 * 1000) }
    }

    /// Above this, the link has become another.
    public var upperBound: Bitrate? {
        mean.map { Bitrate(($0 + deviation($0)) * 1000) }
    }

    /// Below this, the link has become another.
    public var lowerBound: Bitrate? {
        mean.map { Bitrate(max(0, $0 - deviation($0)) * 1000) }
    }

    public mutating func overused(at rate: Bitrate) {
        update(rate, weight: LinkCapacityEstimator.overuseWeight)
    }

    public mutating func probed(_ rate: Bitrate) {
        update(rate, weight: LinkCapacityEstimator.probeWeight)
    }

    public mutating func reset() {
        mean = nil
    }

    private func deviation(_ mean: Double) -> Double {
        LinkCapacityEstimator.deviations * (spread * mean).squareRoot()
    }

    private mutating func update(_ rate: Bitrate, weight: Double) {
        let sample = rate.value / 1000
        let updated = mean.map { (1 - weight) * $0 + weight * sample } ?? sample
        let error = updated - sample
        spread = (1 - weight) * spread + weight * error * error / max(updated, 1)
        let bounds = LinkCapacityEstimator.spreadBounds
        spread = min(max(spread, bounds.lowerBound), bounds.upperBound)
        mean = updated
    }
}
