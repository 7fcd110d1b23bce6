/// Writes the fields of an H.264 NAL unit (ITU-T H.264 §7.2, §9.1).
struct ExpGolombWriter {
    private var bytes: [UInt8] = []
    private var byte: UInt8 = 0
    private var bitCount = 0

    /// Writes the low `count` bits, 0...32.
    mutating func bits(_ value: UInt32, _ count: Int) {
        for position in (0..<count).reversed() {
            byte = byte << 1 | UInt8(truncatingIfNeeded: value >> UInt32(position) & 1)
            bitCount += 1
            guard bitCount == 8 else { continue }
            bytes.append(byte)
            byte = 0
            bitCount = 0
        }
    }

    mutating func flag(_ value: Bool) {
        bits(value ? 1 : 0, 1)
    }

    /// Writes `ue(v)` of a value below 65536.
    mutating func unsigned(_ value: Int) {
        let code = UInt32(truncatingIfNeeded: value) + 1
        let width = UInt32.bitWidth - code.leadingZeroBitCount
        bits(0, width - 1)
        bits(code, width)
    }

    /// Ends the fields with a stop bit, and puts the header byte and emulation prevention bytes in (§7.4.1).
    mutating func nalUnit(header: UInt8) -> [UInt8] {
        flag(true)
        while bitCount != 0 { flag(false) }
        var unit = [header]
        var zeros = 0
        for byte in bytes {
            if zeros >= 2, byte <= 3 {
                unit.append(3)
                zeros = 0
            }
            unit.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return unit
    }
}
