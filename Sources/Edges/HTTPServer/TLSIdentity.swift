import Crypto
public import Foundation
import NIOSSL
public import Store
import SwiftASN1
import X509

#if canImport(Glibc)
    import Glibc
#endif

/// The certificate chain and private key by which the server proves who it is.
public struct TLSIdentity: Sendable {
    /// Certificates in PEM, the server's own first.
    public let certificatePEM: String
    /// The key in PEM.
    public let privateKeyPEM: String

    /// Where the server's own certificate lives in the data folder.
    public static let certificateFile = "tls/certificate.pem"
    static let keyFile = "tls/key.pem"
    /// How long an own certificate is valid, in days: the most that all systems accept of one they are told to trust.
    private static let validDays = 825
    /// An own certificate is made anew when fewer days than these are left.
    private static let renewalDays = 30

    public init(certificatePEM: String, privateKeyPEM: String) {
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }

    /// When the server's certificate ends; nil when it cannot be read.
    public var expiry: Date? {
        (try? NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)).first).map {
            Date(timeIntervalSince1970: TimeInterval($0.notValidAfter))
        }
    }

    /// Reads the operator's certificate and key.
    public static func load(certificatePath: String, keyPath: String) throws -> TLSIdentity {
        func text(_ path: String) throws -> String {
            guard let bytes = try DataFolder.readFile(path) else { throw DataFolderError.missing(path: path) }
            return String(decoding: bytes, as: UTF8.self)
        }
        let identity = TLSIdentity(certificatePEM: try text(certificatePath), privateKeyPEM: try text(keyPath))
        do {
            _ = try NIOSSLContext(configuration: identity.serverConfiguration())
        } catch {
            throw DataFolderError.damaged(
                path: certificatePath,
                reason: "with \(keyPath) it is not a usable pair of certificate and key (\(error))")
        }
        return identity
    }

    /// The server's own certificate of the data folder: made at the first start, and again when names have been added
    /// or it is about to end.
    public static func selfSigned(in folder: DataFolder, names: [String], now: Date = Date()) throws -> TLSIdentity {
        let wanted = Set(names.compactMap(generalName))
        if let certificate = try folder.readText(certificateFile), let key = try folder.readText(keyFile),
            isUsable(certificate, key: key, for: wanted, now: now)
        {
            return TLSIdentity(certificatePEM: certificate, privateKeyPEM: key)
        }
        let identity = try make(names: names, now: now)
        try folder.replace(keyFile, with: identity.privateKeyPEM)
        try folder.replace(certificateFile, with: identity.certificatePEM, mode: 0o644)
        return identity
    }

    /// The names under which this machine is reached, for its own certificate: loopback, host name and `extra`.
    public static func localNames(adding extra: [String]) -> [String] {
        var buffer = [CChar](repeating: 0, count: 256)
        var names = ["localhost", "127.0.0.1", "::1"]
        if gethostname(&buffer, buffer.count - 1) == 0 {
            let end = buffer.firstIndex(of: 0) ?? buffer.endIndex
            names.append(String(decoding: buffer[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self))
        }
        for name in extra where !names.contains(name) { names.append(name) }
        return names.filter { !$0.isEmpty }
    }

    private static func isUsable(_ pem: String, key: String, for names: Set<GeneralName>, now: Date) -> Bool {
        guard let certificate = try? Certificate(pemEncoded: pem),
            let privateKey = try? Certificate.PrivateKey(pemEncoded: key),
            privateKey.publicKey == certificate.publicKey,
            let present = try? certificate.extensions.subjectAlternativeNames
        else { return false }
        let renewal = TimeInterval(renewalDays * 86400)
        return certificate.notValidBefore <= now && certificate.notValidAfter > now.addingTimeInterval(renewal)
            && names.isSubset(of: Set(present))
    }

    private static func make(names: [String], now: Date) throws -> TLSIdentity {
        let key = P256.Signing.PrivateKey()
        let certificateKey = Certificate.PrivateKey(key)
        let subject = try DistinguishedName {
            CommonName("switchboard on \(names.last ?? "localhost")")
        }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: certificateKey.publicKey,
            notValidBefore: now.addingTimeInterval(-3600),
            notValidAfter: now.addingTimeInterval(TimeInterval(validDays * 86400)),
            issuer: subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                // No key usage: with one, some verifiers ask that it allow signing certificates before they take a
                // self-signed certificate as its own issuer.
                try ExtendedKeyUsage([.serverAuth])
                SubjectKeyIdentifier(hash: certificateKey.publicKey)
                SubjectAlternativeNames(names.compactMap(generalName))
            },
            issuerPrivateKey: certificateKey)
        return TLSIdentity(
            certificatePEM: try certificate.serializeAsPEM().pemString + "\n",
            privateKeyPEM: key.pemRepresentation + "\n")
    }

    private static func generalName(_ name: String) -> GeneralName? {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, name, &four) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: four) { ArraySlice($0) }))
        }
        if inet_pton(AF_INET6, name, &six) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: six) { ArraySlice($0) }))
        }
        return name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? .dnsName(name) : nil
    }

    func serverConfiguration(alsoSpeaking protocols: [String] = []) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(privateKeyPEM.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"] + protocols
        return configuration
    }
}
