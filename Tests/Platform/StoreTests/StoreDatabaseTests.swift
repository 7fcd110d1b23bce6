import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

@Suite struct StoreDatabaseTests {
    let temporary: TemporaryFolder
    var path: String { temporary.path + "/switchboard.db" }

    init() throws { temporary = try TemporaryFolder() }

    @Test func writesAreDurableByConfiguration() async throws {
        let store = try StoreDatabase(path: path)
        let (mode, synchronous) = try await store.pool.write { database in
            (
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA synchronous")
            )
        }
        #expect(mode == "wal")
        #expect(synchronous == 2)
    }

    @Test func migrationsRunOnceAndKeepTheData() async throws {
        let first = try StoreDatabase(path: path)
        try await first.users.insert(id: "8:acs:r_u", displayName: "Ada", createdAtMilliseconds: 5)
        try first.close()
        let second = try StoreDatabase(path: path)
        let user = try await second.users.find(id: "8:acs:r_u")
        #expect(
            user
                == UserRecord(
                    id: "8:acs:r_u", displayName: "Ada", tokenGeneration: 1, createdAtMilliseconds: 5, isDeleted: false)
        )
    }

    @Test func databaseOfALaterVersionIsRefused() async throws {
        let store = try StoreDatabase(path: path)
        try await store.pool.write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99: from the future')")
        }
        try store.close()
        #expect(throws: StoreError.newerSchema(path: path)) { try StoreDatabase(path: path) }
    }

    @Test func fileThatIsNoDatabaseIsRefused() throws {
        try Data("this is not a database, but long enough to be read as the header of one".utf8)
            .write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try StoreDatabase(path: path) }
    }

    @Test func stateOfAKilledServerIsReadFromTheLog() async throws {
        let store = try StoreDatabase(path: path)
        try await store.users.insert(id: "8:acs:r_u", displayName: nil, createdAtMilliseconds: 5)
        _ = try await store.users.raiseTokenGeneration(id: "8:acs:r_u")
        // The files as they lie on the disk while the server runs, which is what a kill leaves.
        let copy = temporary.path + "/copy.db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
        let revived = try StoreDatabase(path: copy)
        #expect(try await revived.users.find(id: "8:acs:r_u")?.tokenGeneration == 2)
    }

    @Test func cutLogLosesOnlyItsEnd() async throws {
        let store = try StoreDatabase(path: path)
        try await store.users.insert(id: "first", displayName: nil, createdAtMilliseconds: 1)
        let log = path + "-wal"
        let sizeBefore = try Data(contentsOf: URL(fileURLWithPath: log)).count
        try await store.users.insert(id: "second", displayName: nil, createdAtMilliseconds: 2)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: log))
        #expect(bytes.count > sizeBefore)
        let copy = temporary.path + "/copy.db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try bytes.prefix(bytes.count - 100).write(to: URL(fileURLWithPath: copy + "-wal"))
        let revived = try StoreDatabase(path: copy)
        #expect(try await revived.users.find(id: "first") != nil)
        #expect(try await revived.users.find(id: "second") == nil)
    }

    @Test func resourceValueIsSetOnce() async throws {
        let store = try StoreDatabase(path: path)
        #expect(try await store.resource.value("id", initial: "a") == "a")
        #expect(try await store.resource.value("id", initial: "b") == "a")
    }

    @Test func deletingErasesTheNameAndRemembersTheID() async throws {
        let store = try StoreDatabase(path: path)
        try await store.users.insert(id: "u", displayName: "Ada", createdAtMilliseconds: 1)
        #expect(try await store.users.count() == 1)
        #expect(try await store.users.delete(id: "u", atMilliseconds: 9))
        #expect(try await store.users.delete(id: "u", atMilliseconds: 10))
        #expect(try await !store.users.delete(id: "nobody", atMilliseconds: 9))
        let user = try await store.users.find(id: "u")
        #expect(user?.isDeleted == true)
        #expect(user?.displayName == nil)
        #expect(try await !store.users.raiseTokenGeneration(id: "u"))
        #expect(try await store.users.count() == 0)
    }
}
