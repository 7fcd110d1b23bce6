import CoreMetrics
import Telemetry
import Testing

@Suite struct MetricsRegistryTests {
    let registry = MetricsRegistry()

    @Test func emptyRegistry() { #expect(registry.prometheusText == "") }

    @Test func countersWithLabels() {
        let get = registry.makeCounter(label: "requests.total", dimensions: [("method", "GET")])
        get.increment(by: 2)
        registry.makeCounter(label: "requests.total", dimensions: [("method", "GET")]).increment(by: Int64(1))
        registry.makeCounter(label: "requests.total", dimensions: [("method", "PO\"S\\T\n")]).increment(by: Int64(1))
        #expect(
            registry.prometheusText == """
                # TYPE requests_total counter
                requests_total{method="GET"} 3
                requests_total{method="PO\\"S\\\\T\\n"} 1

                """)
    }

    @Test func gaugesGoUpAndDown() {
        let calls = registry.makeMeter(label: "calls", dimensions: [])
        calls.increment(by: 3)
        calls.decrement(by: 0.5)
        #expect(registry.prometheusText == "# TYPE calls gauge\ncalls 2.5\n")
        calls.set(Double.infinity)
        #expect(registry.prometheusText == "# TYPE calls gauge\ncalls +Inf\n")
    }

    @Test func timersCountIntoBuckets() {
        let timer = registry.makeTimer(label: "wait", dimensions: [("kind", "x")])
        timer.recordNanoseconds(1_000_000)
        timer.recordNanoseconds(30_000_000)
        timer.recordNanoseconds(60_000_000_000)
        let lines = registry.prometheusText.split(separator: "\n")
        #expect(lines.first == "# TYPE wait_seconds histogram")
        #expect(lines.contains(#"wait_seconds_bucket{kind="x",le="0.001"} 1"#))
        #expect(lines.contains(#"wait_seconds_bucket{kind="x",le="0.05"} 2"#))
        #expect(lines.contains(#"wait_seconds_bucket{kind="x",le="10"} 2"#))
        #expect(lines.contains(#"wait_seconds_bucket{kind="x",le="+Inf"} 3"#))
        #expect(lines.contains(#"wait_seconds_count{kind="x"} 3"#))
        #expect(lines.contains(#"wait_seconds_sum{kind="x"} 60.031"#))
    }

    @Test func countIsKeptWhenTheInstrumentIsMadeAnew() {
        let first = registry.makeCounter(label: "a", dimensions: [])
        first.increment(by: Int64(5))
        registry.destroyCounter(first)
        registry.makeCounter(label: "a", dimensions: []).increment(by: Int64(1))
        #expect(registry.prometheusText == "# TYPE a_total counter\na_total 6\n")
    }

    @Test("A counter ends in _total, whether its label says so or not")
    func suffixOfCounters() {
        registry.makeCounter(label: "limit_hits", dimensions: []).increment(by: Int64(1))
        registry.makeCounter(label: "limit_hits_total", dimensions: []).increment(by: Int64(1))
        registry.makeFloatingPointCounter(label: "seconds", dimensions: []).increment(by: 0.5)
        #expect(
            registry.prometheusText
                == "# TYPE limit_hits_total counter\nlimit_hits_total 2\n# TYPE seconds_total counter\nseconds_total 0.5\n"
        )
    }
}
