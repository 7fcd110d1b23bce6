public import Calling
public import MediaVocabulary

/// What a valid user access token says.
public struct TokenBearer: Hashable, Sendable {
    public var user: UserID
    /// For example `voip`, `voip.join`.
    public var scopes: Set<String>
    /// How the user is shown in a session that does not say it.
    public var displayName: String?

    public init(user: UserID, scopes: Set<String>, displayName: String? = nil) {
        self.user = user
        self.scopes = scopes
        self.displayName = displayName
    }

    /// Whether the bearer may join a group call.
    var mayJoin: Bool {
        CallPermissions(scopes: scopes).allows(.join)
    }
}

/// Why a token is refused.
public struct TokenRefusal: Error, Hashable, Sendable {
    /// A sentence for the developer of the client; must not quote the token.
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// Checks a user access token. Implemented by the identity service.
public typealias TokenCheck = @Sendable (_ token: String) async throws(TokenRefusal) -> TokenBearer

/// The token of an `Authorization: Bearer …` header (RFC 6750 §2.1); nil when there is none.
func bearerToken(in authorization: String?) -> String? {
    guard let authorization else { return nil }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = parts[1].filter { $0 != " " }
    return token.isEmpty ? nil : token
}
