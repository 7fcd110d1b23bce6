import ProtocolCore
import RTP
import Testing

@Suite struct TransportFeedbackTests {
    private func feedback(first: UInt16 = 1, deltas: [Int16?], referenceTime: Int32 = 1) -> TransportFeedback {
        TransportFeedback(
            sender: SSRC(1), media: SSRC(2), feedbackCount: 9, referenceTime: referenceTime,
            packets: deltas.enumerated().map { index, delta in
                .init(sequence: SequenceNumber(first) + index, deltaTicks: delta)
            })
    }

    private func written(_ feedback: TransportFeedback) -> [UInt8] {
        var bytes: [UInt8] = []
        RTCPPacket.transportFeedback(feedback).append(to: &bytes)
        return bytes
    }

    private func parsed(_ bytes: [UInt8]) throws -> TransportFeedback? {
        guard case .transportFeedback(let feedback) = try RTCPCompound.parse(bytes.span.bytes).first else { return nil }
        return feedback
    }

    @Test func packsRuns() throws {
        // The run of three small deltas, three delta bytes, and padding announced by its last byte.
        let expected = wire("afcd0006 00000001 00000002 00010003 00000109 2003 0404ff 000003")
        #expect(written(feedback(deltas: [4, 4, 255])) == expected)
        #expect(try parsed(expected) == feedback(deltas: [4, 4, 255]))
    }

    @Test func packsOneBitVector() throws {
        let bytes = wire("8fcd0005 00000001 00000002 00010003 00000109 a800 0102")
        #expect(written(feedback(deltas: [1, nil, 2])) == bytes)
        #expect(try parsed(bytes) == feedback(deltas: [1, nil, 2]))
    }

    @Test func packsTwoBitVector() throws {
        // Large (negative), lost, small: symbols 10 00 01.
        let bytes = wire("afcd0006 00000001 00000002 00010003 00000109 e100 ffff 05 000003")
        #expect(written(feedback(deltas: [-1, nil, 5])) == bytes)
        #expect(try parsed(bytes) == feedback(deltas: [-1, nil, 5]))
    }

    @Test func readsSymbolsPastTheCount() throws {
        // A vector of fourteen for two packets.
        let bytes = wire("8fcd0005 00000001 00000002 00010002 00000109 bfff 0102")
        #expect(try parsed(bytes) == feedback(deltas: [1, 2]))
    }

    @Test func roundTripsAnyPattern() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<400 {
            let lossPercent = Int.random(in: 0...100, using: &random)
            let largePercent = Int.random(in: 0...30, using: &random)
            let count = Int.random(in: 1...120, using: &random)
            let deltas: [Int16?] = (0..<count).map { _ in
                if Int.random(in: 0..<100, using: &random) < lossPercent { return nil }
                if Int.random(in: 0..<100, using: &random) < largePercent {
                    return Int16.random(in: -3000 ... -1, using: &random)
                }
                return Int16.random(in: 0...300, using: &random)
            }
            let original = feedback(
                first: UInt16.random(in: 65400...65535, using: &random), deltas: deltas,
                referenceTime: Int32.random(in: -0x80_0000...0x7f_ffff, using: &random))
            #expect(try parsed(written(original)) == original)
        }
    }

    @Test func roundTripsLongRuns() throws {
        let deltas = [Int16?](repeating: nil, count: 8191) + [3]
        #expect(try parsed(written(feedback(deltas: deltas))) == feedback(deltas: deltas))
    }

    @Test func refusesBadCountsAndSymbols() {
        #expect(throws: ParseError.malformed("transport feedback packet count")) {
            try parsed(wire("8fcd0004 00000001 00000002 00010000 00000109"))
        }
        #expect(throws: ParseError.limitExceeded("transport feedback packets")) {
            try parsed(wire("8fcd0005 00000001 00000002 00012001 00000109 1fff 0002"))
        }
        // A run of the reserved symbol.
        #expect(throws: ParseError.malformed("transport feedback packet status")) {
            try parsed(wire("8fcd0005 00000001 00000002 00010001 00000109 6001 0000"))
        }
        // Runs of no packet until the bytes end.
        #expect(throws: ParseError.truncated) {
            try parsed(wire("8fcd0005 00000001 00000002 00010001 00000109 0000 0000"))
        }
    }

    @Test func tellsArrivalTimes() {
        let arrivals = feedback(deltas: [4, nil, -2], referenceTime: -1).arrivals
        #expect(arrivals.map(\.sequence) == [1, 2, 3].map { SequenceNumber($0) })
        #expect(arrivals.map(\.time) == [.milliseconds(-63), nil, .microseconds(-63_500)])
    }
}

