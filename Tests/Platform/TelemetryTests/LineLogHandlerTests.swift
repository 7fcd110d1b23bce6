import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct LineLogHandlerTests {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines = Lines()

    func logger(_ format: LogFormat, level: Logger.Level = .info) -> Logger {
        Logger(label: "part") { [lines] label in
            LineLogHandler(label: label, level: level, format: format, write: lines.append)
        }
    }

    @Test func textIsOneLine() {
        logger(.text).warning("hello\nworld", metadata: ["call": "7c1e", "a": "b"])
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasSuffix(" warning part: hello world a=b call=7c1e\n") == true)
    }

    @Test func jsonIsAnObject() throws {
        logger(.json).info("say \"hi\"", metadata: ["call": "7c1e", "level": "forged"])
        let line = try #require(lines.all.first)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == "say \"hi\"")
        #expect(object["level"] == "info")
        #expect(object["call"] == "7c1e")
        #expect(line.hasSuffix("}\n"))
    }

    @Test func lowerLevelsAreSilent() {
        logger(.text, level: .error).info("nothing")
        #expect(lines.all.isEmpty)
    }
}
