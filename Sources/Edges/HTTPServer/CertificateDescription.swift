public import Foundation
import SwiftASN1
import X509

/// What a certificate says of itself, for whoever checks it before clients do.
public struct CertificateDescription: Sendable, Hashable {
    /// The DNS names and IP addresses for which it stands, lower case (RFC 5280 §4.2.1.6).
    public let names: [String]
    public let notBefore: Date
    public let notAfter: Date
    /// Whether the private key belongs to it.
    public let keyMatches: Bool

    /// Reads the first certificate of a chain and a private key, both in PEM. Throws when either cannot be read.
    public init(certificatePEM: String, keyPEM: String) throws {
        let certificate = try Certificate(pemEncoded: Self.firstBlock(of: certificatePEM))
        let key = try Certificate.PrivateKey(pemEncoded: keyPEM)
        let alternatives = try certificate.extensions.subjectAlternativeNames
        names = (alternatives.map(Array.init) ?? []).compactMap { name in
            switch name {
            case .dnsName(let text): text.lowercased()
            case .ipAddress(let octets): Self.address(Array(octets.bytes))
            default: nil
            }
        }
        notBefore = certificate.notValidBefore
        notAfter = certificate.notValidAfter
        keyMatches = certificate.publicKey == key.publicKey
    }

    /// The server's own certificate comes first in a chain (RFC 8446 §4.4.2).
    private static func firstBlock(of pem: String) -> String {
        let end = "-----END CERTIFICATE-----"
        guard let start = pem.range(of: "-----BEGIN CERTIFICATE-----"),
            let stop = pem.range(of: end, range: start.upperBound..<pem.endIndex)
        else { return pem }
        return String(pem[start.lowerBound..<stop.upperBound])
    }

    private static func address(_ octets: [UInt8]) -> String? {
        if octets.count == 4 { return octets.map(String.init).joined(separator: ".") }
        guard octets.count == 16 else { return nil }
        if octets.dropLast().allSatisfy({ $0 == 0 }), octets[15] == 1 { return "::1" }
        return stride(from: 0, to: 16, by: 2).map { position in
            String(UInt16(octets[position]) << 8 | UInt16(octets[position + 1]), radix: 16)
        }.joined(separator: ":")
    }
}
