internal import ProtocolCore

/// Chooses a delay that lets most packets arrive in time, from how much later than the fastest ones they come.
///
/// The method and its constants are those of NetEQ in libwebrtc (`UnderrunOptimizer`, `Histogram`): of each half second
/// the largest delay goes into a histogram with a forgetting factor, and the target is the 95th percentile.
struct DelayHistogram {
    static let bucketWidth: Duration = .milliseconds(20)
    static let quantile: Float = 0.95
    static let forgetting: Float = 0.983
    /// The first delays weigh more, so that a bad start is forgotten soon.
    static let startForgetting: Float = 2
    static let interval: Duration = .milliseconds(500)
    static let minimum: Duration = .milliseconds(20)
    static let maximum: Duration = .milliseconds(500)
    /// The target before anything is known.
    static let initial: Duration = .milliseconds(60)

    private static let bucketCount = 26

    private var weights = InlineArray<26, Float>(repeating: 0)
    private var added = 0
    private var intervalStart: Instant?
    private var largest: Duration = .zero
    /// What to aim for, `minimum` ... `maximum`.
    private(set) var target = DelayHistogram.initial

    /// Notes how much later than the fastest packets one came.
    mutating func record(_ delay: Duration, at arrival: Instant) {
        let start = intervalStart ?? arrival
        intervalStart = start
        largest = max(largest, delay)
        guard arrival - start >= DelayHistogram.interval else { return }
        add(bucket: Int(largest / DelayHistogram.bucketWidth))
        intervalStart = arrival
        largest = .zero
    }

    private mutating func add(bucket: Int) {
        added = min(added + 1, 1_000_000)
        let keep = max(0, min(DelayHistogram.forgetting, 1 - DelayHistogram.startForgetting / Float(added + 1)))
        var sum: Float = 0
        for index in weights.indices {
            weights[index] *= keep
            sum += weights[index]
        }
        // What is missing to one belongs to the newest, which also mends rounding errors.
        weights[min(max(0, bucket), DelayHistogram.bucketCount - 1)] += 1 - sum
        var cumulated: Float = 0
        var chosen = DelayHistogram.bucketCount - 1
        for index in weights.indices {
            cumulated += weights[index]
            if cumulated >= DelayHistogram.quantile {
                chosen = index
                break
            }
        }
        let upperEdge = DelayHistogram.bucketWidth * (chosen + 1)
        target = min(max(upperEdge, DelayHistogram.minimum), DelayHistogram.maximum)
    }
}

/// The smallest transit time of the last two seconds: how the fastest packets travel.
///
/// Sender's and receiver's clocks have no common origin, so only differences of transit times mean something.
struct TransitMinimum {
    static let window: Duration = .seconds(2)
    private static let capacity = 128

    /// Older ones first, with rising transit times: a smaller one makes those before it meaningless.
    private var entries: [(arrival: Instant, transit: Duration)] = []

    var value: Duration? {
        entries.first?.transit
    }

    mutating func record(_ transit: Duration, at arrival: Instant) {
        while let last = entries.last, last.transit >= transit { entries.removeLast() }
        entries.append((arrival, transit))
        while let first = entries.first,
            arrival - first.arrival > TransitMinimum.window || entries.count > Self.capacity
        {
            entries.removeFirst()
        }
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
    }
}
