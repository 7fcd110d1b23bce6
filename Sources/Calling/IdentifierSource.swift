import Synchronization

/// Makes the GUIDs of calls and participants.
///
/// The generator is handed in: the system's in a server, a seeded one in tests, where every run then has the same
/// names.
public final class IdentifierSource: Sendable {
    private let generator: Mutex<any RandomNumberGenerator & Sendable>

    /// - Parameter generator: where the random bits come from.
    public init(_ generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()) {
        self.generator = Mutex(generator)
    }

    /// A new random GUID (RFC 9562 §5.4, version 4) in lower case.
    public func guid() -> String {
        let (high, low) = generator.withLock { generator in
            (generator.next(), generator.next())
        }
        let marked = (high: high & ~0xf000 | 0x4000, low: low & ~(0b11 << 62) | (0b10 << 62))
        let digits = Self.hexadecimal(marked.high) + Self.hexadecimal(marked.low)
        var guid: [UInt8] = []
        guid.reserveCapacity(36)
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) {
                guid.append(UInt8(ascii: "-"))
            }
            guid.append(digit)
        }
        return String(decoding: guid, as: UTF8.self)
    }

    /// A new random key of 128 bits as 32 hexadecimal digits.
    public func key() -> String {
        let (high, low) = generator.withLock { generator in
            (generator.next(), generator.next())
        }
        return String(decoding: Self.hexadecimal(high) + Self.hexadecimal(low), as: UTF8.self)
    }

    /// The GUID that a remote text means, in lower case; nil when the text is no GUID (8-4-4-4-12 hexadecimal digits).
    public static func canonicalGUID(_ text: String) -> String? {
        let bytes = text.utf8
        guard bytes.count == 36 else { return nil }
        for (index, byte) in bytes.enumerated() {
            switch index {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return nil }
            default:
                guard
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
                else { return nil }
            }
        }
        return text.lowercased()
    }

    private static func hexadecimal(_ value: UInt64) -> [UInt8] {
        (0..<16).map { index in
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64((15 - index) * 4)) & 0xf
            return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
        }
    }
}
