import DTLS
import ProtocolCore
import SRTP
import Testing

@Suite struct HandshakeTests {
    static let versions: [DTLSSession.Version] = [.dtls12, .dtls13]

    @Test(arguments: versions, ProtectionProfile.allCases)
    func keysAreMirrored(version: DTLSSession.Version, profile: ProtectionProfile) throws {
        let handshake = try Handshake(clientVersions: version...version, serverProfiles: [profile])
        handshake.run()
        let client = try #require(handshake.keys[.client])
        let server = try #require(handshake.keys[.server])
        #expect(client.profile == profile)
        #expect(server.profile == profile)
        #expect(client.localKey == server.remoteKey)
        #expect(client.remoteKey == server.localKey)
        #expect(client.localSalt == server.remoteSalt)
        #expect(client.remoteSalt == server.localSalt)
        #expect(client.localKey != client.remoteKey)
        #expect(client.localKey.count == profile.keyLength)
        #expect(client.remoteKey.count == profile.keyLength)
        #expect(client.localSalt.count == profile.saltLength)
        #expect(client.remoteSalt.count == profile.saltLength)
        #expect(handshake.client.version == version)
        #expect(handshake.server.version == version)
        #expect(handshake.now == .zero, "nothing waited for a timer")
        #expect(handshake.largestDatagram <= 1200)
    }

    @Test(arguments: versions)
    func applicationDataGoesBothWays(version: DTLSSession.Version) throws {
        let handshake = try Handshake(clientVersions: version...version)
        #expect(!handshake.send([1], from: .client), "there is no connection yet")
        handshake.run()
        let record = [UInt8](repeating: 7, count: 1100)
        #expect(handshake.send(record, from: .client))
        #expect(handshake.send([1, 2, 3], from: .server))
        #expect(handshake.send([4], from: .server))
        handshake.run()
        #expect(handshake.records[.server] == [record])
        #expect(handshake.records[.client] == [[1, 2, 3], [4]])
        #expect(!handshake.send([], from: .client))
        #expect(!handshake.send([UInt8](repeating: 0, count: DTLSSession.largestRecord + 1), from: .client))
    }

    @Test func theNewestCommonVersionAndTheFirstProfileWin() throws {
        let both = try Handshake()
        both.run()
        #expect(both.server.version == .dtls13)
        #expect(both.keys[.server]?.profile == .aeadAES128GCM)

        let old = try Handshake(serverVersions: .dtls12 ... .dtls12)
        old.run()
        #expect(old.client.version == .dtls12)
    }

    @Test func theKeysServeSRTP() throws {
        let handshake = try Handshake()
        handshake.run()
        var sender = SRTPSender(try #require(handshake.keys[.client]))
        var receiver = SRTPReceiver(try #require(handshake.keys[.server]))
        let report: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 9]
        let protected = sender.protectRTCP(report)
        let plain = try receiver.unprotectRTCP(protected.span.bytes)
        #expect(plain == report)
    }

    @Test(arguments: versions)
    func aWrongServerFingerprintFails(version: DTLSSession.Version) throws {
        let handshake = try Handshake(
            clientVersions: version...version, clientExpects: [Handshake.clientIdentity.fingerprint])
        handshake.run()
        #expect(handshake.failures[.client] == .fingerprintMismatch)
        #expect(handshake.keys[.client] == nil)
        // The alert arrives, so that the server need not wait for its deadline.
        #expect(handshake.failures[.server] == .handshakeFailed("SSLV3_ALERT_BAD_CERTIFICATE"))
        #expect(handshake.keys[.server] == nil)
    }

    @Test(arguments: versions)
    func aWrongClientFingerprintFails(version: DTLSSession.Version) throws {
        let handshake = try Handshake(
            clientVersions: version...version, serverExpects: [Handshake.serverIdentity.fingerprint])
        handshake.run()
        #expect(handshake.failures[.server] == .fingerprintMismatch)
        #expect(handshake.keys[.server] == nil)
        #expect(handshake.failures[.client] == .handshakeFailed("SSLV3_ALERT_BAD_CERTIFICATE"))
    }

    @Test func withoutFingerprintsEveryPeerIsRefused() throws {
        let handshake = try Handshake(clientExpects: [])
        handshake.run()
        #expect(handshake.failures[.client] == .fingerprintMismatch)
    }

    @Test(arguments: CertificateFingerprint.Algorithm.allCases)
    func anyFingerprintOfSeveralMayMatch(algorithm: CertificateFingerprint.Algorithm) throws {
        let certificate = Handshake.serverIdentity.certificateDER
        let right = CertificateFingerprint(of: certificate.span.bytes, algorithm: algorithm)
        let wrong = Handshake.clientIdentity.fingerprint
        let handshake = try Handshake(clientExpects: [wrong, right])
        handshake.run()
        #expect(handshake.isConnected)
    }

    @Test(arguments: versions)
    func withoutACommonProfileBothFail(version: DTLSSession.Version) throws {
        let handshake = try Handshake(
            clientVersions: version...version, clientProfiles: [.aeadAES256GCM], serverProfiles: [.aes128CMSHA1_80])
        handshake.run()
        #expect(handshake.keys.isEmpty)
        #expect(handshake.failures[.client] == .noCommonProfile)
        #expect(handshake.failures[.server] != nil)
    }

    @Test(arguments: versions)
    func closingTellsThePeer(version: DTLSSession.Version) throws {
        let handshake = try Handshake(clientVersions: version...version)
        handshake.run()
        #expect(handshake.isConnected)
        handshake.server.close()
        handshake.run()
        #expect(handshake.closed == [.client])
        #expect(handshake.failures.isEmpty)
        #expect(handshake.client.timeout == nil)
        #expect(handshake.server.timeout == nil)
    }

    @Test func aSessionCanBeClosedBeforeItStarts() throws {
        let session = try DTLSSession(
            identity: Handshake.clientIdentity, role: .client, expectedFingerprints: [])
        session.close()
        session.start(now: .zero)
        #expect(session.poll() == nil)
        #expect(session.timeout == nil)
    }
}
