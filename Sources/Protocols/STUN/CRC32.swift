/// The CRC-32 of ITU-T V.42, as FINGERPRINT uses it (RFC 8489 §14.7).
enum CRC32 {
    /// FINGERPRINT is the checksum combined with this, so that a checksum inside another protocol does not pass for it.
    static let stunMask: UInt32 = 0x5354_554e

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1
        }
    }

    static func checksum(_ bytes: RawSpan) -> UInt32 {
        var value: UInt32 = 0xffff_ffff
        for offset in 0..<bytes.byteCount {
            let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            value = table[Int((value ^ UInt32(byte)) & 0xff)] ^ (value >> 8)
        }
        return ~value
    }
}
