import GRDB

/// Facts about the server as a whole, such as the GUID that every user id carries.
public struct ResourceRepository: Sendable {
    let pool: DatabasePool
    let writer: StoreWriter

    /// The value under `name`; nil where there is none.
    public func find(_ name: String) async throws -> String? {
        try await pool.read { database in
            try String.fetchOne(database, sql: "SELECT value FROM resource WHERE name = ?", arguments: [name])
        }
    }

    /// The value under `name`; where there is none yet, `initial` becomes it. All callers see the same value.
    public func value(_ name: String, initial: String) async throws -> String {
        try await writer.write { database in
            try database.execute(
                sql: "INSERT INTO resource (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [name, initial])
            let value = try String.fetchOne(
                database, sql: "SELECT value FROM resource WHERE name = ?", arguments: [name])
            return value ?? initial
        }
    }
}
