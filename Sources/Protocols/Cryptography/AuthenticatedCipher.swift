internal import CNIOBoringSSL

/// AES in Galois/counter mode under one key (NIST SP 800-38D), with the 16-byte tag behind the ciphertext.
///
/// The key schedule lives outside the value and is freed with it. Sealing and opening allocate nothing and may run
/// on several threads at once.
public struct AuthenticatedCipher: ~Copyable, @unchecked Sendable {
    /// The tag's length in bytes.
    public static let tagLength = 16
    /// The nonce's length in bytes.
    public static let nonceLength = 12

    /// The schedule is written once here and only read afterwards, hence the unchecked `Sendable`.
    private let context: UnsafeMutablePointer<EVP_AEAD_CTX>

    /// - Parameter key: 16 bytes for AES-128 or 32 bytes for AES-256; any other length is a programming error.
    public init(key: [UInt8]) {
        precondition(key.count == 16 || key.count == 32, "An AES-GCM key has 16 or 32 bytes")
        context = .allocate(capacity: 1)
        let algorithm = key.count == 16 ? EVP_aead_aes_128_gcm() : EVP_aead_aes_256_gcm()
        let initialized = EVP_AEAD_CTX_init(context, algorithm, key, key.count, Self.tagLength, nil)
        precondition(initialized == 1, "AES-GCM refused a key of the right length")
    }

    deinit {
        EVP_AEAD_CTX_cleanup(context)
        context.deallocate()
    }

    /// Encrypts `count` bytes at `plaintext` to `output` and writes the tag behind them.
    ///
    /// `output` needs room for `count + 16` bytes and is either `plaintext` itself or disjoint from it. A nonce must
    /// never be used twice under one key: that gives away the authentication key.
    /// - Parameters:
    ///   - nonce: 12 bytes.
    ///   - header: Bytes that are authenticated but not encrypted.
    /// - Returns: The length of ciphertext and tag, or -1.
    public func seal(
        _ plaintext: UnsafeRawPointer, count: Int, into output: UnsafeMutableRawPointer,
        nonce: UnsafeRawPointer, header: UnsafeRawPointer, headerLength: Int
    ) -> Int {
        var length = 0
        let sealed = EVP_AEAD_CTX_seal(
            context, output.assumingMemoryBound(to: UInt8.self), &length, count &+ Self.tagLength,
            nonce.assumingMemoryBound(to: UInt8.self), Self.nonceLength,
            plaintext.assumingMemoryBound(to: UInt8.self), count,
            header.assumingMemoryBound(to: UInt8.self), headerLength)
        return sealed == 1 ? length : -1
    }

    /// Decrypts `count` bytes of ciphertext and tag at `ciphertext` to `output` if the tag is right.
    ///
    /// `output` needs room for `count - 16` bytes and is either `ciphertext` itself or disjoint from it. After a
    /// failure its content is undefined.
    /// - Returns: The length of the plaintext, or -1 when the bytes are not authentic or shorter than a tag.
    public func open(
        _ ciphertext: UnsafeRawPointer, count: Int, into output: UnsafeMutableRawPointer,
        nonce: UnsafeRawPointer, header: UnsafeRawPointer, headerLength: Int
    ) -> Int {
        guard count >= Self.tagLength else { return -1 }
        var length = 0
        let opened = EVP_AEAD_CTX_open(
            context, output.assumingMemoryBound(to: UInt8.self), &length, count &- Self.tagLength,
            nonce.assumingMemoryBound(to: UInt8.self), Self.nonceLength,
            ciphertext.assumingMemoryBound(to: UInt8.self), count,
            header.assumingMemoryBound(to: UInt8.self), headerLength)
        return opened == 1 ? length : -1
    }
}
