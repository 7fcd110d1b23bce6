import Congestion
import ProtocolCore
import RTP
import Testing

@Suite("Sent packet log")
struct SentPacketLogTests {
    @Test("Feedback is joined with what was sent")
    func joins() {
        var log = SentPacketLog()
        for index in 0..<4 { log.sent(transportSequence: UInt16(index), bytes: 100 + index, at: at(Double(index))) }
        #expect(log.packetsInFlight == 4)
        #expect(log.bytesInFlight == 406)
        let results = log.feedback(feedback(from: 0, reference: 1, ticks: [0, 4, nil, 12]), at: at(50))
        #expect(results.map(\.bytes) == [100, 101, 102, 103])
        let milliseconds: [Int64?] = [64, 65, nil, 67]
        #expect(results.map { $0.arrival?.nanoseconds } == milliseconds.map { $0.map { $0 * 1_000_000 } })
        for (index, result) in results.enumerated() {
            // The log keeps time in steps of 1024 ns.
            #expect(abs((result.sentAt - at(Double(index))).nanoseconds) < 2048)
        }
        #expect(log.packetsInFlight == 0)
        #expect(log.bytesInFlight == 0)
        #expect(log.counters.unknownPackets == 0)
        #expect(log.counters.repeatedPackets == 0)
    }

    @Test("Numbers wrap")
    func wraps() {
        var log = SentPacketLog()
        for index in 0..<6 {
            log.sent(transportSequence: 65_533 &+ UInt16(index), bytes: index, at: at(Double(index)))
        }
        let results = log.feedback(feedback(from: 65_533, ticks: [0, 1, 2, 3, 4, 5]), at: at(50))
        #expect(results.map(\.bytes) == [0, 1, 2, 3, 4, 5])
    }

    @Test("A packet decides once; a lost one may still turn up")
    func repeats() throws {
        var log = SentPacketLog()
        for index in 0..<3 { log.sent(transportSequence: UInt16(index), bytes: 10, at: at(0)) }
        #expect(log.feedback(feedback(from: 0, ticks: [0, nil, 8]), at: at(50)).count == 3)
        #expect(log.feedback(feedback(from: 0, ticks: [0, nil, 8]), at: at(60)).isEmpty)
        #expect(log.counters.repeatedPackets == 3)
        let late = try #require(log.feedback(feedback(from: 1, ticks: [9]), at: at(70)).first)
        #expect(late.wasReportedLost)
        #expect(late.arrival != nil)
        #expect(log.feedback(feedback(from: 1, ticks: [nil]), at: at(80)).isEmpty)
        #expect(log.packetsInFlight == 0)
    }

    @Test("Packets never sent, or sent too long ago, are counted and ignored")
    func unknown() {
        var log = SentPacketLog()
        #expect(log.feedback(feedback(from: 0, ticks: [0]), at: at(0)).isEmpty)
        for index in 0...SentPacketLog.capacity {
            log.sent(transportSequence: UInt16(index), bytes: 10, at: at(Double(index)))
        }
        #expect(log.packetsInFlight == SentPacketLog.capacity)
        let results = log.feedback(feedback(from: 0, ticks: [0, 1]), at: at(3000))
        #expect(results.count == 1)
        let future = UInt16(SentPacketLog.capacity + 1)
        #expect(log.feedback(feedback(from: future, ticks: [0]), at: at(3000)).isEmpty)
        #expect(log.counters.unknownPackets == 3)
    }

    @Test("Skipped numbers were never sent")
    func skips() {
        var log = SentPacketLog()
        log.sent(transportSequence: 1, bytes: 10, at: at(0))
        log.sent(transportSequence: 4, bytes: 10, at: at(1))
        #expect(log.feedback(feedback(from: 1, ticks: [0, 1, 2, 3]), at: at(50)).count == 2)
        log.sent(transportSequence: 5000, bytes: 10, at: at(2))
        log.sent(transportSequence: 5001, bytes: 10, at: at(2))
        #expect(log.packetsInFlight == 2)
    }

    @Test("A long pause, or a number that goes back, begins anew")
    func restarts() {
        var log = SentPacketLog()
        log.sent(transportSequence: 10, bytes: 10, at: at(0))
        log.sent(transportSequence: 11, bytes: 10, at: at(0) + SentPacketLog.longestPause + .seconds(1))
        #expect(log.packetsInFlight == 1)
        log.sent(transportSequence: 5, bytes: 10, at: at(0) + SentPacketLog.longestPause + .seconds(1))
        #expect(log.packetsInFlight == 1)
        #expect(log.feedback(feedback(from: 5, ticks: [0]), at: at(700_000)).count == 1)
    }

    @Test("The round trip is smoothed by an eighth")
    func roundTrip() {
        var log = SentPacketLog()
        for index in 0..<3 { log.sent(transportSequence: UInt16(index), bytes: 10, at: at(0)) }
        _ = log.feedback(feedback(from: 0, ticks: [0]), at: at(80))
        #expect(abs((log.roundTrip ?? .zero).milliseconds - 80) < 0.01)
        _ = log.feedback(feedback(from: 1, ticks: [0]), at: at(160))
        #expect(abs((log.roundTrip ?? .zero).milliseconds - 90) < 0.01)
        // Lost packets say nothing.
        _ = log.feedback(feedback(from: 2, ticks: [nil]), at: at(500))
        #expect(abs((log.roundTrip ?? .zero).milliseconds - 90) < 0.01)
        #expect(abs((log.shortestRoundTrip ?? .zero).milliseconds - 80) < 0.01)
    }

    @Test("The reference time wraps after 24 bits, and feedback may overtake feedback")
    func referenceWraps() {
        var log = SentPacketLog()
        for index in 0..<3 { log.sent(transportSequence: UInt16(index), bytes: 10, at: at(0)) }
        let first = log.feedback(feedback(from: 0, reference: 0x7f_ffff, ticks: [0]), at: at(1))
        let second = log.feedback(feedback(from: 2, reference: -0x80_0000 + 1, ticks: [0]), at: at(2))
        let third = log.feedback(feedback(from: 1, reference: -0x80_0000, ticks: [0]), at: at(3))
        let arrivals = [first, second, third].compactMap { $0.first?.arrival }
        #expect(arrivals.count == 3)
        #expect(arrivals[1] - arrivals[0] == .milliseconds(128))
        #expect(arrivals[2] - arrivals[0] == .milliseconds(64))
    }

    @Test("Memory per receiver stays small")
    func size() {
        #expect(MemoryLayout<SentPacketLog>.size < 200)
        #expect(MemoryLayout<CongestionController>.size < 2_000)
    }
}
