public import CoreMetrics
import Synchronization

/// All measurements of the process, given out as Prometheus text (exposition format 0.0.4).
///
/// It is the back end of swift-metrics: install it once with `MetricsSystem.bootstrap`, make instruments anywhere with
/// `Counter`, `Gauge`, `Meter`, `Recorder` and `Timer`, and read `prometheusText` at `/metrics`. A total that somebody else
/// keeps becomes a counter through ``RunningTotals``.
public final class MetricsRegistry: MetricsFactory, Sendable {
    /// Upper bounds of the buckets of timers, in seconds.
    public static let timerBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Upper bounds of the buckets of aggregating recorders.
    public static let recorderBuckets = [1.0, 5, 10, 50, 100, 500, 1000, 5000, 10000, 50000, 100_000]

    enum Instrument {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)
    }

    private struct Key: Hashable {
        let name: String
        let labels: String
    }

    private let instruments = Mutex<[Key: Instrument]>([:])

    public init() {}

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions, Self.recorderBuckets) : gauge(label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label + "_seconds", dimensions, Self.timerBuckets)
    }

    // An instrument lives as long as the registry: its count must not restart when a caller makes it anew.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterCell {
        let key = Self.key(Self.totalName(label), dimensions)
        return instruments.withLock { instruments in
            if case .counter(let cell) = instruments[key] { return cell }
            let cell = CounterCell()
            if instruments[key] == nil { instruments[key] = .counter(cell) }
            return cell
        }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell {
        let key = Self.key(label, dimensions)
        return instruments.withLock { instruments in
            if case .gauge(let cell) = instruments[key] { return cell }
            let cell = GaugeCell()
            if instruments[key] == nil { instruments[key] = .gauge(cell) }
            return cell
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], _ bounds: [Double]) -> HistogramCell {
        let key = Self.key(label, dimensions)
        return instruments.withLock { instruments in
            if case .histogram(let cell) = instruments[key] { return cell }
            let cell = HistogramCell(bounds: bounds)
            if instruments[key] == nil { instruments[key] = .histogram(cell) }
            return cell
        }
    }

    /// Every instrument with its value, sorted by name.
    public var prometheusText: String {
        let all = instruments.withLock { instruments in
            instruments.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
        }
        var text = ""
        var previous = ""
        for (key, instrument) in all {
            if key.name != previous {
                text += "# TYPE \(key.name) \(Self.kind(of: instrument))\n"
                previous = key.name
            }
            switch instrument {
            case .counter(let cell): text += "\(key.name)\(Self.braced(key.labels)) \(Self.number(cell.value))\n"
            case .gauge(let cell): text += "\(key.name)\(Self.braced(key.labels)) \(Self.number(cell.value))\n"
            case .histogram(let cell): text += Self.lines(of: cell, name: key.name, labels: key.labels)
            }
        }
        return text
    }

    private static func kind(of instrument: Instrument) -> String {
        switch instrument {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private static func lines(of cell: HistogramCell, name: String, labels: String) -> String {
        let snapshot = cell.snapshot
        let separator = labels.isEmpty ? "" : ","
        var text = ""
        for (bound, count) in zip(cell.bounds, snapshot.cumulative) {
            text += "\(name)_bucket{\(labels)\(separator)le=\"\(number(bound))\"} \(count)\n"
        }
        text += "\(name)_bucket{\(labels)\(separator)le=\"+Inf\"} \(snapshot.count)\n"
        text += "\(name)_sum\(braced(labels)) \(number(snapshot.sum))\n"
        text += "\(name)_count\(braced(labels)) \(snapshot.count)\n"
        return text
    }

    private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> Key {
        let labels = dimensions.map { "\(name($0.0))=\"\(escaped($0.1))\"" }.joined(separator: ",")
        return Key(name: name(label), labels: labels)
    }

    /// The name of a counter: Prometheus expects the suffix, so that a reader knows to ask for the rate.
    private static func totalName(_ label: String) -> String {
        label.hasSuffix("_total") || label.hasSuffix(".total") ? label : label + "_total"
    }

    /// A name of the form Prometheus allows: what it does not allow becomes an underscore.
    private static func name(_ text: String) -> String {
        var name = ""
        for (index, character) in text.unicodeScalars.enumerated() {
            let isDigit = ("0"..."9").contains(character)
            let isLetter = ("a"..."z").contains(character) || ("A"..."Z").contains(character)
            let isAllowed = isLetter || character == "_" || character == ":" || (isDigit && index > 0)
            name.unicodeScalars.append(isAllowed ? character : "_")
        }
        return name
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
