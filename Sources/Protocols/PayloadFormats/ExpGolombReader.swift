internal import ProtocolCore

/// Reads the fields of an H.264 NAL unit (ITU-T H.264 §7.2, §9.1) and leaves out emulation prevention bytes on the way.
///
/// It holds a position only; the span is passed to each read.
struct ExpGolombReader {
    private var offset: Int
    /// The bits of `byte` not read yet, 0...7.
    private var bitsLeft = 0
    private var byte: UInt8 = 0
    /// How many zero bytes came just before `offset`.
    private var zeros = 0

    /// Begins at `offset`, which must not lie between two zero bytes and the byte they protect.
    init(offset: Int) {
        self.offset = offset
    }

    mutating func flag(in span: RawSpan) throws(ParseError) -> Bool {
        if bitsLeft == 0 {
            byte = try nextByte(in: span)
            bitsLeft = 8
        }
        bitsLeft -= 1
        return byte >> UInt8(bitsLeft) & 1 == 1
    }

    /// Reads an unsigned field of 0...32 bits.
    mutating func bits(_ count: Int, in span: RawSpan) throws(ParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count { value = value << 1 | (try flag(in: span) ? 1 : 0) }
        return value
    }

    /// Reads `ue(v)`, at most 2^32 - 2.
    mutating func unsigned(in span: RawSpan) throws(ParseError) -> UInt32 {
        var width = 0
        while try !flag(in: span) {
            width += 1
            guard width < 32 else { throw .malformed("Exp-Golomb code") }
        }
        let rest = try bits(width, in: span)
        return (UInt32(1) << UInt32(width)) - 1 + rest
    }

    /// Reads `ue(v)` that must not exceed `limit`; `field` names it for the error.
    mutating func unsigned(
        _ field: StaticString, upTo limit: UInt32, in span: RawSpan
    ) throws(ParseError) -> Int {
        let value = try unsigned(in: span)
        guard value <= limit else { throw .malformed(field) }
        return Int(value)
    }

    /// Reads `se(v)`, within ±(2^31 - 1).
    mutating func signed(in span: RawSpan) throws(ParseError) -> Int {
        let code = Int(try unsigned(in: span))
        return code & 1 == 1 ? (code + 1) / 2 : -(code / 2)
    }

    private mutating func nextByte(in span: RawSpan) throws(ParseError) -> UInt8 {
        var next = try span.uint8(at: offset)
        if zeros >= 2, next == 3 {
            offset += 1
            zeros = 0
            next = try span.uint8(at: offset)
        }
        offset += 1
        zeros = next == 0 ? zeros + 1 : 0
        return next
    }
}
