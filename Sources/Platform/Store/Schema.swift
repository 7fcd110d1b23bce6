import GRDB

/// The database schema as a list of steps. A step that has been released is never changed, only followed by another.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: resource and users") { database in
            try database.execute(
                sql: """
                    CREATE TABLE resource (
                        name TEXT NOT NULL PRIMARY KEY,
                        value TEXT NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE users (
                        id TEXT NOT NULL PRIMARY KEY,
                        display_name TEXT,
                        token_generation INTEGER NOT NULL DEFAULT 1,
                        created_at INTEGER NOT NULL,
                        deleted_at INTEGER
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
