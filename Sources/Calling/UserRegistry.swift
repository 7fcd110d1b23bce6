/// Who exists. Implemented by the identity service.
public protocol UserRegistry: Sendable {
    /// Whether `user` is a user of this server that can be called.
    func contains(_ user: UserID) async -> Bool
}
