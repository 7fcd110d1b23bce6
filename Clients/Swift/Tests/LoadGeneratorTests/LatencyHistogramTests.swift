import LoadGenerator
import ProtocolCore
import Testing

@Suite struct LatencyHistogramTests {
    @Test func isExactBelow128Microseconds() {
        var histogram = LatencyHistogram()
        for value in 1...100 { histogram.record(.microseconds(value)) }
        #expect(histogram.count == 100)
        #expect(histogram.quantile(0.5) == .microseconds(50))
        #expect(histogram.quantile(0.95) == .microseconds(95))
        #expect(histogram.quantile(0.99) == .microseconds(99))
        #expect(histogram.quantile(1) == .microseconds(100))
        #expect(histogram.quantile(0) == .microseconds(1))
    }

    /// Two values, so that the lower one is not cut to the largest.
    @Test(arguments: [127, 128, 129, 255, 256, 1000, 4095, 4096, 65_537, 1_000_000, 67_108_863, 134_217_727])
    func isRoundedUpByLittle(microseconds: Int) throws {
        var histogram = LatencyHistogram()
        histogram.record(.microseconds(microseconds))
        histogram.record(.seconds(200))
        let told = try #require(histogram.quantile(0.5))
        #expect(told >= .microseconds(microseconds))
        #expect(told.nanoseconds <= Int64(microseconds) * 1000 + Int64(microseconds) * 1000 / 64)
    }

    @Test func bucketsAreInOrder() {
        var last: Duration = .zero
        for exponent in 0..<2600 {
            var histogram = LatencyHistogram()
            histogram.record(.microseconds(exponent * exponent))
            histogram.record(.seconds(200))
            let told = histogram.quantile(0.5) ?? .zero
            #expect(told >= last)
            last = told
        }
    }

    @Test func neverTellsMoreThanTheMaximum() {
        var histogram = LatencyHistogram()
        histogram.record(.microseconds(1000))
        #expect(histogram.quantile(0.99) == .microseconds(1000))
        #expect(histogram.maximum == .microseconds(1000))
    }

    @Test func countsWhatCannotBeAsZeroOrAsTheLast() {
        var histogram = LatencyHistogram()
        histogram.record(.milliseconds(-3))
        #expect(histogram.quantile(1) == .zero)
        histogram.record(.seconds(1_000_000))
        #expect(histogram.maximum == .seconds(1_000_000))
        #expect(histogram.count == 2)
    }

    @Test func aSumIsWhatOneWouldHaveCounted() {
        var one = LatencyHistogram()
        var other = LatencyHistogram()
        var both = LatencyHistogram()
        for value in 0..<1000 {
            let duration = Duration.microseconds(value * 37 % 5000)
            if value.isMultiple(of: 3) { one.record(duration) } else { other.record(duration) }
            both.record(duration)
        }
        one.add(other)
        one.add(LatencyHistogram())
        #expect(one == both)
        var empty = LatencyHistogram()
        empty.add(both)
        #expect(empty == both)
    }

    @Test func anEmptyOneHasNoQuantiles() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
        #expect(LatencyHistogram().maximum == nil)
    }
}