@Suite struct TransportFeedbackRecorderTests {
    private func recorder() -> TransportFeedbackRecorder {
        TransportFeedbackRecorder(sender: SSRC(1), media: SSRC(2))
    }

    /// Sequence numbers and arrivals in milliseconds, nil for a lost packet.
    private func reported(_ feedback: TransportFeedback?) -> [String] {
        (feedback?.arrivals ?? []).map { arrival in
            guard let time = arrival.time else { return "\(arrival.sequence) lost" }
            return "\(arrival.sequence)@\(time.milliseconds)"
        }
    }

    @Test func reportsWhenTheIntervalIsOver() throws {
        var recorder = recorder()
        #expect(recorder.deadline == nil)
        #expect(recorder.poll(now: .milliseconds(5)) == nil)
        recorder.record(transportSequence: 10, at: .milliseconds(1000))
        recorder.record(transportSequence: 11, at: .milliseconds(1010))
        #expect(recorder.deadline == .milliseconds(1100))
        #expect(recorder.poll(now: .milliseconds(1099)) == nil)
        let polled = recorder.poll(now: .milliseconds(1100))
        let feedback = try #require(polled)
        #expect(feedback.sender == SSRC(1) && feedback.media == SSRC(2) && feedback.feedbackCount == 0)
        #expect(reported(feedback) == ["10@1000.0", "11@1010.0"])
        #expect(recorder.poll(now: .milliseconds(9999)) == nil)
        #expect(recorder.deadline == nil)
        recorder.record(transportSequence: 12, at: .milliseconds(1200))
        #expect(recorder.poll(now: .milliseconds(1300))?.feedbackCount == 1)
    }

    @Test func reportsLossAndReordering() {
        var recorder = recorder()
        recorder.record(transportSequence: 1, at: .milliseconds(0))
        recorder.record(transportSequence: 4, at: .milliseconds(2))
        recorder.record(transportSequence: 3, at: .milliseconds(5))
        recorder.record(transportSequence: 3, at: .milliseconds(7))
        #expect(reported(recorder.poll(now: .milliseconds(100))) == ["1@0.0", "2 lost", "3@5.0", "4@2.0"])
        recorder.record(transportSequence: 6, at: .milliseconds(110))
        #expect(reported(recorder.poll(now: .milliseconds(210))) == ["5 lost", "6@110.0"])
    }

    @Test func reportsALatePacketAgain() {
        var recorder = recorder()
        recorder.record(transportSequence: 1, at: .milliseconds(0))
        recorder.record(transportSequence: 3, at: .milliseconds(2))
        #expect(reported(recorder.poll(now: .milliseconds(100))) == ["1@0.0", "2 lost", "3@2.0"])
        recorder.record(transportSequence: 2, at: .milliseconds(120))
        #expect(reported(recorder.poll(now: .milliseconds(220))) == ["2@120.0", "3@2.0"])
    }

