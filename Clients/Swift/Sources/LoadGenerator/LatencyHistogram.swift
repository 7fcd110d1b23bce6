internal import ProtocolCore

/// Durations counted in buckets that are at most 1/64 of their value wide, from 0 to 134 s.
///
/// Thousands of sessions each have one, and their sum is what one of them all would have counted.
public struct LatencyHistogram: Hashable, Sendable {
    /// Buckets of one power of two.
    private static let halfCount = 64
    private static let largestExponent = 26
    private static let bucketCount = (largestExponent - 5) * halfCount + halfCount

    private var buckets: [UInt32] = []
    public private(set) var count = 0
    /// In microseconds.
    private var largest = 0

    public init() {}

    /// Counts a duration; one below zero counts as zero.
    public mutating func record(_ duration: Duration) {
        let microseconds = Int(clamping: max(0, duration.nanoseconds / 1000))
        if buckets.isEmpty { buckets = Array(repeating: 0, count: Self.bucketCount) }
        buckets[Self.index(of: microseconds)] &+= 1
        count += 1
        largest = max(largest, microseconds)
    }

    public mutating func add(_ other: LatencyHistogram) {
        guard !other.buckets.isEmpty else { return }
        if buckets.isEmpty { buckets = Array(repeating: 0, count: Self.bucketCount) }
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        count += other.count
        largest = max(largest, other.largest)
    }

    public mutating func removeAll() {
        self = LatencyHistogram()
    }

    /// The duration that so large a share of all does not exceed (nearest rank), rounded up by at most 1/64; nil without
    /// any.
    ///
    /// - Parameter share: 0...1.
    public func quantile(_ share: Double) -> Duration? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((min(max(share, 0), 1) * Double(count)).rounded(.up)))
        var seen = 0
        for (index, number) in buckets.enumerated() {
            seen += Int(number)
            if seen >= rank { return .microseconds(min(Self.upperBound(of: index), largest)) }
        }
        return .microseconds(largest)
    }

    public var maximum: Duration? { count > 0 ? .microseconds(largest) : nil }

    /// Below 128 µs each microsecond has its own bucket; above, each power of two has 64.
    private static func index(of microseconds: Int) -> Int {
        guard microseconds >= 2 * halfCount else { return microseconds }
        let exponent = Int.bitWidth - 1 - microseconds.leadingZeroBitCount
        guard exponent <= largestExponent else { return bucketCount - 1 }
        let shift = exponent - 6
        return shift * halfCount + microseconds >> shift
    }

    private static func upperBound(of index: Int) -> Int {
        guard index >= 2 * halfCount else { return index }
        let shift = index / halfCount - 1
        let mantissa = index - shift * halfCount
        return (mantissa + 1) << shift - 1
    }
}
