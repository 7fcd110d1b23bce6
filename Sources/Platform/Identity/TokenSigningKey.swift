import Crypto
import CryptoExtras
import Foundation
import JWTKit
public import Store

/// The RSA key with which user access tokens are signed (RS256).
public struct TokenSigningKey: Sendable {
    /// Where the key lives in the data folder.
    static let file = "keys/token-signing-key.pem"

    let privateKey: _RSA.Signing.PrivateKey
    /// Names the key in token headers and in the published key set: the RFC 7638 thumbprint of the public key.
    public let identifier: String
    /// The SHA-1 thumbprint in the form of the `x5t` header. There is no certificate, so it is that of the public key.
    let shortThumbprint: String
    private let modulus: String
    private let exponent: String

    /// A new 2048-bit key.
    public init() throws {
        try self.init(privateKey: _RSA.Signing.PrivateKey(keySize: .bits2048))
    }

    init(privateKey: _RSA.Signing.PrivateKey) throws {
        self.privateKey = privateKey
        let primitives = try privateKey.publicKey.getKeyPrimitives()
        modulus = Base64URL.encode(primitives.modulus)
        exponent = Base64URL.encode(primitives.publicExponent)
        let canonical = #"{"e":"\#(exponent)","kty":"RSA","n":"\#(modulus)"}"#
        identifier = Base64URL.encode(SHA256.hash(data: Data(canonical.utf8)))
        let publicKey = privateKey.publicKey.derRepresentation
        shortThumbprint = Base64URL.encode(Insecure.SHA1.hash(data: publicKey))
    }

    /// Whether the data folder has a key already.
    public static func exists(in folder: DataFolder) throws(DataFolderError) -> Bool {
        try folder.read(file) != nil
    }

    /// The key of the data folder, made at the first start.
    public static func loadOrCreate(in folder: DataFolder) throws -> TokenSigningKey {
        if let text = try folder.readText(file) {
            do {
                return try TokenSigningKey(privateKey: _RSA.Signing.PrivateKey(pemRepresentation: text))
            } catch {
                throw DataFolderError.damaged(
                    path: folder.path(of: file), reason: "it is not an RSA private key in PEM")
            }
        }
        let key = try TokenSigningKey()
        try folder.replace(file, with: key.privateKey.pemRepresentation)
        return key
    }

    /// The JSON Web Key Set (RFC 7517) that lets others check tokens without asking this server.
    public var keySetJSON: String {
        #"{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"\#(identifier)","#
            + #""x5t":"\#(shortThumbprint)","n":"\#(modulus)","e":"\#(exponent)"}]}"#
    }
}

/// Base64 with the alphabet of RFC 4648 section 5 and no padding, as in JSON Web Tokens.
enum Base64URL {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func decode(_ text: some Sequence<UInt8>) -> Data? {
        var bytes = text.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        while bytes.count % 4 != 0 { bytes.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: Data(bytes))
    }
}
