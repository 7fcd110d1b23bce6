import Foundation
import Store
import TestSupport
import Testing

@Suite struct DataFolderTests {
    let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    @Test func createsTheFolderWithAllItsParts() throws {
        let folder = try DataFolder.openForServer(at: temporary.path + "/a/b")
        #expect(try temporary.mode(of: "a/b") == 0o700)
        #expect(try temporary.mode(of: "a/b/keys") == 0o700)
        #expect(folder.path == temporary.path + "/a/b")
    }

    @Test func secondServerIsRefusedUntilTheFirstIsGone() throws {
        var first: DataFolder? = try DataFolder.openForServer(at: temporary.path)
        let expected = DataFolderError.inUse(path: temporary.path, processID: String(getpid()))
        #expect(throws: expected) { try DataFolder.openForServer(at: temporary.path) }
        #expect(expected.description.contains("--data"))
        #expect(first != nil)
        first = nil
        _ = try DataFolder.openForServer(at: temporary.path)
    }

    @Test func fileIsNotAFolder() throws {
        let file = temporary.path + "/file"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: DataFolderError.self) { try DataFolder.openForServer(at: file) }
    }

    @Test func replacedFileIsPrivateAndWhole() throws {
        let folder = try DataFolder.openForServer(at: temporary.path)
        #expect(try folder.read("keys/secret") == nil)
        try folder.replace("keys/secret", with: "one")
        try folder.replace("keys/secret", with: "two")
        #expect(try folder.readText("keys/secret") == "two")
        #expect(try temporary.mode(of: "keys/secret") == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: temporary.path + "/keys")
        #expect(names == ["secret"])
    }

    @Test func leftoverOfACrashIsOverwritten() throws {
        let folder = try DataFolder.openForServer(at: temporary.path)
        // What a server leaves that is killed between writing and renaming: the old file and a partial new one.
        try folder.replace("keys/secret", with: "old")
        try Data("part of a longer new content".utf8)
            .write(to: URL(fileURLWithPath: temporary.path + "/keys/secret.new"))
        #expect(try folder.readText("keys/secret") == "old")
        try folder.replace("keys/secret", with: "new")
        #expect(try folder.readText("keys/secret") == "new")
        #expect(try temporary.mode(of: "keys/secret") == 0o600)
    }

    @Test func textThatIsNotUTF8IsDamaged() throws {
        let folder = try DataFolder.openForServer(at: temporary.path)
        try folder.replace("keys/secret", with: [0xFF, 0xFE])
        #expect(throws: DataFolderError.self) { try folder.readText("keys/secret") }
    }
}
