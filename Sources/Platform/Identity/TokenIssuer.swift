import Foundation
import JWTKit

/// Makes and reads signed tokens. It knows keys and claims, not users.
public struct TokenIssuer: Sendable {
    /// The number that stands for calling in the `scp` claim.
    private static let callingScopeCode = 1792
    private static let location = "selfhosted"

    /// The longest token that is read, in bytes; ours have about 900.
    static let tokenBytes = 8_192
    /// The longest header of a token that is read, in bytes of its encoded form; ours have about 190.
    static let headerBytes = 512

    private let key: TokenSigningKey
    private let keys: JWTKeyCollection
    let resourceID: String

    /// - Parameter resourceID: The GUID of the server, in lower case.
    public init(key: TokenSigningKey, resourceID: String) async throws {
        self.key = key
        self.resourceID = resourceID
        keys = JWTKeyCollection()
        let signer = try Insecure.RSA.PrivateKey(backing: key.privateKey)
        await keys.add(rsa: signer, digestAlgorithm: .sha256, kid: JWKIdentifier(string: key.identifier))
    }

    /// The published key set; see `TokenSigningKey.keySetJSON`.
    public var keySetJSON: String { key.keySetJSON }

    /// Signs a token. Times are cut to whole seconds.
    func issue(
        for user: UserIdentifier, scopes: [TokenScope], generation: Int64, at now: Date, minutes: Int
    ) async throws -> AccessToken {
        let issuedAt = Int(now.timeIntervalSince1970)
        let expiry = issuedAt + minutes * 60
        let claims = TokenClaims(
            skypeid: String(user.rawID.dropFirst(2)),
            scp: Self.callingScopeCode,
            csi: String(issuedAt),
            iat: issuedAt,
            exp: expiry,
            rgn: Self.location,
            acsScope: scopes.map(\.rawValue).joined(separator: ","),
            resourceId: resourceID,
            resourceLocation: Self.location,
            tokenGeneration: generation)
        let header: JWTHeader = ["x5t": .string(key.shortThumbprint), "typ": "JWT"]
        let token = try await keys.sign(claims, kid: JWKIdentifier(string: key.identifier), header: header)
        return AccessToken(token: token, expiresOn: Date(timeIntervalSince1970: Double(expiry)))
    }

    /// Whether the header is a short flat object of texts, as ours are. The library reads headers before it checks who
    /// made them, and does much with what it finds in one.
    private static func hasPlainHeader(_ token: String) -> Bool {
        let encoded = token.utf8.prefix { $0 != UInt8(ascii: ".") }
        guard encoded.count <= headerBytes, let bytes = Base64URL.decode(encoded) else { return false }
        return (try? JSONDecoder().decode([String: String].self, from: bytes)) != nil
    }

    /// Reads a token and checks its signature, nothing else.
    func read(_ token: String) async throws(TokenRejection) -> TokenClaims {
        guard token.utf8.count <= Self.tokenBytes, Self.hasPlainHeader(token) else { throw .malformed }
        do {
            return try await keys.verify(token, as: TokenClaims.self)
        } catch let error as JWTError {
            switch error.errorType {
            case .signatureVerificationFailed, .unknownKID, .signingAlgorithmFailure, .noKeyProvided:
                throw .badSignature
            default:
                throw .malformed
            }
        } catch {
            throw .malformed
        }
    }
}
