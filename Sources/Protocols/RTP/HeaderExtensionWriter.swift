/// Writes the header extension block of one packet (RFC 8285) into memory that the caller owns.
///
/// It begins in the one-byte form. The first element that this form cannot hold (longer than 16 bytes, or an id above
/// 14) turns the block into the two-byte form; a peer accepts that only when `extmap-allow-mixed` was negotiated or no
/// packet used the other form. Nothing is written outside the capacity told.
///
/// ```swift
/// var writer = HeaderExtensionWriter(into: scratch + RTPHeader.fixedLength, capacity: room)
/// _ = writer.append(id: transportSequenceID, uint16: sequence)
/// let length = writer.finish()
/// ```
@frozen
public struct HeaderExtensionWriter {
    /// The bytes before the first element: profile and length.
    @usableFromInline
    static let headLength = 4

    @usableFromInline
    let base: UnsafeMutableRawPointer
    @usableFromInline
    let capacity: Int
    /// The bytes written, with the head; always at most `capacity` once an element was taken.
    @usableFromInline
    var used: Int
    @usableFromInline
    var isTwoByteForm: Bool

    /// Begins a block at `pointer`, of which `capacity` bytes may be written.
    @inlinable
    public init(into pointer: UnsafeMutableRawPointer, capacity: Int) {
        base = pointer
        self.capacity = capacity
        used = HeaderExtensionWriter.headLength
        isTwoByteForm = false
    }

    /// Adds an element of one byte.
    ///
    /// - Returns: false, with nothing changed, when `id` is 0 or the element does not fit.
    @inlinable
    public mutating func append(id: UInt8, uint8 value: UInt8) -> Bool {
        guard let offset = reserve(id: id, length: 1) else { return false }
        base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
        return true
    }

    /// Adds an element of two bytes, big-endian; see `append(id:uint8:)`.
    @inlinable
    public mutating func append(id: UInt8, uint16 value: UInt16) -> Bool {
        guard let offset = reserve(id: id, length: 2) else { return false }
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
        return true
    }

    /// Adds an element of three bytes, the low 24 bits of `value`, big-endian; see `append(id:uint8:)`.
    @inlinable
    public mutating func append(id: UInt8, uint24 value: UInt32) -> Bool {
        guard let offset = reserve(id: id, length: 3) else { return false }
        base.storeBytes(of: UInt8(truncatingIfNeeded: value >> 16), toByteOffset: offset, as: UInt8.self)
        let low = UInt16(truncatingIfNeeded: value)
        base.storeBytes(of: low.bigEndian, toByteOffset: offset + 1, as: UInt16.self)
        return true
    }

    /// Adds an element with a copy of `bytes`, 1...255 of them, which must not overlap the block.
    @inlinable
    public mutating func append(id: UInt8, bytes: UnsafeRawBufferPointer) -> Bool {
        guard let source = bytes.baseAddress, let offset = reserve(id: id, length: bytes.count) else { return false }
        (base + offset).copyMemory(from: source, byteCount: bytes.count)
        return true
    }

    /// Adds an element with a copy of a span's bytes, 1...255 of them; see `append(id:bytes:)`.
    @inlinable
    public mutating func append(id: UInt8, span: RawSpan) -> Bool {
        span.withUnsafeBytes { append(id: id, bytes: $0) }
    }

    /// Completes the block with padding, profile and length.
    ///
    /// - Returns: The block's whole length, a multiple of 4, to add to the header; 0 when it has no element, and then
    ///   the packet must not announce an extension.
    @inlinable
    public mutating func finish() -> Int {
        guard used > HeaderExtensionWriter.headLength else { return 0 }
        let end = (used + 3) & ~3
        // `reserve` counted the padding, so it lies within the capacity.
        while used < end {
            base.storeBytes(of: 0, toByteOffset: used, as: UInt8.self)
            used += 1
        }
        let profile = isTwoByteForm ? ReceivedExtensions.twoByteProfile : ReceivedExtensions.oneByteProfile
        base.storeBytes(of: profile.bigEndian, as: UInt16.self)
        let words = UInt16(truncatingIfNeeded: (end - HeaderExtensionWriter.headLength) / 4)
        base.storeBytes(of: words.bigEndian, toByteOffset: 2, as: UInt16.self)
        return end
    }

    /// Writes an element's head and gives the offset of its value.
    @inlinable
    mutating func reserve(id: UInt8, length: Int) -> Int? {
        guard id > 0, length > 0, length <= 255 else { return nil }
        if !isTwoByteForm, id > 14 || length > 16 {
            guard convertToTwoByteForm(thenReserving: length) else { return nil }
        }
        let head = isTwoByteForm ? 2 : 1
        guard (used + head + length + 3) & ~3 <= capacity else { return nil }
        if isTwoByteForm {
            base.storeBytes(of: id, toByteOffset: used, as: UInt8.self)
            base.storeBytes(of: UInt8(length), toByteOffset: used + 1, as: UInt8.self)
        } else {
            base.storeBytes(of: id << 4 | UInt8(length - 1), toByteOffset: used, as: UInt8.self)
        }
        defer { used += head + length }
        return used + head
    }

    /// Widens the head of every element written so far, if they and another of `length` bytes then still fit.
    @usableFromInline
    mutating func convertToTwoByteForm(thenReserving length: Int) -> Bool {
        var elements = 0
        var offset = HeaderExtensionWriter.headLength
        while offset < used {
            offset += 2 + Int(base.load(fromByteOffset: offset, as: UInt8.self) & 0x0f)
            elements += 1
        }
        guard (used + elements + 2 + length + 3) & ~3 <= capacity else { return false }
        offset = HeaderExtensionWriter.headLength
        while offset < used {
            let head = base.load(fromByteOffset: offset, as: UInt8.self)
            let valueLength = Int(head & 0x0f) + 1
            (base + offset + 2).copyMemory(from: base + offset + 1, byteCount: used - offset - 1)
            base.storeBytes(of: head >> 4, toByteOffset: offset, as: UInt8.self)
            base.storeBytes(of: UInt8(valueLength), toByteOffset: offset + 1, as: UInt8.self)
            used += 1
            offset += 2 + valueLength
        }
        isTwoByteForm = true
        return true
    }
}
