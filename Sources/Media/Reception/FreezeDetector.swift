public import ProtocolCore

/// Counts freezes of a video as W3C's webrtc-stats defines `freezeCount` and `totalFreezesDuration`: the time between
/// two pictures is a freeze when it is at least three times the average, and at least 150 ms more than the average.
///
/// The average is that of the last 30 pictures shown.
public struct FreezeDetector: Hashable, Sendable {
    /// How many intervals the average is of.
    public static let averagedFrames = 30
    /// How much longer than the average a freeze is at least.
    public static let minimumExcess: Duration = .milliseconds(150)

    public private(set) var freezeCount = 0
    public private(set) var totalFreezesDuration: Duration = .zero

    private var intervals: [Duration] = []
    private var oldest = 0
    private var sum: Duration = .zero
    private var last: Instant?

    public init() {}

    /// Notes that a picture was shown, or given out to be shown.
    public mutating func noteFrame(at now: Instant) {
        defer { last = now }
        guard let last else { return }
        let interval = max(.zero, now - last)
        if !intervals.isEmpty {
            let average = sum / intervals.count
            if interval >= max(average * 3, average + FreezeDetector.minimumExcess) {
                freezeCount += 1
                totalFreezesDuration += interval
            }
        }
        sum += interval
        if intervals.count < FreezeDetector.averagedFrames {
            intervals.append(interval)
        } else {
            sum -= intervals[oldest]
            intervals[oldest] = interval
            oldest = (oldest + 1) % FreezeDetector.averagedFrames
        }
    }

    /// Begins anew after a pause that was meant, such as a camera that was off; the counters stay.
    public mutating func pause() {
        last = nil
    }
}
