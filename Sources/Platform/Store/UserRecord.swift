/// A communication user as the store keeps it.
public struct UserRecord: Sendable, Equatable {
    /// The raw id, `8:acs:<resource>_<user>`.
    public let id: String
    /// The name that others see, where the user was made with one.
    public let displayName: String?
    /// Which generation of access tokens is valid. Revoking raises it, which ends every token issued before.
    public let tokenGeneration: Int64
    /// When the user was made, in milliseconds since 1970.
    public let createdAtMilliseconds: Int64
    /// Whether the identity has been deleted. A deleted identity is remembered so that its id is never valid again.
    public let isDeleted: Bool

    public init(
        id: String, displayName: String?, tokenGeneration: Int64, createdAtMilliseconds: Int64, isDeleted: Bool
    ) {
        self.id = id
        self.displayName = displayName
        self.tokenGeneration = tokenGeneration
        self.createdAtMilliseconds = createdAtMilliseconds
        self.isDeleted = isDeleted
    }
}
