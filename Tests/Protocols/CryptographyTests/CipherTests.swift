import Cryptography
import TestSupport
import Testing

@Suite struct CipherTests {
    /// RFC 3711 appendix B.2: the keystream of AES-CM.
    @Test func counterModeKeystream() {
        let cipher = CounterModeCipher(key: hex("2b7e151628aed2a6abf7158809cf4f3c"))
        var output = [UInt8](repeating: 0, count: 48)
        output.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            cipher.apply(base, count: 48, into: base, high: 0xf0f1_f2f3_f4f5_f6f7, low: 0xf8f9_fafb_fcfd_0000)
        }
        #expect(
            output
                == hex(
                    "e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab"
                        + "41e95b3bb0a2e8dd477901e4fca894c0"))
    }

    /// The keystream far into the counter, also RFC 3711 appendix B.2.
    @Test func counterModeKeystreamAtALaterBlock() {
        let cipher = CounterModeCipher(key: hex("2b7e151628aed2a6abf7158809cf4f3c"))
        var output = [UInt8](repeating: 0, count: 16)
        output.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            cipher.apply(base, count: 16, into: base, high: 0xf0f1_f2f3_f4f5_f6f7, low: 0xf8f9_fafb_fcfd_feff)
        }
        #expect(output == hex("ec8cdf7398607cb0f2d21675ea9ea1e4"))
    }

    /// The GCM specification's test cases 4 and 16 (McGrew and Viega 2005, appendix B).
    @Test(arguments: [
        (
            "feffe9928665731c6d6a8f9467308308",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
            "5bc94fbc3221a5db94fae95ae7121a47"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ])
    func galoisCounterMode(key: String, ciphertext: String, tag: String) {
        let plaintext = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
        let nonce = hex("cafebabefacedbaddecaf888")
        let header = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        let cipher = AuthenticatedCipher(key: hex(key))
        var sealed = [UInt8](repeating: 0, count: plaintext.count + AuthenticatedCipher.tagLength)
        #expect(
            cipher.seal(
                plaintext, count: plaintext.count, into: &sealed, nonce: nonce, header: header,
                headerLength: header.count) == sealed.count)
        #expect(sealed == hex(ciphertext + tag))

        var opened = [UInt8](repeating: 0, count: plaintext.count)
        #expect(
            cipher.open(
                sealed, count: sealed.count, into: &opened, nonce: nonce, header: header, headerLength: header.count)
                == plaintext.count)
        #expect(opened == plaintext)

        sealed[3] ^= 1
        #expect(
            cipher.open(
                sealed, count: sealed.count, into: &opened, nonce: nonce, header: header, headerLength: header.count)
                == -1)
        #expect(
            cipher.open(sealed, count: 15, into: &opened, nonce: nonce, header: header, headerLength: header.count)
                == -1)
    }
}
