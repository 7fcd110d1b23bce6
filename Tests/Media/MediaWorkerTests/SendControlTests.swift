import Congestion
import ProtocolCore
import RTP
import Testing

@testable import MediaWorker

@Suite("Send control")
struct SendControlTests {
    /// A report of RFC 8888 on one stream; nil stands for a lost packet, otherwise how long before the report it came.
    private func report(
        on ssrc: UInt32, from first: UInt16, _ arrivals: [Duration?], at now: Instant
    ) throws -> CongestionControlFeedback {
        var bytes: [UInt8] = [0x8b, 205, 0, 0, 0, 0, 0, 9]
        func append(_ value: UInt32) { for shift in [24, 16, 8, 0] { bytes.append(UInt8(value >> shift & 0xff)) } }
        append(ssrc)
        append(UInt32(first) << 16 | UInt32(arrivals.count))
        for arrival in arrivals {
            let block = arrival.map { 0x8000 | UInt16($0.nanoseconds * 1024 / 1_000_000_000) } ?? 0
            bytes += [UInt8(block >> 8), UInt8(block & 0xff)]
        }
        if arrivals.count % 2 == 1 { bytes += [0, 0] }
        append(UInt32(truncatingIfNeeded: now.nanoseconds * 65_536 / 1_000_000_000))
        bytes[3] = UInt8(bytes.count / 4 - 1)
        return try CongestionControlFeedback(parsing: bytes.span.bytes)
    }

    @Test("Feedback by stream finds the packets, whatever numbers they had on the transport")
    func feedbackByStream() throws {
        var control = SendControl()
        control.configure(numbersPackets: false, reportsByStream: true)
        var now = Instant.zero + .seconds(5)
        var lost = 0
        for round in 0..<20 {
            let first = UInt16(truncatingIfNeeded: 65_500 + round * 10)
            for offset in UInt16(0)..<10 {
                control.sent(
                    ssrc: 7, sequence: first &+ offset, transportSequence: UInt16(round * 10) + offset, bytes: 1000,
                    at: now)
                now = now + .milliseconds(5)
            }
            var arrivals: [Duration?] = (0..<10).map { .milliseconds(50 - 5 * $0) }
            arrivals[3] = nil
            lost += control.receive(try report(on: 7, from: first, arrivals, at: now), at: now)
        }
        #expect(lost == 20)
        let (hasFeedback, acknowledged) = (control.hasFeedback, control.controller.acknowledged)
        let (unknown, budget) = (control.controller.counters.unknownPackets, control.budget(now: now))
        #expect(hasFeedback)
        #expect(acknowledged != nil)
        #expect(unknown == 0)
        #expect(budget != nil)
        // Packets of a stream that was never sent are not believed.
        let others = control.receive(try report(on: 8, from: 0, [nil, nil], at: now), at: now)
        #expect(others == 0)
    }

    @Test("A peer that never tells what arrives is not held back for long")
    func silentPeer() {
        var control = SendControl()
        control.configure(numbersPackets: true, reportsByStream: false)
        let start = Instant.zero + .seconds(1)
        control.sent(ssrc: 1, sequence: 1, transportSequence: 1, bytes: 1000, at: start)
        let (soon, later) = (control.budget(now: start + .seconds(2)), control.budget(now: start + .seconds(3)))
        #expect(soon != nil)
        #expect(later == nil)
    }
}
