import TestSupport
import Testing

@testable import SRTP

@Suite struct VectorTests {
    /// RFC 3711 appendix B.3.
    @Test func keyDerivation() {
        let keys = SessionKeys(
            profile: .aes128CMSHA1_80, masterKey: hex("e1f97a0d3e018be0d64fa32c06de4139"),
            masterSalt: hex("0ec675ad498afeebb6960b3aabe6"))
        #expect(keys.media.encryptionKey == hex("c61e7a93744f39ee10734afe3ff7a087"))
        #expect(keys.media.salt == hex("30cbbc08863d8c85d49db34a9ae1"))
        #expect(keys.media.authenticationKey == hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4"))
    }

    static let galoisCounterKeys: [(ProtectionProfile, String)] = [
        (.aeadAES128GCM, "000102030405060708090a0b0c0d0e0f"),
        (.aeadAES256GCM, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
    ]

    static func keys(_ key: String) -> SessionKeys {
        // RFC 7714's vectors start at the session keys; RTP and RTCP use the same ones there.
        let stream = SessionKeys.Stream(
            encryptionKey: hex(key), authenticationKey: [], salt: Array("Quid pro quo".utf8))
        var keys = SessionKeys(
            profile: .aeadAES128GCM, masterKey: [UInt8](repeating: 0, count: 16),
            masterSalt: [UInt8](repeating: 0, count: 12))
        (keys.media, keys.control) = (stream, stream)
        return keys
    }

    /// RFC 7714 §16.1 and §16.2: encryption and decryption of an RTP packet.
    @Test(
        arguments: zip(
            galoisCounterKeys,
            [
                "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
                    + "899d7f27beb16a9152cf765ee4390cce",
                "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
                    + "7aa3db36dfffd6b0f9bb7878d7a76c13",
            ]))
    func galoisCounterMedia(_ setting: (ProtectionProfile, String), expected: String) {
        let header = hex("8040f17b8041f8d35501a0b2")
        let plain = header + Array("Gallia est omnis divisa in partes tres".utf8)
        let sender = PacketSender(SRTPSender(profile: setting.0, keys: Self.keys(setting.1)))
        #expect(sender.protect(plain) == header + hex(expected))

        let receiver = PacketReceiver(SRTPReceiver(profile: setting.0, keys: Self.keys(setting.1)))
        var state = SRTPReceiveState()
        #expect(receiver.unprotect(header + hex(expected), state: &state) == .success(plain))
    }

    /// RFC 7714 §17.1 and §17.2: encryption and decryption of an RTCP packet.
    @Test(
        arguments: zip(
            galoisCounterKeys,
            [
                "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b"
                    + "c84aa45896cf4d2fc5abf87245d9eade800005d4",
                "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad"
                    + "1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
            ]))
    func galoisCounterControl(_ setting: (ProtectionProfile, String), expected: String) throws {
        let plain = hex(
            "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61"
                + "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef")
        let protected = hex("81c8000d4d617273" + expected)
        let sender = PacketSender(SRTPSender(profile: setting.0, keys: Self.keys(setting.1), nextControlIndex: 0x5d4))
        #expect(sender.protectRTCP(plain) == protected)

        let receiver = PacketReceiver(SRTPReceiver(profile: setting.0, keys: Self.keys(setting.1)))
        #expect(try receiver.unprotectRTCP(protected) == plain)
    }

    /// RFC 7714 §17.3: tagged but not encrypted, which no profile of ours allows.
    @Test func unencryptedControlIsRefused() {
        let packet = hex(
            "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61"
                + "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4")
        let keys = Self.keys(Self.galoisCounterKeys[0].1)
        let receiver = PacketReceiver(SRTPReceiver(profile: .aeadAES128GCM, keys: keys))
        #expect(throws: SRTPError.authenticationFailed) { try receiver.unprotectRTCP(packet) }
    }
}
