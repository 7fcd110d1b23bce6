import GRDB

/// The server's durable facts, in one SQLite file.
///
/// Write-ahead logging with `synchronous=FULL`: a write that has returned survives a killed process and a lost
/// power supply. Callers use the small repositories (`UserRepository`, `ResourceRepository`) and never see SQL, so that
/// another database engine can take this one's place behind the same functions.
public final class StoreDatabase: Sendable {
    let pool: DatabasePool
    private let writer: StoreWriter

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
            writer = StoreWriter(pool: pool, path: path, health: StoreHealth())
        } catch let error as DatabaseError {
            throw StoreError.cannotOpen(path: path, reason: error.message ?? error.description)
        }
    }

    /// The users and the generations of their tokens.
    public var users: UserRepository { UserRepository(pool: pool, writer: writer) }

    /// Facts about this server as a whole.
    public var resource: ResourceRepository { ResourceRepository(pool: pool, writer: writer) }

    /// Whether writes succeed.
    public var health: StoreHealth { writer.health }

    /// Writes a little, so that `health` tells the present.
    public func probe() async {
        // What comes of it is noted on the way.
        try? await writer.write { database in
            try database.execute(
                sql: """
                    INSERT INTO resource (name, value) VALUES ('probe', 1)
                        ON CONFLICT DO UPDATE SET value = 1 - value
                    """)
        }
    }

    /// Closes the file; later calls on repositories throw.
    public func close() throws { try pool.close() }
}

/// Why the database could not be used.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened or migrated.
    case cannotOpen(path: String, reason: String)
    /// The file was written by a later version of the program.
    case newerSchema(path: String)
    /// The disk does not take what is to be written.
    case cannotWrite(path: String, WriteFailure)

    /// Why the disk takes nothing.
    public enum WriteFailure: Sendable, Equatable {
        case diskFull
        case readOnly
        /// In the words of the database engine.
        case other(String)

        /// A sentence that names no path, for those who may ask but do not run the server.
        public var sentence: String {
            switch self {
            case .diskFull: "The disk of the data folder is full."
            case .readOnly: "The data folder cannot be written to: it is read-only."
            case .other(let reason): "The data folder cannot be written to: \(reason)."
            }
        }
    }

    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "Cannot open the database \(path): \(reason)."
        case .newerSchema(let path):
            "The database \(path) was written by a later version of switchboard. Start that version, or use another "
                + "data folder with --data."
        case .cannotWrite(let path, let failure):
            "\(failure.sentence) Nothing can be stored in \(path)."
        }
    }
}
