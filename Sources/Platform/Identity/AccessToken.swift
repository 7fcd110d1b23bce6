public import Foundation

/// A user access token and when it ends.
public struct AccessToken: Sendable, Equatable {
    /// The JSON Web Token, to be shown by a client when it opens a signalling connection.
    public let token: String
    /// The moment after which the token is refused (whole seconds).
    public let expiresOn: Date

    public init(token: String, expiresOn: Date) {
        self.token = token
        self.expiresOn = expiresOn
    }
}

/// What a valid token says.
public struct VerifiedToken: Sendable, Equatable {
    /// The raw id of the user, `8:acs:<resource>_<user>`.
    public let userID: String
    /// The name the user was made with, if any.
    public let displayName: String?
    /// The words of the token's scopes, for example `voip`.
    public let scopes: Set<String>
    /// When the token ends.
    public let expiresOn: Date
    /// When the token was made.
    public let issuedAt: Date

    public init(userID: String, displayName: String?, scopes: Set<String>, expiresOn: Date, issuedAt: Date) {
        self.userID = userID
        self.displayName = displayName
        self.scopes = scopes
        self.expiresOn = expiresOn
        self.issuedAt = issuedAt
    }
}

/// Why a token is not accepted.
public enum TokenRejection: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not a JSON Web Token of the expected form.
    case malformed
    /// Signed with another key, or altered.
    case badSignature
    /// Its time is over.
    case expired(on: Date)
    /// The user's tokens were revoked after this one was made.
    case revoked
    /// The user does not exist any more, or belongs to another server.
    case unknownUser

    public var description: String {
        switch self {
        case .malformed: "The token is not a user access token (a JSON Web Token in three parts)."
        case .badSignature: "The token was not signed by this server, or has been altered."
        case .expired(let date): "The token expired on \(ISO8601Timestamp.format(date))."
        case .revoked: "The token has been revoked."
        case .unknownUser: "The user of this token does not exist on this server."
        }
    }
}
