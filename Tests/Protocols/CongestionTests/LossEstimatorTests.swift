import ProtocolCore
import Testing

@testable import Congestion

@Suite("Loss estimator")
struct LossEstimatorTests {
    /// Observations at given rates on a link that loses `inherent` of everything, and what exceeds `capacity`.
    private func estimator(
        rates: [Double], inherent: Double, capacity: Double = .infinity, seed: UInt64 = 1
    ) -> LossEstimator {
        var generator = SeededGenerator(seed: seed)
        var estimator = LossEstimator()
        var time = 0.0
        for rate in rates {
            let excess = max(0, 1 - capacity / rate)
            let loss = inherent + (1 - inherent) * excess
            let observed = results(rate: .megabits(rate), from: time, milliseconds: 260) { _ in
                Double.random(in: 0..<1, using: &generator) < loss
            }
            time += 260
            estimator.update(observed, now: at(time + 50))
        }
        return estimator
    }

    @Test("Loss that does not depend on the rate limits nothing", arguments: 1...8)
    func inherentLoss(seed: UInt64) {
        let rates = (0..<20).map { 1.5 + Double($0 % 7) * 0.3 }
        let estimator = estimator(rates: rates, inherent: 0.1, seed: seed)
        #expect(estimator.limit == nil)
        #expect(abs(estimator.inherentLoss - 0.1) < 0.04)
    }

    @Test("Loss that comes with the rate is limited to what passes", arguments: 1...8)
    func excessLoss(seed: UInt64) throws {
        let rates = (0..<20).map { 1.0 + Double($0) * 0.1 }
        let estimator = estimator(rates: rates, inherent: 0.01, capacity: 1.5, seed: seed)
        let limit = try #require(estimator.limit)
        #expect(limit > .megabits(1.2) && limit < .megabits(1.9))
        #expect(estimator.inherentLoss < 0.1)
    }

    @Test("Loss above any link's own limits at a constant rate too")
    func heavyLoss() throws {
        let estimator = estimator(rates: [Double](repeating: 2, count: 12), inherent: 0.5)
        let limit = try #require(estimator.limit)
        #expect(limit > .megabits(0.9) && limit < .megabits(1.6))
        #expect(estimator.averageLoss > 0.4)
    }

    @Test("Loss below 2 % is none")
    func negligible() {
        #expect(estimator(rates: [Double](repeating: 2, count: 20), inherent: 0.015, seed: 5).limit == nil)
    }

    @Test("A limit grows once loss is over, and goes away")
    func recovery() {
        var estimator = estimator(rates: (0..<10).map { 1 + Double($0) * 0.2 }, inherent: 0, capacity: 1.5)
        #expect(estimator.limit != nil)
        var time = 10_000.0
        for _ in 0..<400 {
            estimator.update(results(rate: .megabits(1.4), from: time, milliseconds: 260), now: at(time + 300))
            time += 260
        }
        #expect(estimator.limit == nil)
        #expect(estimator.averageLoss < 0.001)
    }

    @Test("A packet that turns up late was not lost; probes are not judged")
    func lateAndProbes() throws {
        var estimator = LossEstimator()
        let probe = ProbeCluster(id: .first, rate: .megabits(9), reason: .start)
        for round in 0..<5 {
            var observed = results(rate: .megabits(2), from: Double(round) * 260, milliseconds: 260)
            for index in observed.indices where index % 10 == 0 && index > 0 {
                observed[index].arrival = nil
                let late = PacketResult(
                    sentAt: observed[index].sentAt, bytes: 1000, arrival: at(5000), wasReportedLost: true)
                observed.append(late)
            }
            let last = try #require(observed.last).sentAt
            observed.append(PacketResult(sentAt: last, bytes: 1000, arrival: nil, probe: probe.id))
            estimator.update(observed, now: at(Double(round) * 260 + 300))
        }
        #expect(estimator.averageLoss == 0)
    }

    @Test("A probe lifts the limit")
    func probe() {
        var estimator = estimator(rates: (0..<10).map { 1 + Double($0) * 0.2 }, inherent: 0, capacity: 1.5)
        estimator.probed(.megabits(5))
        #expect(estimator.limit == .megabits(5))
        estimator.probed(.megabits(1))
        #expect(estimator.limit == .megabits(5))
    }
}
