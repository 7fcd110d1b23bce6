import ProtocolCore
import RTP
import Testing

@Suite struct RTPHeaderTests {
    /// Padding, extension of two words, two contributing sources, marker, payload type 111.
    private let full = wire(
        "b2 ef 1234 89abcdef 01020304 aaaaaaaa bbbbbbbb bede 0002 10ff 22112233 00 00 55 55 01")

    @Test func readsEveryField() throws {
        let header = try RTPHeader(parsing: full.span.bytes)
        #expect(header.marker)
        #expect(header.payloadType == PayloadType(111))
        #expect(header.sequenceNumber == SequenceNumber(0x1234))
        #expect(header.timestamp == RTPTimestamp(0x89ab_cdef))
        #expect(header.ssrc == SSRC(0x0102_0304))
        #expect(header.csrcCount == 2)
        #expect(header.extensionProfile == 0xbede)
        #expect(header.extensionOffset == 24)
        #expect(header.extensionLength == 8)
        #expect(header.headerLength == 32)
        #expect(header.hasPadding)
    }

    @Test func readsMinimalHeader() throws {
        let header = try RTPHeader(parsing: wire("80 00 ffff 00000000 ffffffff").span.bytes)
        #expect(!header.marker && !header.hasPadding)
        #expect(header.headerLength == 12)
        #expect(header.extensionProfile == 0 && header.extensionOffset == 0 && header.extensionLength == 0)
    }

    @Test func refusesTruncationAtEveryOffset() {
        for length in 0..<32 {
            let cut = Array(full[..<length])
            #expect(throws: ParseError.truncated) { try RTPHeader(parsing: cut.span.bytes) }
        }
    }

    @Test(arguments: [0x00, 0x40, 0xc0] as [UInt8])
    func refusesOtherVersions(first: UInt8) {
        var packet = full
        packet[0] = first
        #expect(throws: ParseError.malformed("RTP version")) { try RTPHeader(parsing: packet.span.bytes) }
    }

    @Test func readsPaddingLength() throws {
        #expect(try RTPHeader.paddingLength(of: wire("55 00 00 03").span.bytes) == 3)
        #expect(try RTPHeader.paddingLength(of: wire("00 00 03").span.bytes) == 3)
        #expect(throws: ParseError.malformed("RTP padding length")) {
            try RTPHeader.paddingLength(of: wire("00 03").span.bytes)
        }
        #expect(throws: ParseError.malformed("RTP padding length")) {
            try RTPHeader.paddingLength(of: wire("55 00").span.bytes)
        }
        #expect(throws: ParseError.truncated) { try RTPHeader.paddingLength(of: [UInt8]().span.bytes) }
    }

    @Test func writesWhatItReads() throws {
        var bytes = [UInt8](repeating: 0xff, count: 13)
        let written = bytes.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.flatMap {
                RTPHeader.write(
                    marker: true, payloadType: PayloadType(96), sequenceNumber: SequenceNumber(65535),
                    timestamp: RTPTimestamp(4_000_000_000), ssrc: SSRC(7), into: $0, capacity: 12)
            }
        }
        #expect(written == 12)
        #expect(bytes == wire("80 e0 ffff ee6b2800 00000007 ff"))
        let header = try RTPHeader(parsing: bytes.span.bytes)
        #expect(header.sequenceNumber == SequenceNumber(65535))
        #expect(header.timestamp == RTPTimestamp(4_000_000_000))
    }

    @Test func writesNothingWithoutRoom() {
        var bytes = [UInt8](repeating: 0xff, count: 12)
        let written = bytes.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.flatMap {
                RTPHeader.write(
                    marker: false, payloadType: PayloadType(96), sequenceNumber: SequenceNumber(1),
                    timestamp: RTPTimestamp(1), ssrc: SSRC(7), into: $0, capacity: 11)
            }
        }
        #expect(written == nil)
        #expect(bytes == [UInt8](repeating: 0xff, count: 12))
    }

    @Test func timestampsWrap() {
        let before = RTPTimestamp(0xffff_ff00)
        let after = before + 0x200
        #expect(after == RTPTimestamp(0x100))
        #expect(after.distance(from: before) == 0x200)
        #expect(before.distance(from: after) == -0x200)
        #expect(after.isNewer(than: before) && !before.isNewer(than: after))
        #expect(after - 0x200 == before)
    }
}
