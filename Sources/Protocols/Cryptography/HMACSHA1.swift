internal import CNIOBoringSSL

/// An HMAC-SHA1 key (RFC 2104) with its schedule done: the hash states after the inner and the outer pad are kept,
/// so that one authentication costs only the message's own blocks and one more. Allocates nothing.
public struct HMACSHA1: Sendable {
    /// The full tag's length in bytes; SRTP cuts it to 10.
    public static let tagLength = 20

    private static let blockLength = 64

    private let inner: SHA_CTX
    private let outer: SHA_CTX

    /// A key of any length; keys longer than a block (64 bytes) are hashed first, as RFC 2104 §2 asks.
    public init(key: [UInt8]) {
        var block = [UInt8](repeating: 0, count: Self.blockLength)
        if key.count > Self.blockLength {
            _ = SHA1(key, key.count, &block)
        } else {
            block.replaceSubrange(0..<key.count, with: key)
        }
        inner = Self.state(after: block.map { $0 ^ 0x36 })
        outer = Self.state(after: block.map { $0 ^ 0x5c })
    }

    private static func state(after block: [UInt8]) -> SHA_CTX {
        var context = SHA_CTX()
        SHA1_Init(&context)
        SHA1_Update(&context, block, block.count)
        return context
    }

    /// Writes the 20-byte tag of `count` bytes at `message` to `tag`, which may not overlap them.
    public func authenticate(_ message: UnsafeRawPointer, count: Int, into tag: UnsafeMutableRawPointer) {
        var context = inner
        SHA1_Update(&context, message, count)
        finish(&context, into: tag)
    }

    /// Writes the 20-byte tag of `count` bytes at `message` followed by the big-endian `suffix` to `tag`.
    ///
    /// SRTP authenticates the rollover counter behind the packet without sending it (RFC 3711 §4.2).
    public func authenticate(
        _ message: UnsafeRawPointer, count: Int, suffix: UInt32, into tag: UnsafeMutableRawPointer
    ) {
        var context = inner
        SHA1_Update(&context, message, count)
        var bigEndian = suffix.bigEndian
        SHA1_Update(&context, &bigEndian, 4)
        finish(&context, into: tag)
    }

    @inline(__always)
    private func finish(_ context: inout SHA_CTX, into tag: UnsafeMutableRawPointer) {
        let bytes = tag.assumingMemoryBound(to: UInt8.self)
        SHA1_Final(bytes, &context)
        var last = outer
        SHA1_Update(&last, bytes, Self.tagLength)
        SHA1_Final(bytes, &last)
    }
}