    @Test func crossesTheWrap() {
        var recorder = recorder()
        for (index, sequence) in ([65534, 65535, 1] as [UInt16]).enumerated() {
            recorder.record(transportSequence: sequence, at: .milliseconds(Int64(index)))
        }
        recorder.record(transportSequence: 65533, at: .milliseconds(10))
        #expect(
            reported(recorder.poll(now: .milliseconds(100)))
                == ["65533@10.0", "65534@0.0", "65535@1.0", "0 lost", "1@2.0"])
    }

    @Test func countsEverythingOverSeveralWraps() {
        var recorder = recorder()
        var received = 0
        for count in 0..<200_000 {
            recorder.record(transportSequence: UInt16(truncatingIfNeeded: count), at: .milliseconds(Int64(count)))
            if let feedback = recorder.poll(now: .milliseconds(Int64(count))) {
                received += feedback.packets.count
                #expect(feedback.packets.allSatisfy { $0.deltaTicks != nil })
            }
        }
        received += recorder.poll(now: .milliseconds(1_000_000))?.packets.count ?? 0
        #expect(received == 200_000)
    }

    @Test func reportsAtOnceBeforeTheRingRunsOver() {
        var recorder = recorder()
        for count in 0..<511 {
            recorder.record(transportSequence: UInt16(count), at: .zero)
        }
        #expect(recorder.poll(now: .zero) == nil)
        // A duplicate does not count.
        recorder.record(transportSequence: 510, at: .zero)
        #expect(recorder.poll(now: .zero) == nil)
        recorder.record(transportSequence: 511, at: .zero)
        #expect(recorder.poll(now: .zero)?.packets.count == 512)
        recorder.record(transportSequence: 512, at: .zero)
        #expect(recorder.poll(now: .zero) == nil)
    }

    @Test func startsAfreshAfterAGapAboveTheRing() {
        var recorder = recorder()
        recorder.record(transportSequence: 1, at: .milliseconds(0))
        recorder.record(transportSequence: 1 + 1024, at: .milliseconds(1))
        #expect(reported(recorder.poll(now: .milliseconds(101))) == ["1025@1.0"])
        // Too old for the ring.
        recorder.record(transportSequence: 1, at: .milliseconds(110))
        #expect(recorder.deadline == nil)
    }

    @Test func keepsTheLargestGapThatFits() {
        var recorder = recorder()
        recorder.record(transportSequence: 1, at: .milliseconds(0))
        recorder.record(transportSequence: 1024, at: .milliseconds(1))
        #expect(recorder.poll(now: .milliseconds(1)) == nil)
        let feedback = recorder.poll(now: .milliseconds(100))
        #expect(feedback?.packets.count == 1024)
        #expect(feedback?.packets.filter { $0.deltaTicks != nil }.count == 2)
    }

    @Test func dropsUnreportedPacketsThatLeaveTheRing() {
        var recorder = recorder()
        recorder.record(transportSequence: 1, at: .milliseconds(0))
        recorder.record(transportSequence: 1000, at: .milliseconds(1))
        recorder.record(transportSequence: 1500, at: .milliseconds(2))
        let feedback = recorder.poll(now: .milliseconds(100))
        #expect(feedback?.packets.first?.sequence == SequenceNumber(1500 - 1023))
        #expect(feedback?.packets.last?.sequence == SequenceNumber(1500))
        #expect(feedback?.packets.count == 1024)
    }

    @Test func splitsArrivalsTooFarApart() {
        var recorder = recorder()
        recorder.record(transportSequence: 1, at: .milliseconds(0))
        recorder.record(transportSequence: 3, at: .milliseconds(20_000))
        #expect(reported(recorder.poll(now: .milliseconds(20_000))) == ["1@0.0"])
        #expect(reported(recorder.poll(now: .milliseconds(20_000))) == ["2 lost", "3@20000.0"])
        #expect(recorder.poll(now: .milliseconds(30_000)) == nil)
    }

    @Test func countsTicksWithoutDrift() throws {
        var recorder = recorder()
        for index in 0..<100 {
            recorder.record(
                transportSequence: UInt16(index), at: Instant(nanoseconds: Int64(index) * 333_333 - 10_000_000))
        }
        let polled = recorder.poll(now: .milliseconds(200))
        let feedback = try #require(polled)
        for (index, arrival) in feedback.arrivals.enumerated() {
            let exact = Int64(index) * 333_333 - 10_000_000
            let time = try #require(arrival.time)
            #expect((0..<250_000).contains(exact - time.nanoseconds))
        }
    }

    @Test func survivesRandomSequences() {
        var random = SeededGenerator(seed: 3)
        var recorder = recorder()
        for step in 0..<20_000 {
            let sequence = UInt16.random(in: 0...UInt16.max, using: &random)
            recorder.record(transportSequence: sequence, at: .milliseconds(Int64(step)))
            while let feedback = recorder.poll(now: .milliseconds(Int64(step))) {
                #expect(feedback.packets.count <= 1024)
                #expect(feedback.packets.last?.deltaTicks != nil)
            }
        }
    }
}
