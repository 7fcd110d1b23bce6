internal import CNIOBoringSSL

/// The MD5 digest of `message`: 16 bytes. Broken as a hash, it is only how STUN's long-term credentials make a key of a
/// password (RFC 8489 §9.2.2).
public func md5(_ message: RawSpan) -> [UInt8] {
    digest(message, count: 16) { MD5($0, $1, $2) }
}

/// The SHA-256 digest of `message`: 32 bytes.
public func sha256(_ message: RawSpan) -> [UInt8] {
    digest(message, count: 32) { SHA256($0, $1, $2) }
}

/// The SHA-384 digest of `message`: 48 bytes.
public func sha384(_ message: RawSpan) -> [UInt8] {
    digest(message, count: 48) { SHA384($0, $1, $2) }
}

/// The SHA-512 digest of `message`: 64 bytes.
public func sha512(_ message: RawSpan) -> [UInt8] {
    digest(message, count: 64) { SHA512($0, $1, $2) }
}

/// Runs a one-shot BoringSSL digest over a span; the functions return their output pointer, which nobody needs.
private func digest(
    _ message: RawSpan, count: Int,
    _ function: (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?) -> UnsafeMutablePointer<UInt8>?
) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
        message.withUnsafeBytes { bytes in
            _ = function(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, output.baseAddress)
        }
        initialized = count
    }
}
