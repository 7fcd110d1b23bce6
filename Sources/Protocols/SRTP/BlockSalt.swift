/// A salt of up to 14 bytes as two host-order words of a 16-byte block, zeros behind it, ready to be XORed.
struct BlockSalt: Sendable {
    let high: UInt64
    let low: UInt64

    init(_ salt: [UInt8]) {
        var words: (UInt64, UInt64) = (0, 0)
        for (position, byte) in salt.prefix(16).enumerated() {
            let shifted = UInt64(byte) << UInt64(56 - 8 * (position & 7))
            if position < 8 {
                words.0 |= shifted
            } else {
                words.1 |= shifted
            }
        }
        (high, low) = words
    }
}

/// Big-endian loads and stores at any alignment, where the caller has checked the bounds.
extension UnsafeRawPointer {
    @inline(__always)
    func loadBigEndian16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func loadBigEndian32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    func storeBigEndian32(_ value: UInt32, _ offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
}
