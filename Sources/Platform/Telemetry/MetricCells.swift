import CoreMetrics
import Synchronization

/// A number that only grows.
final class CounterCell: CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<Int64>(0)
    private let fraction = Mutex<Double>(0)

    func increment(by amount: Int64) { whole.add(amount, ordering: .relaxed) }
    func increment(by amount: Double) { fraction.withLock { $0 += amount } }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.withLock { $0 = 0 }
    }

    var value: Double { Double(whole.load(ordering: .relaxed)) + fraction.withLock { $0 } }
}

/// A number that goes up and down; the last one written counts.
final class GaugeCell: MeterHandler, RecorderHandler {
    private let current = Mutex<Double>(0)

    func set(_ value: Int64) { current.withLock { $0 = Double(value) } }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    var value: Double { current.withLock { $0 } }
}

/// Values counted by size.
final class HistogramCell: TimerHandler, RecorderHandler {
    struct Snapshot {
        /// For each bound, how many values were no larger.
        var cumulative: [Int64]
        var count: Int64
        var sum: Double
    }

    private struct State {
        var counts: [Int64]
        var count: Int64 = 0
        var sum = 0.0
    }

    let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: [Int64](repeating: 0, count: bounds.count)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 }
        state.withLock { state in
            if let bucket { state.counts[bucket] += 1 }
            state.count += 1
            state.sum += value
        }
    }

    var snapshot: Snapshot {
        state.withLock { state in
            var running: Int64 = 0
            let cumulative = state.counts.map { count in
                running += count
                return running
            }
            return Snapshot(cumulative: cumulative, count: state.count, sum: state.sum)
        }
    }
}
