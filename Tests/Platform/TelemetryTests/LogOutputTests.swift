import Foundation
import Logging
import Telemetry
import TestSupport
import Testing

@Suite struct LogOutputTests {
    let temporary: TemporaryFolder
    var path: String { temporary.path + "/switchboard.log" }

    init() throws {
        temporary = try TemporaryFolder()
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func appendsAndOpensAnew() throws {
        let output = try LogOutput(path: path, level: .info)
        output.write("one\n")
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        output.write("two\n")
        try output.reopen()
        output.write("three\n")
        #expect(try text(path + ".1") == "one\ntwo\n")
        #expect(try text(path) == "three\n")
        let again = try LogOutput(path: path, level: .info)
        again.write("four\n")
        #expect(try text(path) == "three\nfour\n")
    }

    @Test func aFailedReopenKeepsTheOldFile() throws {
        let output = try LogOutput(path: path, level: .info)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: LogOutput.OpenError.self) { try output.reopen() }
        output.write("kept\n")
        #expect(try text(path + ".1") == "kept\n")
        #expect(throws: LogOutput.OpenError.self) { _ = try LogOutput(path: path, level: .info) }
    }

    /// `/dev/full` refuses every write, as a full disk does.
    @Test func aFullDiskEndsNothing() throws {
        let output = try LogOutput(path: "/dev/full", level: .info)
        output.write("lost\n")
    }

    @Test func theLevelChangesForLoggersThatExist() throws {
        let output = try LogOutput(path: path, level: .info)
        let logger = Logger(label: "part") { LineLogHandler(label: $0, format: .text, output: output) }
        var quiet = logger
        quiet.logLevel = .error
        logger.debug("first")
        output.level = .debug
        logger.debug("second")
        quiet.debug("third")
        let text = try text(path)
        #expect(text.contains("debug part: second"))
        #expect(!text.contains("first") && !text.contains("third"))
    }
}
