/// Why remote bytes could not be read.
public enum ParseError: Error, Hashable, Sendable {
    /// The bytes end before the structure does.
    case truncated
    /// A field holds a value that its specification forbids; the text names the field.
    case malformed(StaticString)
    /// Well-formed, but larger or more numerous than we accept; the text names the limit.
    case limitExceeded(StaticString)

    public static func == (lhs: ParseError, rhs: ParseError) -> Bool {
        switch (lhs, rhs) {
        case (.truncated, .truncated): true
        case (.malformed(let left), .malformed(let right)): left.description == right.description
        case (.limitExceeded(let left), .limitExceeded(let right)): left.description == right.description
        case (.truncated, _), (.malformed, _), (.limitExceeded, _): false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .truncated: hasher.combine(0)
        case .malformed(let field): hasher.combine(field.description)
        case .limitExceeded(let limit): hasher.combine(limit.description)
        }
    }
}

/// Checked big-endian reads of remote bytes: a read outside the span throws, it never traps.
extension RawSpan {
    @inlinable
    public func uint8(at offset: Int) throws(ParseError) -> UInt8 {
        guard offset >= 0, offset < byteCount else { throw .truncated }
        return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @inlinable
    public func uint16(at offset: Int) throws(ParseError) -> UInt16 {
        guard offset >= 0, byteCount &- offset >= 2 else { throw .truncated }
        return unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// A 24-bit unsigned integer, in the low bits of the result.
    @inlinable
    public func uint24(at offset: Int) throws(ParseError) -> UInt32 {
        guard offset >= 0, byteCount &- offset >= 3 else { throw .truncated }
        let high = unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
        let low = unsafe unsafeLoad(fromByteOffset: offset + 2, as: UInt8.self)
        return UInt32(high) << 8 | UInt32(low)
    }

    @inlinable
    public func uint32(at offset: Int) throws(ParseError) -> UInt32 {
        guard offset >= 0, byteCount &- offset >= 4 else { throw .truncated }
        return unsafe UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inlinable
    public func uint64(at offset: Int) throws(ParseError) -> UInt64 {
        guard offset >= 0, byteCount &- offset >= 8 else { throw .truncated }
        return unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Copies `count` bytes out; for cold paths only.
    @inlinable
    public func array(at offset: Int, count: Int) throws(ParseError) -> [UInt8] {
        guard offset >= 0, count >= 0, byteCount &- offset >= count else { throw .truncated }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                unsafe buffer[index] = unsafeLoad(fromByteOffset: offset + index, as: UInt8.self)
            }
            initialized = count
        }
    }
}

/// Appends big-endian fields; for cold paths (control packets), where an array is fine.
extension [UInt8] {
    @inlinable
    public mutating func append(bigEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    @inlinable
    public mutating func append(bigEndian value: UInt32) {
        append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
        append(bigEndian: UInt16(truncatingIfNeeded: value))
    }

    @inlinable
    public mutating func append(bigEndian value: UInt64) {
        append(bigEndian: UInt32(truncatingIfNeeded: value >> 32))
        append(bigEndian: UInt32(truncatingIfNeeded: value))
    }
}
