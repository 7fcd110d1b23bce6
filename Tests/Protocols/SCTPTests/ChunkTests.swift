import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: chunks")
struct ChunkTests {
    private func parsed(_ bytes: [UInt8]) throws(ParseError) -> Chunk {
        try Chunk(parsing: bytes.span.bytes)
    }

    /// The layout of RFC 9260 §3.3.1.
    @Test func data() throws {
        let bytes: [UInt8] = [0, 0b0111, 0, 19, 0, 0, 1, 2, 0, 3, 0, 4, 0, 0, 0, 51, 7, 8, 9]
        #expect(
            try parsed(bytes)
                == .data(
                    DataChunk(
                        flags: [.beginning, .end, .unordered], tsn: TransmissionSequenceNumber(0x102),
                        stream: StreamIdentifier(3), sequence: StreamSequenceNumber(4),
                        payloadProtocol: PayloadProtocolIdentifier(51), bytes: [7, 8, 9])))
    }

    /// RFC 9260 §3.3.2, with parameters of browsers: ECN is left alone, an unknown one of the kind 11 is reported, one
    /// of the kind 00 ends the list.
    @Test func initiation() throws {
        let head: [UInt8] = [1, 0, 0, 0, 1, 2, 3, 4, 0, 2, 0, 0, 4, 0, 8, 0, 9, 9, 9, 9]
        let parameters: [UInt8] = [
            0x80, 0, 0, 4, 0xc0, 0, 0, 4, 0x80, 8, 0, 7, 130, 192, 15, 0, 0xc0, 0x99, 0, 5, 1, 0, 0, 0,
            0x00, 0x99, 0, 4, 0xc0, 0x98, 0, 4,
        ]
        var bytes = head + parameters
        bytes[3] = UInt8(bytes.count)
        let expected = InitiationChunk(
            tag: 0x0102_0304, window: 0x20000, outgoingStreams: 1024, incomingStreams: 2048,
            initialTSN: TransmissionSequenceNumber(0x0909_0909), supportsForwardTSN: true,
            supportsReconfiguration: true, unrecognized: [[0xc0, 0x99, 0, 5, 1]])
        #expect(try parsed(bytes) == .initiation(expected))
        #expect(throws: ParseError.malformed("initiate tag")) {
            try parsed([1, 0, 0, 20, 0, 0, 0, 0] + head[8...])
        }
    }

    @Test func ownInitiationReadsBack() throws {
        let chunk = InitiationChunk(
            tag: 7, window: 1 << 20, outgoingStreams: 1024, incomingStreams: 65_535,
            initialTSN: TransmissionSequenceNumber(5), cookie: [1, 2, 3, 4, 5], supportsForwardTSN: true,
            supportsReconfiguration: true)
        let bytes = ChunkWriter.initiation(chunk, isAcknowledgement: true)
        #expect(try parsed(Array(bytes.prefix(Int(bytes[3])))) == .initiationAcknowledgement(chunk))
    }

    /// The example of RFC 9260 §3.3.4: up to 12 everything, then 14, 15 and 17.
    @Test func selectiveAcknowledgement() throws {
        let bytes: [UInt8] = [3, 0, 0, 24, 0, 0, 0, 12, 0, 0, 0x12, 0x38, 0, 2, 0, 0, 0, 2, 0, 3, 0, 5, 0, 5]
        let chunk = SelectiveAcknowledgement(
            cumulative: TransmissionSequenceNumber(12), window: 4664,
            blocks: [.init(start: 2, end: 3), .init(start: 5, end: 5)], duplicates: [])
        #expect(try parsed(bytes) == .selectiveAcknowledgement(chunk))
        #expect(ChunkWriter.selectiveAcknowledgement(chunk) == bytes)
        var received = ReceivedTSNs(before: TransmissionSequenceNumber(10))
        for number in [10, 11, 12, 14, 15, 17] as [UInt32] {
            #expect(received.insert(TransmissionSequenceNumber(number)) == .new)
        }
        #expect(received.report(window: 4664) == chunk)
    }

    /// RFC 6525 §4.1: the padding of the last parameter does not count to the chunk.
    @Test func reconfiguration() throws {
        let parameter = ReconfigurationParameter.outgoingReset(
            request: 1, response: 2, lastTSN: TransmissionSequenceNumber(3), streams: [StreamIdentifier(4)])
        let bytes = ChunkWriter.reconfiguration(parameter)
        #expect(bytes == [130, 0, 0, 22, 0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 0, 0])
        #expect(try parsed(Array(bytes.prefix(22))) == .reconfiguration([parameter]))
    }

    @Test func forwardTSN() throws {
        let chunk = ForwardTSN(
            cumulative: TransmissionSequenceNumber(9),
            skips: [.init(stream: StreamIdentifier(1), sequence: StreamSequenceNumber(2))])
        let bytes = ChunkWriter.forwardTSN(chunk)
        #expect(bytes == [192, 0, 0, 12, 0, 0, 0, 9, 0, 1, 0, 2])
        #expect(try parsed(bytes) == .forwardTSN(chunk))
    }

    @Test func wrongLengths() {
        #expect(throws: ParseError.malformed("gap block")) {
            try parsed([3, 0, 0, 20, 0, 0, 0, 12, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 2])
        }
        #expect(throws: ParseError.truncated) {
            try parsed([3, 0, 0, 16, 0, 0, 0, 12, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
        }
        #expect(throws: ParseError.malformed("parameter length")) { try parsed([9, 0, 0, 8, 0, 1, 0, 3]) }
        #expect(throws: ParseError.truncated) { try parsed([9, 0, 0, 8, 0, 1, 0, 9]) }
    }

    @Test(arguments: [0, UInt32.max - 20, 1 << 31])
    func numbersInAnyOrder(origin: UInt32) {
        var generator = SeededGenerator(seed: UInt64(origin))
        for _ in 0..<20 {
            let first = TransmissionSequenceNumber(origin)
            var received = ReceivedTSNs(before: first)
            var seen = Set<Int>()
            for offset in (0..<60).flatMap({ [$0, $0] }).shuffled(using: &generator) {
                let isNew = seen.insert(offset).inserted
                #expect(received.insert(first + offset) == (isNew ? .new : .duplicate))
                let gap = (0...60).first { !seen.contains($0) } ?? 0
                #expect(received.cumulative == first + (gap - 1))
                let reported = received.report(window: 0).blocks.flatMap { Array($0.start...$0.end) }
                #expect(reported == seen.filter { $0 > gap }.map { $0 - gap + 1 }.sorted())
            }
        }
    }
}
