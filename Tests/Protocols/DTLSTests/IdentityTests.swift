import DTLS
import ProtocolCore
import Testing

@Suite struct IdentityTests {
    @Test func anIdentityCanBeKept() throws {
        let identity = Handshake.serverIdentity
        let copy = try DTLSIdentity(
            certificateDER: identity.certificateDER, privateKeyDER: try identity.privateKeyDER())
        #expect(copy.fingerprint == identity.fingerprint)
        #expect(copy.certificateDER == identity.certificateDER)

        let client = try DTLSSession(
            identity: Handshake.clientIdentity, role: .client, expectedFingerprints: [identity.fingerprint])
        let server = try DTLSSession(
            identity: copy, role: .server, expectedFingerprints: [Handshake.clientIdentity.fingerprint])
        client.start(now: .zero)
        var connected = 0
        for _ in 0..<20 {
            for (from, to) in [(client, server), (server, client)] {
                while let output = from.poll() {
                    if case .transmit(let datagram) = output { to.handle(datagram.span.bytes, now: .zero) }
                    if case .connected = output { connected += 1 }
                }
            }
        }
        #expect(connected == 2)
    }

    @Test func identitiesDiffer() {
        #expect(Handshake.clientIdentity.fingerprint != Handshake.serverIdentity.fingerprint)
    }

    @Test func brokenIdentitiesAreRefused() throws {
        let certificate = Handshake.serverIdentity.certificateDER
        let key = try Handshake.serverIdentity.privateKeyDER()
        let otherKey = try Handshake.clientIdentity.privateKeyDER()
        for length in 0..<certificate.count {
            #expect(throws: DTLSError.invalidIdentity) {
                try DTLSIdentity(certificateDER: Array(certificate.prefix(length)), privateKeyDER: key)
            }
        }
        for length in 0..<key.count {
            #expect(throws: DTLSError.invalidIdentity) {
                try DTLSIdentity(certificateDER: certificate, privateKeyDER: Array(key.prefix(length)))
            }
        }
        #expect(throws: DTLSError.invalidIdentity) {
            try DTLSIdentity(certificateDER: certificate, privateKeyDER: otherKey)
        }
    }

    @Test func fingerprintsAreReadAndWritten() throws {
        let bytes = (0..<32).map { UInt8($0 * 7) }
        let fingerprint = try #require(CertificateFingerprint(algorithm: .sha256, bytes: bytes))
        #expect(fingerprint.hexadecimal.hasPrefix("00:07:0E:15:1C:23:2A:31"))
        #expect(fingerprint.description.hasPrefix("sha-256 00:07"))
        #expect(CertificateFingerprint(algorithm: "SHA-256", hexadecimal: fingerprint.hexadecimal) == fingerprint)
        #expect(
            CertificateFingerprint(algorithm: "sha-256", hexadecimal: fingerprint.hexadecimal.lowercased())
                == fingerprint)
        #expect(CertificateFingerprint(algorithm: "sha-1", hexadecimal: "00:01") == nil)
        #expect(CertificateFingerprint(algorithm: .sha512, bytes: bytes) == nil)
    }

    @Test func malformedFingerprintsAreRefused() {
        let right = Handshake.serverIdentity.fingerprint.hexadecimal
        for length in 0..<right.count {
            #expect(CertificateFingerprint(algorithm: "sha-256", hexadecimal: right.prefix(length)) == nil)
        }
        for position in right.indices {
            var wrong = right
            wrong.replaceSubrange(position...position, with: "g")
            #expect(CertificateFingerprint(algorithm: "sha-256", hexadecimal: wrong) == nil)
        }
        #expect(CertificateFingerprint(algorithm: "sha-256", hexadecimal: right + ":00") == nil)
        #expect(CertificateFingerprint(algorithm: "sha-384", hexadecimal: right) == nil)
    }
}
