import Foundation
import HTTPServer
import Store
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite struct TLSIdentityTests {
    let temporary: TemporaryFolder
    let folder: DataFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = try DataFolder.openForServer(at: temporary.path)
    }

    @Test func certificateNamesEverythingAndNotMore() throws {
        let identity = try TLSIdentity.selfSigned(
            in: folder, names: ["localhost", "127.0.0.1", "::1", "calls.example"])
        let certificate = try Certificate(pemEncoded: identity.certificatePEM)
        let names = try #require(try certificate.extensions.subjectAlternativeNames)
        let v6: [UInt8] = [UInt8](repeating: 0, count: 15) + [1]
        #expect(
            Array(names) == [
                .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                .ipAddress(ASN1OctetString(contentBytes: v6[...])), .dnsName("calls.example"),
            ])
        #expect(try certificate.extensions.basicConstraints == .notCertificateAuthority)
        #expect(certificate.signatureAlgorithm == .ecdsaWithSHA256)
        #expect(try temporary.mode(of: "tls/key.pem") == 0o600)
        #expect(try temporary.mode(of: "tls/certificate.pem") == 0o644)
    }

    @Test func certificateStaysUntilItHasToChange() throws {
        let now = Date(timeIntervalSince1970: 1_795_514_400)
        let first = try TLSIdentity.selfSigned(in: folder, names: ["localhost"], now: now)
        let later = now.addingTimeInterval(700 * 86400)
        #expect(
            try TLSIdentity.selfSigned(in: folder, names: ["localhost"], now: later).certificatePEM
                == first.certificatePEM)
        let renewed = try TLSIdentity.selfSigned(
            in: folder, names: ["localhost"], now: now.addingTimeInterval(800 * 86400))
        #expect(renewed.certificatePEM != first.certificatePEM)
        let wider = try TLSIdentity.selfSigned(in: folder, names: ["localhost", "calls.example"], now: later)
        #expect(wider.certificatePEM != renewed.certificatePEM)
    }

    @Test func damagedFilesAreMadeAnew() throws {
        let first = try TLSIdentity.selfSigned(in: folder, names: ["localhost"])
        try folder.replace("tls/key.pem", with: "rubbish")
        let second = try TLSIdentity.selfSigned(in: folder, names: ["localhost"])
        #expect(second.privateKeyPEM != first.privateKeyPEM)
        #expect(try folder.readText("tls/key.pem") == second.privateKeyPEM)
    }

    @Test func aKeyThatDoesNotFitIsRefusedByName() throws {
        _ = try TLSIdentity.selfSigned(in: folder, names: ["localhost"])
        let certificate = folder.path(of: "tls/certificate.pem")
        let other = try TemporaryFolder()
        let otherFolder = try DataFolder.openForServer(at: other.path)
        _ = try TLSIdentity.selfSigned(in: otherFolder, names: ["localhost"])
        let key = otherFolder.path(of: "tls/key.pem")
        let error = #expect(throws: DataFolderError.self) {
            try TLSIdentity.load(certificatePath: certificate, keyPath: key)
        }
        #expect("\(error!)".contains(certificate) && "\(error!)".contains(key))
    }

    @Test func theCurrentOneIsReplacedByAUsableOneOnly() throws {
        let first = try TLSIdentity.selfSigned(in: folder, names: ["localhost"])
        let current = CurrentTLSIdentity(first)
        let second = try TLSIdentity.selfSigned(in: folder, names: ["localhost", "calls.example"])
        try current.replace(with: second)
        #expect(current.identity.certificatePEM == second.certificatePEM)
        let broken = [
            TLSIdentity(certificatePEM: first.certificatePEM, privateKeyPEM: second.privateKeyPEM),
            TLSIdentity(certificatePEM: "", privateKeyPEM: first.privateKeyPEM),
            TLSIdentity(certificatePEM: first.certificatePEM, privateKeyPEM: "rubbish"),
        ]
        for identity in broken {
            #expect(throws: (any Error).self) { try current.replace(with: identity) }
            #expect(current.identity.certificatePEM == second.certificatePEM)
        }
    }

    @Test func expiry() throws {
        let now = Date(timeIntervalSince1970: 1_795_514_400)
        let identity = try TLSIdentity.selfSigned(in: folder, names: ["localhost"], now: now)
        #expect(identity.expiry == now.addingTimeInterval(825 * 86_400))
        #expect(TLSIdentity(certificatePEM: "rubbish", privateKeyPEM: "").expiry == nil)
    }

    @Test func operatorsCertificate() throws {
        let own = try TLSIdentity.selfSigned(in: folder, names: ["localhost"])
        let certificate = folder.path(of: "tls/certificate.pem")
        let key = folder.path(of: "tls/key.pem")
        #expect(try TLSIdentity.load(certificatePath: certificate, keyPath: key).certificatePEM == own.certificatePEM)
        #expect(throws: DataFolderError.missing(path: "/nowhere.pem")) {
            try TLSIdentity.load(certificatePath: "/nowhere.pem", keyPath: key)
        }
        #expect(throws: DataFolderError.self) { try TLSIdentity.load(certificatePath: key, keyPath: certificate) }
    }
}
