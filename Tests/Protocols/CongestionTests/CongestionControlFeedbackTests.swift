import Congestion
import ProtocolCore
import RTP
import Testing

@Suite("RFC 8888 feedback")
struct CongestionControlFeedbackTests {
    /// Two streams, three packets and two; the report at 2.5 s.
    static let packet: [UInt8] = {
        var bytes: [UInt8] = [0x80 | 11, 205, 0, 9]
        bytes.append(bigEndian: UInt32(0xaaaa_aaaa))
        bytes.append(bigEndian: UInt32(0x1111_1111))
        bytes.append(bigEndian: UInt16(65_535))
        bytes.append(bigEndian: UInt16(3))
        bytes.append(bigEndian: UInt16(0x8000 | 512))
        bytes.append(bigEndian: UInt16(0))
        bytes.append(bigEndian: UInt16(0x8000 | 3 << 13 | 256))
        bytes.append(bigEndian: UInt16(0))
        bytes.append(bigEndian: UInt32(0x2222_2222))
        bytes.append(bigEndian: UInt16(7))
        bytes.append(bigEndian: UInt16(2))
        bytes.append(bigEndian: UInt16(0x8000 | 0x1ffe))
        bytes.append(bigEndian: UInt16(0x8000))
        bytes.append(bigEndian: UInt32(0x0002_8000))
        return bytes
    }()

    @Test("Packets of several streams, with their arrivals")
    func reads() throws {
        let feedback = try CongestionControlFeedback(parsing: CongestionControlFeedbackTests.packet.span.bytes)
        #expect(feedback.sender == SSRC(0xaaaa_aaaa))
        #expect(feedback.timestamp == 0x0002_8000)
        #expect(feedback.packets.map(\.sequence.rawValue) == [65_535, 0, 1, 7, 8])
        #expect(feedback.packets.map(\.hasArrived) == [true, false, true, true, true])
        #expect(feedback.packets.map(\.congestionMark) == [0, 0, 3, 0, 0])
        #expect(
            feedback.packets.map { $0.arrival?.nanoseconds } == [2_000_000_000, nil, 2_250_000_000, nil, 2_500_000_000])
        #expect(feedback.packets.last?.stream == SSRC(0x2222_2222))
    }

    @Test("Cut anywhere it is refused")
    func truncated() {
        for length in 0..<CongestionControlFeedbackTests.packet.count {
            let cut = Array(CongestionControlFeedbackTests.packet.prefix(length))
            #expect(throws: ParseError.self) { try CongestionControlFeedback(parsing: cut.span.bytes) }
        }
    }

    @Test("Other formats, and more than is accepted, are refused")
    func refuses() {
        var other = CongestionControlFeedbackTests.packet
        other[0] = 0x80 | 15
        #expect(throws: ParseError.malformed("congestion control feedback format")) {
            try CongestionControlFeedback(parsing: other.span.bytes)
        }
        var many: [UInt8] = [0xa0 | 11, 205, 0, 0, 0, 0, 0, 1]
        for stream in 0...CongestionControlFeedback.maximumStreams {
            many.append(bigEndian: UInt32(stream))
            many.append(bigEndian: UInt32(0))
        }
        many.append(bigEndian: UInt32(0))
        #expect(throws: ParseError.limitExceeded("congestion control feedback streams")) {
            try CongestionControlFeedback(parsing: many.span.bytes)
        }
        var long: [UInt8] = [0xa0 | 11, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0x20, 0x02]
        long.append(contentsOf: [UInt8](repeating: 0, count: 0x2002 * 2 + 4))
        #expect(throws: ParseError.limitExceeded("congestion control feedback packets")) {
            try CongestionControlFeedback(parsing: long.span.bytes)
        }
    }

    @Test("The time line goes on when time stamps wrap")
    func timeLine() throws {
        var bytes = CongestionControlFeedbackTests.packet
        var previous: Int64? = 0xffff_8000
        var feedback = try CongestionControlFeedback(parsing: bytes.span.bytes)
        feedback.extendTimeLine(after: &previous)
        #expect(previous == 0x1_0002_8000)
        #expect(feedback.packets.last?.arrival == Instant(nanoseconds: 65_538_500_000_000))
        // An older report that comes later.
        bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0xff, 0xff, 0x80, 0])
        var older = try CongestionControlFeedback(parsing: bytes.span.bytes)
        older.extendTimeLine(after: &previous)
        #expect(previous == 0x1_0002_8000)
        #expect(older.packets.last?.arrival == Instant(nanoseconds: 65_535_500_000_000))
    }

    @Test("A stream's packets are found by their transport-wide numbers")
    func numbering() {
        var numbering = StreamNumbering()
        #expect(numbering.transportSequence(of: SequenceNumber(0)) == nil)
        for index in 0..<1500 {
            numbering.sent(SequenceNumber(65_000) + index, transportSequence: UInt16(index * 2))
        }
        let last = SequenceNumber(65_000) + 1499
        #expect(numbering.transportSequence(of: last) == SequenceNumber(2998))
        #expect(numbering.transportSequence(of: last + -1023) == SequenceNumber(952))
        #expect(numbering.transportSequence(of: last + -1024) == nil)
        #expect(numbering.transportSequence(of: last + 1) == nil)
        numbering.sent(last + 10, transportSequence: 7)
        #expect(numbering.transportSequence(of: last) == nil)
        #expect(numbering.transportSequence(of: last + 10) == SequenceNumber(7))
    }
}
