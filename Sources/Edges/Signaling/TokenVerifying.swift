public import Calling
public import Foundation
public import MediaVocabulary

/// Checks user access tokens. Implemented by the identity service.
public protocol TokenVerifying: Sendable {
    /// Reads a token and refuses one that is not valid now: wrong signature, expired, revoked, of a deleted user.
    func verify(_ token: String) async throws(TokenRejection) -> VerifiedToken
}

/// What a valid token says.
public struct VerifiedToken: Hashable, Sendable {
    public var user: UserID
    /// The name that the user was created with, for clients that bring none of their own.
    public var displayName: String?
    /// For example `voip`, `voip.join`.
    public var scopes: Set<String>
    public var expiresOn: Date
    public var issuedAt: Date

    public init(
        user: UserID, displayName: String? = nil, scopes: Set<String>, expiresOn: Date, issuedAt: Date
    ) {
        self.user = user
        self.displayName = displayName
        self.scopes = scopes
        self.expiresOn = expiresOn
        self.issuedAt = issuedAt
    }
}

/// Why a token is refused.
public struct TokenRejection: Error, Hashable, Sendable {
    /// A sentence for the developer of the client; must not quote the token.
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}
