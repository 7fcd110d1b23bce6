import GRDB
import TestSupport
import Testing

@testable import Store

@Suite("A database that cannot be written to")
struct StoreHealthTests {
    let temporary: TemporaryFolder
    let store: StoreDatabase
    var path: String { temporary.path + "/switchboard.db" }

    init() throws {
        temporary = try TemporaryFolder()
        store = try StoreDatabase(path: temporary.path + "/switchboard.db")
    }

    private func set(_ pragma: String) async throws {
        try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA \(pragma)") }
    }

    private func fill() async throws {
        for number in 0..<1_000 {
            let name = String(repeating: "n", count: 500)
            try await store.users.insert(id: "8:acs:r_\(number)", displayName: name, createdAtMilliseconds: 0)
        }
    }

    @Test("A full disk is called by its name until there is space again")
    func fullDisk() async throws {
        #expect(store.health.failure == nil)
        // The engine gives the same answer as on a full disk when the file may not grow.
        try await set("max_page_count = 20")
        let full = StoreError.cannotWrite(path: path, .diskFull)
        await #expect(throws: full) { try await fill() }
        #expect(store.health.failure == full)
        #expect("\(full)".contains("disk of the data folder is full"))
        #expect("\(full)".contains(path))
        // What is there can still be read.
        #expect(try await store.users.find(id: "8:acs:r_0") != nil)
        try await set("max_page_count = 1000000")
        await store.probe()
        #expect(store.health.failure == nil)
        try await store.users.insert(id: "8:acs:r_new", displayName: nil, createdAtMilliseconds: 0)
    }

    @Test("A read-only file is called so")
    func readOnly() async throws {
        try await store.users.insert(id: "8:acs:r_u", displayName: nil, createdAtMilliseconds: 0)
        try await set("query_only = 1")
        let failure = StoreError.cannotWrite(path: path, .readOnly)
        await #expect(throws: failure) { _ = try await store.users.raiseTokenGeneration(id: "8:acs:r_u") }
        await store.probe()
        #expect(store.health.failure == failure)
        try await set("query_only = 0")
        await store.probe()
        #expect(store.health.failure == nil)
    }

    @Test("A mistake in what is written is no fault of the disk")
    func mistake() async throws {
        try await store.users.insert(id: "8:acs:r_u", displayName: nil, createdAtMilliseconds: 0)
        await #expect(throws: DatabaseError.self) {
            try await store.users.insert(id: "8:acs:r_u", displayName: nil, createdAtMilliseconds: 0)
        }
        #expect(store.health.failure == nil)
    }

    @Test("Probing changes nothing that anybody reads")
    func probe() async throws {
        for _ in 0..<3 { await store.probe() }
        #expect(store.health.failure == nil)
        #expect(try await store.resource.find("id") == nil)
        #expect(try await store.resource.value("id", initial: "a") == "a")
        #expect(try await store.resource.find("id") == "a")
    }
}
