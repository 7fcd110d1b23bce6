/// Takes an input apart for targets that need a series of decisions and pieces. At the end it gives zeros.
struct InputReader {
    private var rest: ArraySlice<UInt8>

    init(_ input: RawSpan) {
        rest = input.withUnsafeBytes { Array($0) }[...]
    }

    var isAtEnd: Bool {
        rest.isEmpty
    }

    mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    mutating func uint16() -> UInt16 {
        UInt16(byte()) << 8 | UInt16(byte())
    }

    /// Up to so many bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A piece that a length byte stands before.
    mutating func piece() -> [UInt8] {
        bytes(Int(byte()))
    }
}

/// Lends a copy of the bytes that ends where its memory ends, so that AddressSanitizer sees every read beyond it; an
/// array may have spare room behind its elements.
func withExactCopy<Result>(_ bytes: [UInt8], _ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return body(copy)
}
