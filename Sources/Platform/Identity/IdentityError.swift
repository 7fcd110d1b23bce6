/// Why an identity operation was refused.
public enum IdentityError: Error, Sendable, Equatable {
    /// The list of scopes is empty.
    case noScopes
    /// A word in the list of scopes is not a scope.
    case unknownScope(String)
    /// The asked-for life of a token is outside `IdentityService.tokenLifeMinutes`.
    case lifeOutOfRange(minutes: Int)
    /// The display name is empty or longer than `IdentityService.displayNameLimit` characters.
    case displayNameLength(Int)
    /// The display name has more bytes than `IdentityService.displayNameBytes`.
    case displayNameBytes(Int)
    /// The id is not that of a communication user.
    case malformedUserID(String)
    /// The user never existed here, or has been deleted.
    case userNotFound(String)
}
