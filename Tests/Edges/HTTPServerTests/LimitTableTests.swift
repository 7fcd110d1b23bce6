import CoreMetrics
import Metrics
import MetricsTestKit
import ProtocolCore
import Testing

@testable import HTTPServer

@Suite struct LimitTableTests {
    /// Counts for the whole process: it can be put in place only once.
    static let metrics: TestMetrics = {
        let metrics = TestMetrics()
        MetricsSystem.bootstrap(metrics)
        return metrics
    }()

    @Test func everyLimitThatIsCountedIsInTheTable() {
        let names = [Limit].httpServer.map(\.name)
        #expect(Set(names) == Set(LimitName.allCases.map(\.rawValue)))
        #expect(names.count == Set(names).count)
        #expect([Limit].httpServer.allSatisfy { $0.value > 0 })
    }

    @Test func aHitIsCounted() async throws {
        let metrics = Self.metrics
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(
                    "GET / HTTP/1.1\r\nHost: a\r\nX-A: \(String(repeating: "x", count: 20_000))\r\n\r\n")
                #expect(await session.statuses() == [431])
            }
        }
        let counter = try metrics.expectCounter("switchboard_limit_hits", [("limit", "http.headerBytes")])
        #expect(counter.totalValue >= 1)
    }
}
