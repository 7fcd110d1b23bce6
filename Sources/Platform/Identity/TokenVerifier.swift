public import Foundation
public import Store

/// Decides whether a user access token is valid at this moment.
public struct TokenVerifier: Sendable {
    private let issuer: TokenIssuer
    private let users: UserRepository
    private let now: @Sendable () -> Date

    public init(issuer: TokenIssuer, users: UserRepository, now: @escaping @Sendable () -> Date = { Date() }) {
        self.issuer = issuer
        self.users = users
        self.now = now
    }

    /// What the token says.
    ///
    /// - Throws: `TokenRejection` when the token is not valid; any other error when the store cannot be read.
    public func verify(_ token: String) async throws -> VerifiedToken {
        let claims = try await issuer.read(token)
        let expiry = Date(timeIntervalSince1970: Double(claims.exp))
        guard now() < expiry else { throw TokenRejection.expired(on: expiry) }
        guard claims.resourceId == issuer.resourceID, let user = UserIdentifier(rawID: "8:" + claims.skypeid) else {
            throw TokenRejection.unknownUser
        }
        guard let record = try await users.find(id: user.rawID), !record.isDeleted else {
            throw TokenRejection.unknownUser
        }
        guard claims.tokenGeneration == record.tokenGeneration else { throw TokenRejection.revoked }
        return VerifiedToken(
            userID: user.rawID,
            displayName: record.displayName,
            scopes: Set(claims.acsScope.split(separator: ",").map(String.init)),
            expiresOn: expiry,
            issuedAt: Date(timeIntervalSince1970: Double(claims.iat)))
    }
}
