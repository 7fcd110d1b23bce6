import Cryptography
import TestSupport
import Testing

@Suite struct HashTests {
    /// FIPS 180-2, appendices B.1, D.1 and C.1.
    @Test func digestsOfAbc() {
        let message = Array("abc".utf8)
        #expect(
            sha256(message.span.bytes)
                == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(
            sha384(message.span.bytes)
                == hex(
                    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                        + "8086072ba1e7cc2358baeca134c825a7"))
        #expect(
            sha512(message.span.bytes)
                == hex(
                    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"))
    }

    @Test func digestOfNothing() {
        let empty: [UInt8] = []
        #expect(
            sha256(empty.span.bytes)
                == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    }

    /// RFC 2202 §3, cases 1, 2 and 6 (a key longer than a block).
    @Test func hmacSHA1Vectors() {
        #expect(
            hmacSHA1(key: [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8))
                == hex("b617318655057264e28bc0b6fb378c8ef146be00"))
        #expect(
            hmacSHA1(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
                == hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"))
        #expect(
            hmacSHA1(
                key: [UInt8](repeating: 0xaa, count: 80),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
                == hex("aa4ae5e15272d00e95705637ce8a3b55ed402112"))
    }

    @Test func hmacSHA1OfASpanAndOfNothing() {
        let key = Array("key".utf8)
        let message = Array("message".utf8)
        #expect(hmacSHA1(key: key, message.span.bytes) == hmacSHA1(key: key, message))
        #expect(hmacSHA1(key: [], []) == hex("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"))
    }

    @Test func hmacSHA1SuffixEqualsConcatenation() {
        let authenticator = HMACSHA1(key: [1, 2, 3])
        var tag = [UInt8](repeating: 0, count: HMACSHA1.tagLength)
        authenticator.authenticate([9, 8, 7] as [UInt8], count: 3, suffix: 0x0102_0304, into: &tag)
        #expect(tag == hmacSHA1(key: [1, 2, 3], [9, 8, 7, 1, 2, 3, 4]))
    }

    @Test func constantTimeComparison() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
    }

    @Test func randomBytesDiffer() {
        #expect(randomBytes(0).isEmpty)
        #expect(randomBytes(-1).isEmpty)
        #expect(randomBytes(33).count == 33)
        #expect(randomBytes(32) != randomBytes(32))
    }
}
