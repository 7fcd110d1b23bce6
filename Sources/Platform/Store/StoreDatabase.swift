import GRDB

/// The server's durable facts, in one SQLite file.
///
/// Write-ahead logging with `synchronous=FULL`: a write that has returned survives a killed process and a lost
/// power supply. Callers use the small repositories (`UserRepository`, `ResourceRepository`) and never see SQL, so that
/// another database engine can take this one's place behind the same functions.
public final class StoreDatabase: Sendable {
    let pool: DatabasePool

    /// Opens the database file, creating it and bringing its schema up to date where needed.
    ///
    /// - Throws: `StoreError` with the file's path when it cannot be opened or is of a later version of the program.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "switchboard"
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // The pool sets NORMAL on its one writing connection when it turns on write-ahead logging.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            let migrator = Schema.migrator
            if try pool.read(migrator.hasBeenSuperseded) {
                throw StoreError.newerSchema(path: path)
            }
            try migrator.migrate(pool)
        } catch let error as DatabaseError {
            throw StoreError.cannotOpen(path: path, reason: error.message ?? error.description)
        }
    }

    /// The users and the generations of their tokens.
    public var users: UserRepository { UserRepository(pool: pool) }

    /// Facts about this server as a whole.
    public var resource: ResourceRepository { ResourceRepository(pool: pool) }

    /// Closes the file; later calls on repositories throw.
    public func close() throws { try pool.close() }
}

/// Why the database could not be used.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened or migrated.
    case cannotOpen(path: String, reason: String)
    /// The file was written by a later version of the program.
    case newerSchema(path: String)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "Cannot open the database \(path): \(reason)."
        case .newerSchema(let path):
            "The database \(path) was written by a later version of switchboard. Start that version, or use another "
                + "data folder with --data."
        }
    }
}
