import ProtocolCore
import Testing

@testable import Congestion

@Suite("Rates: arithmetic, acknowledged, AIMD, application limit")
struct RateTests {
    @Test("Bit rates count bytes and time, and never overflow")
    func bitrate() {
        #expect(Bitrate.megabits(1.5).bytes(in: .seconds(1)) == 187_500)
        #expect(Bitrate.kilobits(8).time(for: 1000) == .seconds(1))
        #expect(Bitrate(bytes: 1250, over: .milliseconds(10)) == .megabits(1))
        #expect(Bitrate(bytes: 1, over: .zero) == .zero)
        #expect(Bitrate(bitsPerSecond: -5) == .zero)
        #expect(Bitrate(bitsPerSecond: .max) * .infinity == Bitrate(bitsPerSecond: .max))
        #expect(Bitrate.megabits(1) * .nan == .zero)
        #expect(Bitrate.kilobits(1) - .kilobits(2) == .zero)
        #expect(Bitrate.zero.time(for: 1) == .seconds(3600))
        #expect(Bitrate.kilobits(640).description == "640 kbit/s")
    }

    @Test("The acknowledged rate comes after half a second and follows a change within a second")
    func acknowledged() throws {
        var estimator = AcknowledgedRateEstimator()
        for index in 0..<50 { estimator.add(bytes: 1250, arrival: at(Double(index) * 10)) }
        #expect(estimator.rate == nil)
        estimator.add(bytes: 1250, arrival: at(500))
        #expect(estimator.rate == .megabits(1))
        for index in 1...100 { estimator.add(bytes: 2500, arrival: at(500 + Double(index) * 10)) }
        let rate = try #require(estimator.rate)
        #expect(rate > .megabits(1.6) && rate <= .megabits(2))
    }

    @Test("One sample is weighed by its distance, as computed by hand")
    func sampleWeight() throws {
        var estimator = AcknowledgedRateEstimator()
        for index in 0...50 { estimator.add(bytes: 1250, arrival: at(Double(index) * 10)) }
        // The window that began with the packet at 500 ms: 1250 + 14 * 2500 bytes in 150 ms are 1933.3 kbit/s.
        for index in 1...15 { estimator.add(bytes: 2500, arrival: at(500 + Double(index) * 10)) }
        let sample = 36_250.0 * 8 / 150
        let uncertainty = 10 * (sample - 1000) / 1000
        let variance = uncertainty * uncertainty
        let expected = (variance * 1000 + 55 * sample) / (variance + 55)
        #expect(abs(try #require(estimator.rate).value / 1000 - expected) < 0.01)
    }

    @Test("Silence ends in the floor, not in nothing")
    func acknowledgedFloor() throws {
        var estimator = AcknowledgedRateEstimator()
        for index in 0..<300 { estimator.add(bytes: 20, arrival: at(Double(index) * 20)) }
        #expect(try #require(estimator.rate) == AcknowledgedRateEstimator.floor)
    }

    private func controller(_ start: Bitrate = .megabits(1)) -> RateController {
        RateController(start: start, bounds: .kilobits(50)...(.megabits(20)))
    }

    @Test("Overuse leaves 85 % of what arrives, once per round trip")
    func decrease() {
        var rate = controller()
        rate.roundTrip = .milliseconds(100)
        rate.update(.overuse, acknowledged: .kilobits(800), now: at(0))
        #expect(rate.rate == .kilobits(680))
        rate.update(.overuse, acknowledged: .kilobits(600), now: at(50))
        #expect(rate.rate == .kilobits(680))
        rate.update(.overuse, acknowledged: .kilobits(600), now: at(100))
        #expect(rate.rate == .kilobits(510))
        // Less than half arrives: at once.
        rate.update(.overuse, acknowledged: .kilobits(200), now: at(110))
        #expect(rate.rate == .kilobits(170))
        #expect(rate.lastDecrease == at(110))
    }

    @Test("Overuse never raises the rate")
    func decreaseIsNoIncrease() {
        var rate = controller(.kilobits(500))
        rate.update(.overuse, acknowledged: .megabits(2), now: at(0))
        #expect(rate.rate == .kilobits(500))
    }

    @Test("Far from the capacity the rate grows by 8 % a second, to 1.5 times what arrives")
    func multiplicativeIncrease() {
        var rate = controller()
        for index in 0...100 { rate.update(.normal, acknowledged: .megabits(1), now: at(Double(index) * 10)) }
        #expect(abs(rate.rate.value / 1_080_000 - 1) < 1e-4)
        for index in 101...2000 { rate.update(.normal, acknowledged: .megabits(1), now: at(Double(index) * 10)) }
        #expect(rate.rate == .kilobits(1510))
        // Fewer bytes arrive: the rate stays, it only does not grow.
        rate.update(.normal, acknowledged: .kilobits(100), now: at(21_000))
        #expect(rate.rate == .kilobits(1510))
    }

    @Test("Near the capacity it grows by a packet per response time")
    func additiveIncrease() {
        var rate = controller(.megabits(1))
        rate.roundTrip = .milliseconds(100)
        rate.update(.overuse, acknowledged: .megabits(1), now: at(0))
        #expect(rate.linkCapacity == .megabits(1))
        let before = rate.rate
        #expect(before == .kilobits(850))
        // 850 kbit/s are 3542 bytes per frame, three packets of 1181 bytes, one per 400 ms.
        #expect(abs(rate.additiveGrowth.value - 23_611) < 1)
        rate.update(.normal, acknowledged: .kilobits(850), now: at(1000))
        rate.update(.normal, acknowledged: .kilobits(850), now: at(2000))
        #expect((rate.rate - before).bitsPerSecond == rate.rate.bitsPerSecond - 850_000)
        #expect(abs(rate.rate.value - 873_611) < 2)
        // More arrives than the link was thought to carry: it is another link.
        rate.update(.normal, acknowledged: .megabits(1.2), now: at(2100))
        #expect(rate.linkCapacity == nil)
    }

    @Test("Underuse holds")
    func hold() {
        var rate = controller()
        rate.update(.normal, acknowledged: .megabits(1), now: at(0))
        rate.update(.underuse, acknowledged: .megabits(1), now: at(1000))
        #expect(rate.rate == .megabits(1))
        // The time of the hold does not count afterwards.
        rate.update(.normal, acknowledged: .megabits(1), now: at(5000))
        #expect(rate.rate == .megabits(1))
    }

    @Test("The growth factor is 1.08 to the power of the time")
    func growthFactor() {
        #expect(abs(RateController.growthFactor(seconds: 1) - 1.08) < 1e-5)
        #expect(abs(RateController.growthFactor(seconds: 0.5) - 1.039_230_5) < 1e-6)
    }

    @Test("An application limits itself below 65 % of the target")
    func applicationLimit() {
        func isLimited(part: Double) -> Bool {
            var detector = ApplicationLimitDetector()
            detector.setTarget(.megabits(1))
            for index in 0..<300 { detector.sent(bytes: Int(1250 * part), at: at(Double(index) * 10)) }
            return detector.limitedSince != nil
        }
        #expect(isLimited(part: 0.4))
        #expect(!isLimited(part: 0.7))
        var detector = ApplicationLimitDetector()
        detector.setTarget(.megabits(1))
        for index in 0..<100 { detector.sent(bytes: 0, at: at(Double(index) * 10)) }
        #expect(detector.limitedSince != nil)
        for index in 100..<200 { detector.sent(bytes: 1250, at: at(Double(index) * 10)) }
        #expect(detector.limitedSince == nil)
        #expect(detector.lastEnd != nil)
    }
}
