/// Reads one JSON text (RFC 8259) in a single pass over its bytes.
///
/// Each byte is looked at once or twice, whatever the text holds, and nothing is tried that may have to be taken back. So
/// the time grows with the length alone, and what is kept is bounded by ``JSONLimits``.
struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var values = 0

    private init(_ text: String, limits: JSONLimits) {
        bytes = Array(text.utf8)
        self.limits = limits
    }

    /// Reads a text that holds one value and nothing else but white space.
    static func read(_ text: String, limits: JSONLimits = .message) throws(JSONError) -> JSONValue {
        var reader = JSONReader(text, limits: limits)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { throw reader.error(.malformed) }
        return value
    }

    private func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason: reason, offset: position)
    }

    /// The next byte, which is not taken; nil at the end.
    private var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    /// Takes the byte if it is the next one that counts.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        values += 1
        guard values <= limits.values else { throw error(.tooManyValues(limit: limits.values)) }
        guard let byte = next else { throw error(.malformed) }
        switch byte {
        case UInt8(ascii: "\""): return .string(try string(limit: .max))
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error(.malformed)
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[index] else { throw error(.malformed) }
            position += 1
        }
        return value
    }

    private mutating func elements(depth: Int) throws(JSONError) -> [JSONValue] {
        guard depth <= limits.depth else { throw error(.tooDeep(limit: limits.depth)) }
        position += 1
        if take(UInt8(ascii: "]")) { return [] }
        var elements: [JSONValue] = []
        repeat {
            elements.append(try value(depth: depth))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw error(.malformed) }
        return elements
    }

    private mutating func members(depth: Int) throws(JSONError) -> [JSONValue.Member] {
        guard depth <= limits.depth else { throw error(.tooDeep(limit: limits.depth)) }
        position += 1
        if take(UInt8(ascii: "}")) { return [] }
        var members: [JSONValue.Member] = []
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error(.malformed) }
            let name = try string(limit: limits.nameBytes)
            guard take(UInt8(ascii: ":")) else { throw error(.malformed) }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw error(.malformed) }
        return members
    }

    // MARK: Strings

    private mutating func string(limit: Int) throws(JSONError) -> String {
        position += 1
        let start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard position - start <= limit else { throw error(.nameTooLong(limit: limit)) }
                let string = text(start..<position)
                position += 1
                return string
            case UInt8(ascii: "\\"): return try escapedString(from: start, limit: limit)
            case 0..<0x20: throw error(.malformed)
            default: position += 1
            }
        }
        throw error(.malformed)
    }

    /// A part of the text, which is valid UTF-8 because it ends at ASCII on both sides.
    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// The rest of a string from its first escape on.
    private mutating func escapedString(from start: Int, limit: Int) throws(JSONError) -> String {
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(2 * (position - start) + 16)
        unescaped.append(contentsOf: bytes[start..<position])
        while let byte = next {
            guard unescaped.count <= limit else { throw error(.nameTooLong(limit: limit)) }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"): try unescape(into: &unescaped)
            case 0..<0x20: throw error(.malformed)
            default:
                unescaped.append(byte)
                position += 1
            }
        }
        throw error(.malformed)
    }

    private mutating func unescape(into unescaped: inout [UInt8]) throws(JSONError) {
        position += 1
        guard let byte = next else { throw error(.malformed) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0c)
        case UInt8(ascii: "n"): unescaped.append(0x0a)
        case UInt8(ascii: "r"): unescaped.append(0x0d)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): unescaped.append(contentsOf: try escapedScalar().utf8)
        default: throw error(.malformed)
        }
    }

    /// The scalar of one `\u` escape, or of two that are a surrogate pair. Half a pair is refused.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(truncatingIfNeeded: first)), next == UInt8(ascii: "\\") else {
            throw error(.malformed)
        }
        position += 1
        guard next == UInt8(ascii: "u") else { throw error(.malformed) }
        position += 1
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(UInt16(truncatingIfNeeded: second)),
            let scalar = Unicode.Scalar(0x10000 + ((first & 0x3ff) << 10 | second & 0x3ff))
        else { throw error(.malformed) }
        return scalar
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw error(.malformed) }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw error(.malformed)
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    // MARK: Numbers

    /// A number; one without a fraction that fits is an integer, however it is written.
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = takeSign("-")
        let whole = position
        let digits = takeDigits()
        guard digits > 0, digits == 1 || bytes[whole] != UInt8(ascii: "0") else { throw error(.malformed) }
        var isWhole = true
        if next == UInt8(ascii: ".") {
            position += 1
            isWhole = false
            guard takeDigits() > 0 else { throw error(.malformed) }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            isWhole = false
            if !takeSign("+") { _ = takeSign("-") }
            guard takeDigits() > 0 else { throw error(.malformed) }
        }
        guard position - start <= limits.numberCharacters else {
            position = start
            throw error(.numberTooLong(limit: limits.numberCharacters))
        }
        let text = text(start..<position)
        if isWhole, let integer = Int(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else {
            position = start
            throw error(.numberTooLarge)
        }
        // Clients in some languages write whole numbers with a fraction of zero. Up to 2^53 nothing is lost.
        if abs(double) <= 9_007_199_254_740_992, let integer = Int(exactly: double) { return .integer(integer) }
        return .number(double)
    }

    private mutating func takeSign(_ sign: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    private mutating func takeDigits() -> Int {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }
}
