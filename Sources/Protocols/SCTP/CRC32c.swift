internal import ProtocolCore

/// The checksum of SCTP packets: CRC32c after Castagnoli (RFC 9260 §6.8 and appendix A).
enum CRC32c {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0x82f6_3b78 ^ (value >> 1) : value >> 1
        }
    }

    /// The checksum of plain bytes.
    static func checksum(_ bytes: RawSpan) -> UInt32 {
        ~update(0xffff_ffff, with: bytes)
    }

    /// The checksum of a packet of at least 12 bytes, its own field taken as zero. On the wire it stands with its lowest
    /// byte first.
    static func checksum(ofPacket packet: RawSpan) -> UInt32 {
        var value = update(0xffff_ffff, with: packet.extracting(0..<8))
        for _ in 0..<4 {
            value = table[Int(value & 0xff)] ^ (value >> 8)
        }
        return ~update(value, with: packet.extracting(12..<packet.byteCount))
    }

    private static func update(_ start: UInt32, with bytes: RawSpan) -> UInt32 {
        var value = start
        let table = table
        for offset in 0..<bytes.byteCount {
            let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            value = table[Int((value ^ UInt32(byte)) & 0xff)] ^ (value >> 8)
        }
        return value
    }
}
