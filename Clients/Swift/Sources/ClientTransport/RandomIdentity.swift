internal import Cryptography
public import ICE

extension ICECredentials {
    /// New credentials from the cryptographic generator, 48 and 144 bits long (RFC 8445 §5.3 asks for 24 and 128).
    public static func random() -> ICECredentials {
        ICECredentials(ufrag: randomText(8), password: randomText(24))
    }

    private static func randomText(_ count: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return String(decoding: randomBytes(count).map { alphabet[Int($0 & 63)] }, as: UTF8.self)
    }
}

extension ClientSession {
    /// A seed for ``Configuration/seed`` from the cryptographic generator.
    public static func randomSeed() -> UInt64 {
        randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
