import ProtocolCore

/// Reads bit fields of a span, most significant bit first. It holds a position only; the span is passed to each read.
struct BitReader {
    /// The bits read so far.
    private(set) var position = 0

    /// Reads an unsigned field of 0...32 bits.
    mutating func bits(_ count: Int, in span: RawSpan) throws(ParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            let byte = try span.uint8(at: position >> 3)
            value = value << 1 | UInt32(byte >> UInt8(7 - position & 7)) & 1
            position += 1
        }
        return value
    }

    mutating func flag(in span: RawSpan) throws(ParseError) -> Bool {
        try bits(1, in: span) == 1
    }

    /// Reads a value of 0..<`limit` in the nearly fixed code `ns(n)` of the AV1 RTP specification, A.8.2.
    mutating func nonSymmetric(below limit: UInt32, in span: RawSpan) throws(ParseError) -> UInt32 {
        guard limit > 1 else { return 0 }
        let width = UInt32.bitWidth - limit.leadingZeroBitCount
        let short = UInt32(truncatingIfNeeded: UInt64(1) << UInt64(width)) &- limit
        let value = try bits(width - 1, in: span)
        if value < short { return value }
        return value << 1 &- short &+ (try bits(1, in: span))
    }
}
