internal import CNIOBoringSSL

/// AES in counter mode under one key (NIST SP 800-38A), as SRTP uses it (RFC 3711 §4.1.1).
///
/// Encryption and decryption are the same. It does not authenticate: pair it with ``HMACSHA1``. The key schedule lives
/// outside the value and is freed with it. Applying it allocates nothing and may run on several threads at once.
public struct CounterModeCipher: ~Copyable, @unchecked Sendable {
    /// The length of a block, and so of the first counter block, in bytes.
    public static let blockLength = 16

    /// The schedule is written once here and only read afterwards, hence the unchecked `Sendable`.
    private let schedule: UnsafeMutablePointer<AES_KEY>

    /// - Parameter key: 16, 24 or 32 bytes; any other length is a programming error.
    public init(key: [UInt8]) {
        precondition(key.count == 16 || key.count == 24 || key.count == 32, "An AES key has 16, 24 or 32 bytes")
        schedule = .allocate(capacity: 1)
        AES_set_encrypt_key(key, UInt32(key.count * 8), schedule)
    }

    deinit {
        OPENSSL_cleanse(schedule, MemoryLayout<AES_KEY>.size)
        schedule.deallocate()
    }

    /// Combines `count` bytes at `input` with the keystream and writes as many to `output`, which is either `input`
    /// itself or disjoint from it.
    ///
    /// - Parameters:
    ///   - high: The first eight bytes of the first counter block, in host order.
    ///   - low: Its last eight bytes, in host order; the last four of the whole block count blocks.
    public func apply(
        _ input: UnsafeRawPointer, count: Int, into output: UnsafeMutableRawPointer, high: UInt64, low: UInt64
    ) {
        var counter = (high.bigEndian, low.bigEndian)
        var keystream: (UInt64, UInt64) = (0, 0)
        var used: UInt32 = 0
        withUnsafeMutableBytes(of: &counter) { counter in
            withUnsafeMutableBytes(of: &keystream) { keystream in
                AES_ctr128_encrypt(
                    input.assumingMemoryBound(to: UInt8.self), output.assumingMemoryBound(to: UInt8.self), count,
                    schedule, counter.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    keystream.baseAddress?.assumingMemoryBound(to: UInt8.self), &used)
            }
        }
    }
}
