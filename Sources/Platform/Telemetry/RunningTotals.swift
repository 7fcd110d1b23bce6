public import CoreMetrics
import Synchronization

/// Exports totals that somebody else keeps, such as a thread that may not measure, as counters.
///
/// Hand in the whole total each time; the counter grows by what was added since the last time.
///
/// ```swift
/// let totals = RunningTotals()
/// totals.record(packets, "switchboard_media_received_packets", [("worker", "0")])
/// ```
public final class RunningTotals: Sendable {
    private struct Series: Hashable {
        let label: String
        let dimensions: [String]
    }

    private let factory: (any MetricsFactory)?
    private let last = Mutex<[Series: UInt64]>([:])

    /// - Parameter factory: where the counters are made; nil: the factory of the process.
    public init(factory: (any MetricsFactory)? = nil) {
        self.factory = factory
    }

    /// Brings a counter to a total. A total that is smaller than before has begun anew, and counts from zero.
    ///
    /// - Parameters:
    ///   - label: the counter's name; the registry adds `_total`.
    ///   - dimensions: its labels; they may take few values.
    public func record(_ total: UInt64, _ label: String, _ dimensions: [(String, String)] = []) {
        let series = Series(label: label, dimensions: dimensions.flatMap { [$0.0, $0.1] })
        let previous = last.withLock { last in
            defer { last[series] = total }
            return last[series] ?? 0
        }
        let growth = total >= previous ? total - previous : total
        // At zero too, so that the series is there before anything has happened.
        let factory = self.factory ?? MetricsSystem.factory
        Counter(label: label, dimensions: dimensions, factory: factory).increment(by: Int64(clamping: growth))
    }

    /// As ``record(_:_:_:)``, for totals kept in a signed integer; negative ones count as zero.
    public func record(_ total: Int, _ label: String, _ dimensions: [(String, String)] = []) {
        record(UInt64(clamping: total), label, dimensions)
    }
}
