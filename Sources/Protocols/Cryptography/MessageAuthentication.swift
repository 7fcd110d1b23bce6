internal import CNIOBoringSSL

/// The HMAC-SHA1 (RFC 2104) of `message` under `key`: 20 bytes.
///
/// For cold paths such as STUN message integrity; SRTP packets use ``HMACSHA1``, whose key schedule is done once.
public func hmacSHA1(key: [UInt8], _ message: RawSpan) -> [UInt8] {
    message.withUnsafeBytes { hmacSHA1(key: key, bytes: $0) }
}

/// The HMAC-SHA1 (RFC 2104) of `message` under `key`: 20 bytes.
public func hmacSHA1(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    message.withUnsafeBytes { hmacSHA1(key: key, bytes: $0) }
}

private func hmacSHA1(key: [UInt8], bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let authenticator = HMACSHA1(key: key)
    return [UInt8](unsafeUninitializedCapacity: HMACSHA1.tagLength) { output, initialized in
        // A buffer of 20 bytes always has a base address; the message may be empty and have none.
        if let tag = output.baseAddress {
            let empty: UInt8 = 0
            withUnsafeBytes(of: empty) { nothing in
                if let message = bytes.baseAddress ?? nothing.baseAddress {
                    authenticator.authenticate(message, count: bytes.count, into: tag)
                }
            }
        }
        initialized = HMACSHA1.tagLength
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
///
/// Use it for every comparison with a secret or with a code derived from one.
public func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

/// Whether `count` bytes at two places are equal, in a time that depends on `count` alone.
public func constantTimeEquals(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
    CRYPTO_memcmp(left, right, count) == 0
}
