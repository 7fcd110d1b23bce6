internal import Cryptography

/// One direction's session keys made ready: the profile's encryption and authentication of RTP or RTCP.
///
/// Bounds are the caller's duty: every packet given here is at least as long as its header and tag.
enum PacketTransform: ~Copyable {
    case galoisCounter(GaloisCounterTransform)
    case counterMode(CounterModeTransform)

    init(_ profile: ProtectionProfile, _ keys: SessionKeys.Stream) {
        switch profile {
        case .aeadAES128GCM, .aeadAES256GCM:
            self = .galoisCounter(GaloisCounterTransform(keys))
        case .aes128CMSHA1_80:
            self = .counterMode(CounterModeTransform(keys))
        }
    }
}

/// AES-GCM for SRTP and SRTCP (RFC 7714).
struct GaloisCounterTransform: ~Copyable {
    let cipher: AuthenticatedCipher
    private let salt: BlockSalt

    init(_ keys: SessionKeys.Stream) {
        cipher = AuthenticatedCipher(key: keys.encryptionKey)
        salt = BlockSalt(keys.salt)
    }

    /// The nonce of an RTP packet in its first 12 bytes: `00 00 SSRC ROC SEQ` XOR salt (RFC 7714 §8.1).
    @inline(__always)
    func mediaNonce(ssrc: UInt32, index: UInt64) -> (UInt64, UInt64) {
        let high = UInt64(ssrc) << 16 | index >> 32
        let low = index << 32
        return ((high ^ salt.high).bigEndian, (low ^ salt.low).bigEndian)
    }

    /// The nonce of an RTCP packet in its first 12 bytes: `00 00 SSRC 00 00 index` XOR salt (RFC 7714 §9.1).
    ///
    /// The index has 31 bits here and 48 there, so both are the same function of SSRC and index.
    @inline(__always)
    func controlNonce(ssrc: UInt32, index: UInt32) -> (UInt64, UInt64) {
        mediaNonce(ssrc: ssrc, index: UInt64(index))
    }
}

/// AES in counter mode and HMAC-SHA1 (RFC 3711 §4.1.1 and §4.2.1).
struct CounterModeTransform: ~Copyable {
    private let cipher: CounterModeCipher
    let authenticator: HMACSHA1
    private let salt: BlockSalt

    init(_ keys: SessionKeys.Stream) {
        cipher = CounterModeCipher(key: keys.encryptionKey)
        authenticator = HMACSHA1(key: keys.authenticationKey)
        salt = BlockSalt(keys.salt)
    }

    /// Encrypts or decrypts; the first counter block is `salt << 16 XOR SSRC << 64 XOR index << 16`.
    @inline(__always)
    func apply(
        _ input: UnsafeRawPointer, count: Int, into output: UnsafeMutableRawPointer, ssrc: UInt32, index: UInt64
    ) {
        guard count > 0 else { return }
        cipher.apply(input, count: count, into: output, high: salt.high ^ UInt64(ssrc), low: salt.low ^ index << 16)
    }
}
