import ArgumentParser
import Foundation
import ProtocolCore

/// `switchboard limits`
struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Print every bound on what clients can make the server hold or do.",
        discussion: """
            The table is made from the constants that the program obeys, and is that of docs/limits.md. Bounds with a \
            setting are shown with its default.
            """)

    @Flag(help: "Print a JSON array instead of a table.")
    var json = false

    func run() throws {
        print(json ? try LimitsTable.json(of: .everywhere) : LimitsTable.markdown(of: .everywhere))
    }
}

/// The limits of the program for people and for programs.
enum LimitsTable {
    static func markdown(of limits: [Limit]) -> String {
        let head =
            "| Limit | Bound | For each | Setting | At the bound | Counter | Filled by |\n|---|--:|---|---|---|---|---|\n"
        return head
            + limits.map { limit in
                let cells = [
                    "`\(limit.name)`", "\(grouped(limit.value)) \(limit.unit)", limit.scope.rawValue,
                    limit.setting.map { "`\($0)`" } ?? "–", limit.consequence, "`\(limit.counter)`", limit.test,
                ]
                return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
            }.joined(separator: "\n")
    }

    static func json(of limits: [Limit]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(limits.map(Row.init)), as: UTF8.self)
    }

    /// The number with a comma between its thousands.
    private static func grouped(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var text = ""
        while digits.count > 3 {
            text = "," + digits.suffix(3) + text
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + digits + text
    }

    private struct Row: Encodable {
        let name, unit, scope, counter, consequence, test: String
        let value: Int
        let setting: String?

        init(_ limit: Limit) {
            name = limit.name
            value = limit.value
            unit = limit.unit
            scope = limit.scope.rawValue
            setting = limit.setting
            counter = limit.counter
            consequence = limit.consequence
            test = limit.test
        }
    }
}
