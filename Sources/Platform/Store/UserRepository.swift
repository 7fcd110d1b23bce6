import GRDB

/// Reads and writes users. Every write is durable when the call returns.
public struct UserRepository: Sendable {
    let pool: DatabasePool
    let writer: StoreWriter

    /// Adds a user with token generation 1.
    public func insert(id: String, displayName: String?, createdAtMilliseconds: Int64) async throws {
        try await writer.write { database in
            try database.execute(
                sql: "INSERT INTO users (id, display_name, created_at) VALUES (?, ?, ?)",
                arguments: [id, displayName, createdAtMilliseconds])
        }
    }

    /// The user with this raw id, deleted ones included, or nil when there never was one.
    public func find(id: String) async throws -> UserRecord? {
        try await pool.read { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT display_name, token_generation, created_at, deleted_at FROM users WHERE id = ?",
                arguments: [id])
            guard let row else { return nil }
            return UserRecord(
                id: id,
                displayName: row["display_name"],
                tokenGeneration: row["token_generation"],
                createdAtMilliseconds: row["created_at"],
                isDeleted: row["deleted_at"] as Int64? != nil)
        }
    }

    /// Ends every token issued so far. Returns false when there is no such user, or a deleted one.
    public func raiseTokenGeneration(id: String) async throws -> Bool {
        try await writer.write { database in
            try database.execute(
                sql: "UPDATE users SET token_generation = token_generation + 1 WHERE id = ? AND deleted_at IS NULL",
                arguments: [id])
            return database.changesCount == 1
        }
    }

    /// Deletes the identity: its tokens end, its name is erased, its id stays known as deleted.
    /// Returns false when there never was such a user; true also when it had been deleted before.
    public func delete(id: String, atMilliseconds time: Int64) async throws -> Bool {
        try await writer.write { database in
            try database.execute(
                sql: """
                    UPDATE users SET token_generation = token_generation + 1, display_name = NULL,
                        deleted_at = coalesce(deleted_at, ?)
                    WHERE id = ?
                    """,
                arguments: [time, id])
            return database.changesCount == 1
        }
    }

    /// How many users there are, deleted ones left out.
    public func count() async throws -> Int {
        try await pool.read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM users WHERE deleted_at IS NULL") ?? 0
        }
    }
}
