import ProtocolCore
import Testing

/// Bytes written as hexadecimal digits; spaces are ignored.
func wire(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.filter { $0 != " " && $0 != "\n" }
    var bytes: [UInt8] = []
    var rest = digits[...]
    while let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
        bytes.append(byte)
        rest = rest.dropFirst(2)
    }
    return bytes
}

extension Instant {
    /// The instant some milliseconds after the origin.
    static func milliseconds(_ count: Int64) -> Instant {
        .zero + .milliseconds(count)
    }
}

/// Appends bit fields, most significant bit first: an oracle that shares nothing with the parser under test.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var free = 0

    mutating func write(_ value: UInt32, bits: Int) {
        for shift in stride(from: bits - 1, through: 0, by: -1) {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            free -= 1
            bytes[bytes.count - 1] |= UInt8(value >> UInt32(shift) & 1) << UInt8(free)
        }
    }
}
