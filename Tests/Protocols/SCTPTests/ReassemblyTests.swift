import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: reassembly")
struct ReassemblyTests {
    private func chunk(
        _ tsn: UInt32, _ flags: DataChunk.Flags, stream: UInt16 = 0, sequence: UInt16 = 0, _ bytes: [UInt8]
    ) -> DataChunk {
        DataChunk(
            flags: flags, tsn: TransmissionSequenceNumber(tsn), stream: StreamIdentifier(stream),
            sequence: StreamSequenceNumber(sequence), payloadProtocol: PayloadProtocolIdentifier(53), bytes: bytes)
    }

    private func whole(_ tsn: UInt32, sequence: UInt16, _ byte: UInt8) -> DataChunk {
        chunk(tsn, [.beginning, .end], sequence: sequence, [byte])
    }

    @Test(arguments: [0, UInt32.max - 2])
    func partsInAnyOrder(origin: UInt32) throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<50 {
            var reassembly = Reassembly(largestMessage: 100)
            var messages: [IncomingMessage] = []
            // Three messages of three parts each on two streams, the numbers wrapping.
            let parts = (0..<9 as Range<UInt32>).map { index -> DataChunk in
                let flags: DataChunk.Flags = [[.beginning], [], [.end]][Int(index % 3)]
                let message = UInt16(index / 3)
                return chunk(
                    origin &+ index, flags, stream: message % 2, sequence: message / 2, [UInt8(index)])
            }
            for part in parts.shuffled(using: &generator) { try reassembly.insert(part, into: &messages) }
            #expect(messages.filter { $0.stream.rawValue == 0 }.map(\.bytes) == [[0, 1, 2], [6, 7, 8]])
            #expect(messages.filter { $0.stream.rawValue == 1 }.map(\.bytes) == [[3, 4, 5]])
            #expect(reassembly.bufferedBytes == 0)
        }
    }

    @Test func manyPartsBackward() throws {
        var reassembly = Reassembly(largestMessage: 100_000)
        var messages: [IncomingMessage] = []
        for index in (0..<20_000 as Range<UInt32>).reversed() {
            let flags: DataChunk.Flags = index == 0 ? .beginning : index == 19_999 ? .end : []
            try reassembly.insert(chunk(index, flags, [UInt8(truncatingIfNeeded: index)]), into: &messages)
        }
        #expect(messages.map(\.bytes) == [(0..<20_000).map { UInt8(truncatingIfNeeded: $0) }])
    }

    @Test func theLimitHoldsForTheSumOfParts() throws {
        var reassembly = Reassembly(largestMessage: 5)
        var messages: [IncomingMessage] = []
        try reassembly.insert(chunk(1, .beginning, [1, 2]), into: &messages)
        try reassembly.insert(chunk(3, .end, [1, 2]), into: &messages)
        #expect(throws: SCTPViolation.messageTooLarge) { try reassembly.insert(chunk(2, [], [1, 2]), into: &messages) }
        #expect(throws: SCTPViolation.messageTooLarge) {
            try reassembly.insert(chunk(9, [.beginning, .end], [1, 2, 3, 4, 5, 6]), into: &messages)
        }
    }

    /// What is passed over, near or far, with messages waiting before, at and behind it.
    @Test(arguments: [1, 3, 40] as [UInt16])
    func passingOver(skipped: UInt16) throws {
        var reassembly = Reassembly(largestMessage: 100)
        var messages: [IncomingMessage] = []
        for sequence in [1, 2, 4, 41, 43] as [UInt16] {
            try reassembly.insert(whole(UInt32(sequence) + 100, sequence: sequence, UInt8(sequence)), into: &messages)
        }
        #expect(messages.isEmpty)
        reassembly.skip(
            ForwardTSN(
                cumulative: TransmissionSequenceNumber(102),
                skips: [.init(stream: StreamIdentifier(0), sequence: StreamSequenceNumber(skipped))]),
            from: TransmissionSequenceNumber(99), into: &messages)
        let expected: [UInt16: [UInt8]] = [1: [1, 2], 3: [1, 2, 4], 40: [1, 2, 4, 41]]
        #expect(messages.map { $0.bytes[0] } == expected[skipped])
    }
}
