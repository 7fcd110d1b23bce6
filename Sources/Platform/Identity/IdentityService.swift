public import Foundation
public import Store
import Synchronization

/// Users and their tokens: made, revoked, deleted.
public final class IdentityService: Sendable {
    /// How long a token may live, in minutes.
    public static let tokenLifeMinutes = 60...1440
    /// The life of a token when none is asked for, in minutes.
    public static let defaultTokenLifeMinutes = 1440
    /// The longest display name, in characters.
    public static let displayNameLimit = 256
    /// The longest display name, in bytes: a character may have any number of them.
    public static let displayNameBytes = 1_024

    private let issuer: TokenIssuer
    private let users: UserRepository
    private let now: @Sendable () -> Date
    private let revocationHandlers = Mutex<[@Sendable (_ userID: String) async -> Void]>([])

    public init(issuer: TokenIssuer, users: UserRepository, now: @escaping @Sendable () -> Date = { Date() }) {
        self.issuer = issuer
        self.users = users
        self.now = now
    }

    /// The published key set of the tokens, a JSON document.
    public var keySetJSON: String { issuer.keySetJSON }

    /// Has `handler` called with the raw id of every user whose tokens have just ended, by revocation or deletion,
    /// before the caller of that operation gets its answer.
    public func onRevoked(_ handler: @escaping @Sendable (_ userID: String) async -> Void) {
        revocationHandlers.withLock { $0.append(handler) }
    }

    /// Makes a user, and with `scopes` its first token. Nothing is stored when any argument is refused.
    ///
    /// - Throws: `IdentityError`, or the store's error.
    public func create(
        displayName: String? = nil, scopes: [String]? = nil, minutes: Int? = nil
    ) async throws -> (userID: String, token: AccessToken?) {
        if let displayName {
            guard displayName.utf8.count <= Self.displayNameBytes else {
                throw IdentityError.displayNameBytes(displayName.utf8.count)
            }
            guard !displayName.isEmpty, displayName.count <= Self.displayNameLimit else {
                throw IdentityError.displayNameLength(displayName.count)
            }
        }
        let life = try Self.checkedLife(minutes)
        let granted = try scopes.map(Self.checkedScopes)
        let user = UserIdentifier(newUserOf: issuer.resourceID)
        let time = now()
        let token: AccessToken? =
            if let granted {
                try await issuer.issue(for: user, scopes: granted, generation: 1, at: time, minutes: life)
            } else {
                nil
            }
        try await users.insert(
            id: user.rawID, displayName: displayName,
            createdAtMilliseconds: Int64(time.timeIntervalSince1970 * 1000))
        return (user.rawID, token)
    }

    /// Makes a token for an existing user.
    ///
    /// - Throws: `IdentityError`, or the store's error.
    public func issueToken(userID: String, scopes: [String], minutes: Int? = nil) async throws -> AccessToken {
        let life = try Self.checkedLife(minutes)
        let granted = try Self.checkedScopes(scopes)
        let user = try Self.checkedUser(userID)
        guard let record = try await users.find(id: user.rawID), !record.isDeleted else {
            throw IdentityError.userNotFound(userID)
        }
        return try await issuer.issue(
            for: user, scopes: granted, generation: record.tokenGeneration, at: now(), minutes: life)
    }

    /// Ends every token of a user at once.
    ///
    /// - Throws: `IdentityError`, or the store's error.
    public func revokeTokens(userID: String) async throws {
        let user = try Self.checkedUser(userID)
        guard try await users.raiseTokenGeneration(id: user.rawID) else { throw IdentityError.userNotFound(userID) }
        await announceRevocation(user)
    }

    /// Deletes a user and ends its tokens. Deleting a deleted user again is no error, so that a caller who lost the
    /// first answer may repeat the request.
    ///
    /// - Throws: `IdentityError`, or the store's error.
    public func delete(userID: String) async throws {
        let user = try Self.checkedUser(userID)
        let time = Int64(now().timeIntervalSince1970 * 1000)
        guard try await users.delete(id: user.rawID, atMilliseconds: time) else {
            throw IdentityError.userNotFound(userID)
        }
        await announceRevocation(user)
    }

    private func announceRevocation(_ user: UserIdentifier) async {
        for handler in revocationHandlers.withLock({ $0 }) { await handler(user.rawID) }
    }

    private static func checkedLife(_ minutes: Int?) throws(IdentityError) -> Int {
        let life = minutes ?? defaultTokenLifeMinutes
        guard tokenLifeMinutes.contains(life) else { throw .lifeOutOfRange(minutes: life) }
        return life
    }

    private static func checkedScopes(_ words: [String]) throws(IdentityError) -> [TokenScope] {
        guard !words.isEmpty else { throw .noScopes }
        var scopes: [TokenScope] = []
        for word in words {
            guard let scope = TokenScope(rawValue: word) else { throw .unknownScope(word) }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }

    private static func checkedUser(_ userID: String) throws(IdentityError) -> UserIdentifier {
        guard let user = UserIdentifier(rawID: userID) else { throw .malformedUserID(userID) }
        return user
    }
}
