import CoreMetrics
import Telemetry
import Testing

@Suite("Totals that are kept elsewhere")
struct RunningTotalsTests {
    let registry = MetricsRegistry()

    @Test("A total becomes a counter, each set of labels for itself")
    func growth() {
        let totals = RunningTotals(factory: registry)
        totals.record(UInt64(7), "packets", [("worker", "0")])
        totals.record(UInt64(2), "packets", [("worker", "1")])
        totals.record(UInt64(9), "packets", [("worker", "0")])
        #expect(
            registry.prometheusText == """
                # TYPE packets_total counter
                packets_total{worker="0"} 9
                packets_total{worker="1"} 2

                """)
    }

    @Test("A total that begins anew adds to what was counted before")
    func restart() {
        let totals = RunningTotals(factory: registry)
        totals.record(UInt64(100), "packets")
        totals.record(UInt64(5), "packets")
        totals.record(UInt64(6), "packets")
        #expect(registry.prometheusText == "# TYPE packets_total counter\npackets_total 106\n")
    }

    @Test("A series is there from the start")
    func zero() {
        RunningTotals(factory: registry).record(0, "refused")
        #expect(registry.prometheusText == "# TYPE refused_total counter\nrefused_total 0\n")
    }
}
