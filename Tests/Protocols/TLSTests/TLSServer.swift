import Crypto
import Foundation
import NIOCore
import NIOEmbedded
import NIOSSL
import SwiftASN1
import X509

/// A TLS server of swift-nio-ssl without a socket, which says everything twice.
final class TLSServer {
    /// The present of all certificates here.
    static let unixTime: Int64 = 1_700_000_000

    private let channel: EmbeddedChannel
    /// The certificate in PEM.
    let certificate: [UInt8]

    /// - Parameter version: The only one that it speaks; nil: both.
    init(names: [GeneralName], validFor lifetime: TimeInterval = 86_400, version: TLSVersion? = nil) throws {
        let key = P256.Signing.PrivateKey()
        let certificateKey = Certificate.PrivateKey(key)
        let subject = try DistinguishedName { CommonName("test") }
        let now = Date(timeIntervalSince1970: TimeInterval(Self.unixTime))
        let made = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: certificateKey.publicKey,
            notValidBefore: now.addingTimeInterval(-3_600), notValidAfter: now.addingTimeInterval(lifetime),
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                SubjectAlternativeNames(names)
            }, issuerPrivateKey: certificateKey)
        certificate = Array((try made.serializeAsPEM().pemString + "\n").utf8)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
        configuration.minimumTLSVersion = version ?? .tlsv12
        configuration.maximumTLSVersion = version ?? .tlsv13
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            NIOSSLServerHandler(context: try NIOSSLContext(configuration: configuration)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    deinit {
        // A client that says nothing any more is waited for, in the time of the loop.
        channel.close(promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
    }

    /// Takes bytes of the client; what it heard it says twice. Gives the bytes for the client.
    func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
        if !bytes.isEmpty { try channel.writeInbound(ByteBuffer(bytes: bytes)) }
        while let heard = try channel.readInbound(as: ByteBuffer.self) {
            for _ in 0..<2 { try channel.writeOutbound(heard) }
        }
        return try takeOutbound()
    }

    func close() throws -> [UInt8] {
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
        return try takeOutbound()
    }

    private func takeOutbound() throws -> [UInt8] {
        var outbound: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { outbound += Array(buffer.readableBytesView) }
        return outbound
    }
}
