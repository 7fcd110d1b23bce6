internal import Cryptography

/// The session keys of one direction, derived from its master key and salt (RFC 3711 §4.3, RFC 7714 §11).
///
/// The key derivation rate is 0, as DTLS-SRTP fixes it (RFC 5764 §4.1.2): keys are derived once.
public struct SessionKeys: Hashable, Sendable {
    /// The keys of one packet kind.
    public struct Stream: Hashable, Sendable {
        /// The encryption key, `keyLength` bytes.
        public var encryptionKey: [UInt8]
        /// The key of HMAC-SHA1, 20 bytes; empty for the AEAD profiles.
        public var authenticationKey: [UInt8]
        /// The salt, `saltLength` bytes.
        public var salt: [UInt8]
    }

    /// The keys for RTP.
    public var media: Stream
    /// The keys for RTCP.
    public var control: Stream

    /// - Parameters:
    ///   - masterKey: `profile.keyLength` bytes; any other length is a programming error.
    ///   - masterSalt: `profile.saltLength` bytes; any other length is a programming error.
    public init(profile: ProtectionProfile, masterKey: [UInt8], masterSalt: [UInt8]) {
        precondition(masterKey.count == profile.keyLength, "The master key has the wrong length")
        precondition(masterSalt.count == profile.saltLength, "The master salt has the wrong length")
        let derivation = KeyDerivation(masterKey: masterKey, masterSalt: masterSalt)
        media = Self.stream(profile, derivation, firstLabel: 0)
        control = Self.stream(profile, derivation, firstLabel: 3)
    }

    /// Labels come in threes: encryption, authentication, salt (RFC 3711 §4.3.1, §4.3.2).
    private static func stream(
        _ profile: ProtectionProfile, _ derivation: borrowing KeyDerivation, firstLabel: UInt8
    ) -> Stream {
        let authenticationKeyLength =
            switch profile {
            case .aeadAES128GCM, .aeadAES256GCM: 0
            case .aes128CMSHA1_80: 20
            }
        return Stream(
            encryptionKey: derivation.derive(label: firstLabel, count: profile.keyLength),
            authenticationKey: derivation.derive(label: firstLabel + 1, count: authenticationKeyLength),
            salt: derivation.derive(label: firstLabel + 2, count: profile.saltLength))
    }
}

/// The AES-CM pseudo-random function of RFC 3711 §4.3.3 (and RFC 6188 for 256-bit keys) under one master key.
private struct KeyDerivation: ~Copyable {
    private let cipher: CounterModeCipher
    private let salt: BlockSalt

    init(masterKey: [UInt8], masterSalt: [UInt8]) {
        cipher = CounterModeCipher(key: masterKey)
        // A 96-bit salt stands in the high bits of the 112 that the function expects (RFC 7714 §11).
        salt = BlockSalt(masterSalt)
    }

    func derive(label: UInt8, count: Int) -> [UInt8] {
        // key_id = label || 48-bit index, aligned with the end of the 14-byte salt: the label meets byte 7.
        let high = salt.high ^ UInt64(label)
        var output = [UInt8](repeating: 0, count: count)
        output.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress {
                cipher.apply(base, count: bytes.count, into: base, high: high, low: salt.low)
            }
        }
        return output
    }
}
