import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: checksum")
struct ChecksumTests {
    /// RFC 3720 appendix B.4, with the bytes of each value in transmission order, and the check value of the catalogue.
    @Test func knownVectors() {
        let zeros = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xff, count: 32)
        let up = [UInt8](0..<32)
        let down = [UInt8]((0..<32).reversed())
        #expect(CRC32c.checksum(zeros.span.bytes) == 0x8a91_36aa)
        #expect(CRC32c.checksum(ones.span.bytes) == 0x62a8_ab43)
        #expect(CRC32c.checksum(up.span.bytes) == 0x46dd_794e)
        #expect(CRC32c.checksum(down.span.bytes) == 0x113f_db5c)
        #expect(CRC32c.checksum(Array("123456789".utf8).span.bytes) == 0xe306_9283)
    }

    @Test func theFieldItselfCountsAsZero() {
        var packet = [UInt8](0..<40)
        let checksum = CRC32c.checksum(ofPacket: packet.span.bytes)
        packet.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        #expect(CRC32c.checksum(packet.span.bytes) == checksum)
    }

    @Test func aChangedBitIsFound() throws {
        var association = SCTPAssociation(SCTPConfiguration(seed: 1))
        association.connect(now: .zero)
        var packet: [UInt8] = []
        try #require(association.nextControlPacket(now: .zero, into: &packet))
        for bit in 0..<packet.count * 8 {
            var changed = packet
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: PacketFailure.checksum) { try SCTPPacket(parsing: changed.span.bytes) }
        }
    }
}
