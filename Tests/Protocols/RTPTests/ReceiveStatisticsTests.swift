import ProtocolCore
import RTP
import Testing

@Suite struct ReceiveStatisticsTests {
    private let first: RTPHeader

    init() throws {
        first = try RTPHeader(parsing: wire("80 60 0000 00000000 00000005").span.bytes)
    }

    private func header(_ sequence: Int, timestamp: UInt32 = 0) -> RTPHeader {
        var header = first
        header.sequenceNumber = SequenceNumber(UInt16(truncatingIfNeeded: sequence))
        header.timestamp = RTPTimestamp(timestamp)
        return header
    }

    private func record(_ sequences: [Int], in statistics: inout ReceiveStatistics) {
        for sequence in sequences {
            statistics.record(header(sequence), at: .zero, clockRate: 0)
        }
    }

    private func report(_ statistics: inout ReceiveStatistics, now: Instant) throws -> ReportBlock {
        let block = statistics.reportBlock(now: now)
        return try #require(block)
    }

    @Test func reportsNothingBeforeTheFirstPacket() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        #expect(statistics.reportBlock(now: .zero) == nil)
        #expect(statistics.expectedCount == 0)
    }

    @Test func computesLossPerInterval() throws {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        // 100...109 without 103 and 107: 2 of 10 lost, 2 * 256 / 10 = 51.
        record([100, 101, 102, 104, 105, 106, 108, 109], in: &statistics)
        var block = try report(&statistics, now: .zero)
        #expect(block.ssrc == SSRC(5))
        #expect(block.fractionLost == 51)
        #expect(block.cumulativeLost == 2)
        #expect(block.extendedHighestSequence == 109)
        // The next interval loses nothing, and one late packet of the former arrives.
        record([110, 103, 111], in: &statistics)
        block = try report(&statistics, now: .zero)
        #expect(block.fractionLost == 0)
        #expect(block.cumulativeLost == 1)
        // 3 of 4 lost: 192.
        record([115], in: &statistics)
        block = try report(&statistics, now: .zero)
        #expect(block.fractionLost == 192)
        #expect(block.cumulativeLost == 4)
        // Nothing came at all.
        block = try report(&statistics, now: .zero)
        #expect(block.fractionLost == 0)
    }

    @Test func countsDuplicatesAsNegativeLoss() throws {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        record([1, 1, 1], in: &statistics)
        let block = try report(&statistics, now: .zero)
        #expect(block.cumulativeLost == -2)
        #expect(block.fractionLost == 0)
    }

    @Test func extendsOverWraps() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        record([65534, 65535, 0, 65533, 1], in: &statistics)
        #expect(statistics.extendedHighestSequence == 0x1_0001)
        #expect(statistics.expectedCount == 4)
        #expect(statistics.receivedCount == 5)
        for sequence in 2..<200_000 {
            statistics.record(header(sequence), at: .zero, clockRate: 0)
        }
        #expect(statistics.extendedHighestSequence == 0x1_0000 + 199_999)
        #expect(statistics.cumulativeLost == -1)
    }

    @Test func takesTwoPacketsInARowForARestart() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        record([100, 101, 30_000, 102], in: &statistics)
        #expect(statistics.extendedHighestSequence == 102)
        #expect(statistics.receivedCount == 3)
        record([40_000, 40_001, 40_002], in: &statistics)
        #expect(statistics.extendedHighestSequence == 40_002)
        #expect(statistics.expectedCount == 2)
        #expect(statistics.receivedCount == 2)
    }

    @Test(arguments: [(2999, true), (3000, false), (-99, true), (-100, false)])
    func tellsDropoutAndMisorderFromRestart(step: Int, counts: Bool) {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        record([10_000, 10_000 + step], in: &statistics)
        #expect(statistics.receivedCount == (counts ? 2 : 1))
    }

    @Test func capsTheCumulativeLoss() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        for step in 0..<3000 {
            statistics.record(header(step * 2999), at: .zero, clockRate: 0)
        }
        #expect(statistics.cumulativeLost == 0x7f_ffff)
    }

    @Test func computesJitterAsInTheAppendix() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        // Packets 20 ms apart at 8 kHz; the second 10 ms late (80 ticks), the third on time again.
        statistics.record(header(1, timestamp: 0), at: .milliseconds(0), clockRate: 8000)
        statistics.record(header(2, timestamp: 160), at: .milliseconds(30), clockRate: 8000)
        // Scaled: 80 - (0 + 8 >> 4) = 80, so 5.
        #expect(statistics.jitter == 5)
        statistics.record(header(3, timestamp: 320), at: .milliseconds(40), clockRate: 8000)
        // Scaled: 80 + 80 - (88 >> 4) = 155, so 9.
        #expect(statistics.jitter == 9)
        statistics.record(header(4, timestamp: 480), at: .milliseconds(60), clockRate: 8000)
        // Scaled: 155 - (163 >> 4) = 145, so 9.
        #expect(statistics.jitter == 9)
        #expect(statistics.reportBlock(now: .zero)?.jitter == 9)
    }

    @Test func jitterSettlesAtTheMeanChange() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        // Every other packet is 10 ms late, so the transit time always changes by 80 ticks.
        for index in 0..<400 {
            let arrival = Instant.milliseconds(Int64(index * 20 + index % 2 * 10))
            statistics.record(header(index, timestamp: UInt32(index * 160)), at: arrival, clockRate: 8000)
        }
        #expect((79...80).contains(statistics.jitter))
    }

    @Test func ignoresTimeLineJumps() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        statistics.record(header(1, timestamp: 0), at: .milliseconds(0), clockRate: 8000)
        statistics.record(header(2, timestamp: 0x8000_0000), at: .milliseconds(20), clockRate: 8000)
        statistics.record(header(3, timestamp: 0x8000_00a0), at: .milliseconds(40), clockRate: 8000)
        #expect(statistics.jitter == 0)
    }

    @Test func takesWrappingTimestampsAndLateClocks() {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        let origin = Instant(nanoseconds: Int64.max - 100_000_000)
        statistics.record(header(1, timestamp: 0xffff_ffff - 1799), at: origin, clockRate: 90_000)
        statistics.record(header(2, timestamp: 0), at: origin + .milliseconds(20), clockRate: 90_000)
        #expect(statistics.jitter == 0)
    }

    @Test func tellsTheDelaySinceTheSenderReport() throws {
        var statistics = ReceiveStatistics(ssrc: SSRC(5))
        record([1], in: &statistics)
        var block = try report(&statistics, now: .milliseconds(100))
        #expect(block.lastSenderReport.rawValue == 0 && block.delaySinceLastSenderReport.rawValue == 0)
        statistics.recordSenderReport(
            ntpTime: NTPTimestamp(rawValue: 0x0000_1234_5678_0000), at: .milliseconds(1000))
        block = try report(&statistics, now: .milliseconds(2500))
        #expect(block.lastSenderReport.rawValue == 0x1234_5678)
        #expect(block.delaySinceLastSenderReport.rawValue == 0x0001_8000)
    }
}
