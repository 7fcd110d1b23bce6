import Foundation
import HTTPServer
import Store
import TestSupport
import Testing

@Suite("What a certificate says of itself")
struct CertificateDescriptionTests {
    let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
    }

    private func identity(in folder: String, names: [String]) throws -> TLSIdentity {
        try TLSIdentity.selfSigned(in: try DataFolder.openForServer(at: temporary.path + "/" + folder), names: names)
    }

    @Test("Names, addresses, time and key of the server's own certificate")
    func ownCertificate() throws {
        let own = try identity(in: "own", names: ["localhost", "127.0.0.1", "::1", "calls.example"])
        let description = try CertificateDescription(certificatePEM: own.certificatePEM, keyPEM: own.privateKeyPEM)
        #expect(Set(description.names) == ["localhost", "127.0.0.1", "::1", "calls.example"])
        #expect(description.notBefore <= Date())
        #expect(description.notAfter > Date(timeIntervalSinceNow: 300 * 86_400))
        #expect(description.keyMatches)
    }

    @Test("The first certificate of a chain counts, and another's key does not match")
    func chainsAndKeys() throws {
        let first = try identity(in: "first", names: ["first.example"])
        let second = try identity(in: "second", names: ["second.example"])
        let chain = "a comment\n" + first.certificatePEM + "\n" + second.certificatePEM
        let description = try CertificateDescription(certificatePEM: chain, keyPEM: second.privateKeyPEM)
        #expect(description.names == ["first.example"])
        #expect(!description.keyMatches)
    }

    @Test(
        "What is no certificate is refused",
        arguments: ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
    func garbage(text: String) {
        #expect(throws: (any Error).self) { try CertificateDescription(certificatePEM: text, keyPEM: text) }
    }
}
