import ProtocolCore
import Testing

@testable import Congestion

@Suite("Delay: groups, trend, queue")
struct DelayTests {
    @Test("Packets sent within 5 ms are one group")
    func groups() {
        var groups = ArrivalGroupAccumulator()
        #expect(groups.add(sent: at(0), arrival: at(100)) == nil)
        #expect(groups.add(sent: at(5), arrival: at(106)) == nil)
        #expect(groups.add(sent: at(20), arrival: at(121)) == nil)
        #expect(groups.add(sent: at(25), arrival: at(130)) == nil)
        let variation = groups.add(sent: at(40), arrival: at(141))
        #expect(
            variation
                == DelayVariation(
                    sendDelta: .milliseconds(20), arrivalDelta: .milliseconds(24), arrival: at(130)))
    }

    @Test("Packets that arrive at once, though sent apart, are one burst, 100 ms long at most")
    func bursts() {
        var groups = ArrivalGroupAccumulator()
        _ = groups.add(sent: at(0), arrival: at(100))
        // Sent 10 ms apart, arrived 1 ms apart: held back together.
        #expect(groups.add(sent: at(10), arrival: at(101)) == nil)
        #expect(groups.add(sent: at(20), arrival: at(102)) == nil)
        _ = groups.add(sent: at(40), arrival: at(140))
        let variation = groups.add(sent: at(60), arrival: at(160))
        #expect(variation?.sendDelta == .milliseconds(20))
        #expect(variation?.arrivalDelta == .milliseconds(38))
    }

    @Test("Packets that were overtaken are left out; a receiver's clock that jumps begins anew")
    func reordering() {
        var groups = ArrivalGroupAccumulator()
        _ = groups.add(sent: at(20), arrival: at(100))
        #expect(groups.add(sent: at(10), arrival: at(101)) == nil)
        _ = groups.add(sent: at(40), arrival: at(120))
        #expect(groups.add(sent: at(60), arrival: at(140))?.arrivalDelta == .milliseconds(20))
        var found = 0
        for index in 0..<10 {
            let sent = at(80 + Double(index) * 20)
            if groups.add(sent: sent, arrival: sent + .seconds(-50)) != nil { found += 1 }
        }
        #expect(found >= 5)
    }

    private func trend(_ steps: [Double], interval: Double = 20) -> [LinkUsage] {
        var estimator = TrendlineEstimator()
        var time = 0.0
        return steps.map { step in
            time += interval + step
            estimator.add(
                DelayVariation(
                    sendDelta: .milliseconds(interval), arrivalDelta: .milliseconds(interval + step),
                    arrival: at(time)))
            return estimator.usage
        }
    }

    @Test("A growing queue is overuse")
    func overuse() {
        let usages = trend([Double](repeating: 2, count: 60))
        #expect(usages.contains(.overuse))
        // Not before the window is full.
        #expect(!usages.prefix(TrendlineEstimator.windowSize).contains(.overuse))
    }

    @Test("Jitter around a constant delay is not")
    func jitterIsNormal() {
        var generator = SeededGenerator(seed: 3)
        var previous = 0.0
        let steps = (0..<400).map { _ in
            let jitter = Double.random(in: 0...10, using: &generator)
            defer { previous = jitter }
            return jitter - previous
        }
        #expect(!trend(steps).contains(.overuse))
    }

    @Test("A shrinking queue is underuse, a constant one normal")
    func underuse() {
        let usages = trend([Double](repeating: 2, count: 40) + [Double](repeating: -2, count: 40))
        #expect(usages.last == .underuse)
        #expect(trend([Double](repeating: 0, count: 40)).allSatisfy { $0 == .normal })
    }

    @Test("The slope is that of the delay")
    func slope() {
        var estimator = TrendlineEstimator()
        for index in 1...400 {
            // 1 ms more per 20 ms sent: the queue grows by 1/21 of the time on the receiver's line.
            estimator.add(
                DelayVariation(
                    sendDelta: .milliseconds(20), arrivalDelta: .milliseconds(21), arrival: at(Double(index) * 21)))
        }
        #expect(abs(estimator.trend - 1.0 / 21) < 1e-6)
    }

    @Test("The threshold begins at 12.5 ms and sinks to 6 ms on a quiet path")
    func threshold() {
        var estimator = TrendlineEstimator()
        #expect(estimator.threshold == .microseconds(12_500))
        let quiet = { (index: Int) in
            DelayVariation(
                sendDelta: .milliseconds(10), arrivalDelta: .milliseconds(10), arrival: at(Double(index) * 10))
        }
        estimator.add(quiet(1))
        #expect(estimator.threshold == .microseconds(12_500))
        estimator.add(quiet(2))
        // 12.5 - 0.039 * 12.5 * 10
        #expect(abs(estimator.threshold.milliseconds - 7.625) < 1e-6)
        for index in 3...40 { estimator.add(quiet(index)) }
        #expect(estimator.threshold == .milliseconds(6))
    }

    private func arrived(_ delays: [Double], from start: Double) -> [PacketResult] {
        delays.enumerated().map { index, delay in
            let sent = at(start + Double(index) * 10)
            return PacketResult(sentAt: sent, bytes: 100, arrival: sent + .seconds(500) + .milliseconds(delay))
        }
    }

    @Test("The queue is what a packet takes longer than the fastest lately, whatever the clocks say")
    func queue() {
        var queue = QueueDelayEstimator()
        #expect(queue.delay == nil)
        queue.update(arrived([30, 25, 40], from: 0), now: at(100))
        #expect(queue.delay == .zero)
        queue.update(arrived([125, 130, 140, 150, 160, 225], from: 200), now: at(300))
        #expect(abs((queue.delay ?? .zero).milliseconds - 105) < 0.001)
        // The path has become longer for good: forgotten after twice the memory.
        for second in 1...25 {
            queue.update(arrived([100], from: Double(second) * 1000), now: at(Double(second) * 1000))
        }
        #expect(queue.delay == .zero)
    }

    @Test("A queue is drained after overuse only, and not for ever")
    func drain() {
        var drain = QueueDrain()
        _ = drain.update(delay: .milliseconds(300), now: at(0))
        #expect(drain.share == nil)
        drain.arm(now: at(0))
        _ = drain.update(delay: .milliseconds(90), now: at(10))
        #expect(drain.share == nil)
        _ = drain.update(delay: .milliseconds(200), now: at(20))
        #expect(drain.share == 0.6)
        _ = drain.update(delay: .milliseconds(600), now: at(30))
        #expect(drain.share == QueueDrain.smallestShare)
        _ = drain.update(delay: .milliseconds(50), now: at(40))
        #expect(drain.share == 0.9)
        _ = drain.update(delay: .milliseconds(39), now: at(50))
        #expect(drain.share == nil)
        drain.arm(now: at(60))
        _ = drain.update(delay: .milliseconds(200), now: at(70))
        let isLongerPath = drain.update(delay: .milliseconds(200), now: at(3060))
        #expect(isLongerPath)
        #expect(drain.share == nil)
    }
}
