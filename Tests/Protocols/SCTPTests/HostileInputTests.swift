import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: hostile input")
struct HostileInputTests {
    /// Every kind of packet that two associations say to each other.
    private func recordedPackets() throws -> [[UInt8]] {
        let pair = Pair()
        var packets: [[UInt8]] = []
        var count = 0
        pair.change = { _, _, packet in
            packets.append(packet)
            count += 1
            return count.isMultiple(of: 7) ? [] : [packet]
        }
        pair.connect()
        for index in 0..<10 {
            try pair.send(
                pattern(700 * index + 1, index), stream: UInt16(index % 3),
                delivery: MessageDelivery(reliability: .retransmissions(0)))
        }
        pair[.left].resetStreams([StreamIdentifier(1)], now: pair.now)
        pair.run(for: .seconds(40))
        pair[.left].shutdown(now: pair.now)
        pair.run(for: .seconds(20))
        return packets
    }

    @Test func recordedPacketsHaveEveryKind() throws {
        let types = Set(try recordedPackets().map { $0[12] })
        #expect(types.isSuperset(of: [0, 1, 2, 3, 4, 5, 7, 8, 10, 11, 14, 130, 192]))
    }

    /// Cut at every length, with its checksum made right again: nothing traps, and nothing but what ends at a chunk's
    /// end is read.
    @Test func truncationAtEveryOffset() throws {
        for packet in try recordedPackets() {
            for count in 0..<packet.count {
                var cut = Array(packet.prefix(count))
                if count >= 12 { PacketWriter.finish(&cut) }
                let parsed = try? SCTPPacket(parsing: cut.span.bytes)
                if let parsed { #expect(parsed.chunks.count >= 1 && count >= 16) }
                let pair = Pair()
                pair[.right].receive(cut.span.bytes, now: pair.now)
                if parsed == nil {
                    #expect(pair[.right].counters.malformedPackets + pair[.right].counters.checksumFailures == 1)
                }
            }
        }
    }

    /// Packets on the way are changed, with right checksums and tags; whatever comes of it, nothing traps and nothing
    /// grows without bound.
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func changedPackets(seed: UInt64) throws {
        let pair = Pair(seed: seed)
        var generator = SeededGenerator(seed: seed)
        pair.change = { _, number, packet in
            guard number > 3, Int.random(in: 0..<4, using: &generator) == 0 else { return [packet] }
            var changed = packet
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 12..<changed.count, using: &generator)
                changed[index] = .random(in: 0...255, using: &generator)
            }
            PacketWriter.finish(&changed)
            return [changed]
        }
        pair.connect([.left, .right])
        for index in 0..<100 {
            try? pair.send(pattern(index * 40 + 1, index), stream: UInt16(index % 3))
            try? pair.send(
                pattern(index * 10 + 1, index), from: .right,
                delivery: MessageDelivery(reliability: .retransmissions(1)))
            if index == 50 { pair[.left].resetStreams([StreamIdentifier(2)], now: pair.now) }
            pair.run(for: .milliseconds(20))
        }
        pair.run(for: .seconds(30))
        for end in Pair.End.allCases {
            #expect(pair[end].reassembly.bufferedBytes <= (1 << 20) + 65_536)
            #expect(pair[end].control.count <= 40)
        }
    }

    private func established() -> Pair {
        let pair = Pair()
        pair.connect()
        pair.settle()
        return pair
    }

    private func packet(to association: SCTPAssociation, _ chunks: [UInt8]) -> [UInt8] {
        var packet: [UInt8] = []
        PacketWriter.begin(&packet, from: 5000, to: 5000, tag: association.localTag)
        packet += chunks
        PacketWriter.finish(&packet)
        return packet
    }

    private func data(
        _ offset: Int, to association: SCTPAssociation, flags: DataChunk.Flags = [.beginning, .end], stream: UInt16 = 0,
        sequence: UInt16 = 0, _ bytes: [UInt8] = [1]
    ) -> [UInt8] {
        var packet: [UInt8] = []
        PacketWriter.begin(&packet, from: 5000, to: 5000, tag: association.localTag)
        PacketWriter.appendData(
            flags, tsn: association.received.cumulative + offset, stream: StreamIdentifier(stream),
            sequence: StreamSequenceNumber(sequence), payloadProtocol: PayloadProtocolIdentifier(53), bytes: bytes[...],
            to: &packet)
        PacketWriter.finish(&packet)
        return packet
    }

    @Test func gapsAreBounded() {
        let pair = established()
        for index in 1...2000 {
            let bytes = data(2 * index, to: pair[.right], sequence: UInt16(index))
            pair[.right].receive(bytes.span.bytes, now: pair.now)
        }
        #expect(pair[.right].counters.outOfWindowChunks == 2000 - ReceivedTSNs.largestRunCount)
        var sack: [UInt8] = []
        #expect(pair[.right].nextControlPacket(now: pair.now, into: &sack))
        #expect(sack.count <= 640)
    }

    @Test func messagesOutOfTurnAreBounded() {
        let pair = established()
        // Stream sequence 0 never comes, so nothing can be given out.
        for index in 1...3000 {
            let bytes = data(1, to: pair[.right], sequence: UInt16(index), [UInt8](repeating: 1, count: 1000))
            pair[.right].receive(bytes.span.bytes, now: pair.now)
        }
        #expect(pair[.right].reassembly.bufferedBytes <= (1 << 20) + 65_536)
        #expect(pair[.right].counters.outOfWindowChunks > 1000)
        #expect(pair[.right].poll() == nil)
    }

    @Test func aFarAwayNumberIsNotTaken() {
        let pair = established()
        for offset in [70_000, 1 << 30, -(1 << 30), 0] {
            let bytes = data(offset, to: pair[.right])
            pair[.right].receive(bytes.span.bytes, now: pair.now)
        }
        #expect(pair[.right].counters.outOfWindowChunks == 2)
        #expect(pair[.right].counters.duplicateChunks == 2)
        #expect(pair[.right].poll() == nil)
    }

    @Test func aStreamThatDoesNotExistIsReported() throws {
        let pair = established()
        pair[.right].receive(data(1, to: pair[.right], stream: 1024).span.bytes, now: pair.now)
        #expect(pair[.right].counters.invalidStreams == 1)
        var answer: [UInt8] = []
        try #require(pair[.right].nextControlPacket(now: pair.now, into: &answer))
        #expect(try SCTPPacket(parsing: answer.span.bytes).chunks == [.error(causes: [1])])
    }

    @Test func dataWithoutDataEndsIt() {
        let pair = established()
        pair[.right].receive(data(1, to: pair[.right], []).span.bytes, now: pair.now)
        #expect(pair[.right].poll() == .closed(.protocolViolation(.noUserData)))
    }

    @Test func partsOfDifferentMessagesEndIt() {
        let pair = established()
        let first = data(1, to: pair[.right], flags: .beginning)
        pair[.right].receive(first.span.bytes, now: pair.now)
        let second = data(1, to: pair[.right], flags: .end, stream: 3)
        pair[.right].receive(second.span.bytes, now: pair.now)
        #expect(pair[.right].poll() == .closed(.protocolViolation(.inconsistentFragments)))
    }

    @Test func acknowledgingTooMuchEndsIt() {
        let pair = established()
        let sack = ChunkWriter.selectiveAcknowledgement(
            SelectiveAcknowledgement(
                cumulative: pair[.right].outstanding.next, window: 1, blocks: [], duplicates: []))
        pair[.right].receive(packet(to: pair[.right], sack).span.bytes, now: pair.now)
        #expect(pair[.right].poll() == .closed(.protocolViolation(.acknowledgedTooMuch)))
    }

    /// RFC 9260 §3.2: the upper bits say whether to go on and whether to report.
    @Test(
        arguments: [
            (0x3f, false, false), (0x7f, false, true), (0xbf, true, false), (0xfe, true, true),
        ] as [(UInt8, Bool, Bool)])
    func unknownChunks(type: UInt8, goesOn: Bool, reports: Bool) throws {
        let pair = established()
        let unknown: [UInt8] = [type, 0, 0, 6, 1, 2, 0, 0]
        let heartbeat = ChunkWriter.chunk(.heartbeat, [0, 1, 0, 8, 1, 2, 3, 4])
        pair[.right].receive(packet(to: pair[.right], unknown + heartbeat).span.bytes, now: pair.now)
        var answers: [Chunk] = []
        var answer: [UInt8] = []
        while pair[.right].nextControlPacket(now: pair.now, into: &answer) {
            answers += try SCTPPacket(parsing: answer.span.bytes).chunks
        }
        #expect(answers.contains(.error(causes: [6])) == reports)
        #expect(answers.contains(.heartbeatAcknowledgement(information: [0, 1, 0, 8, 1, 2, 3, 4])) == goesOn)
    }

    @Test func answersAreBounded() {
        let pair = established()
        let heartbeat = packet(to: pair[.right], ChunkWriter.chunk(.heartbeat, [0, 1, 0, 8, 1, 2, 3, 4]))
        for _ in 0..<1000 { pair[.right].receive(heartbeat.span.bytes, now: pair.now) }
        #expect(pair[.right].control.count == 32)
        #expect(pair[.right].counters.droppedReplies == 968)
    }

    @Test func foreignPacketsAreLeftAlone() throws {
        let pair = established()
        var abort = packet(to: pair[.right], ChunkWriter.abort(12))
        abort[4] ^= 1
        PacketWriter.finish(&abort)
        pair[.right].receive(abort.span.bytes, now: pair.now)
        var otherPort = packet(to: pair[.right], ChunkWriter.abort(12))
        otherPort[1] ^= 1
        PacketWriter.finish(&otherPort)
        pair[.right].receive(otherPort.span.bytes, now: pair.now)
        #expect(pair[.right].counters.foreignPackets == 2)
        #expect(pair[.right].isEstablished)
    }
}
