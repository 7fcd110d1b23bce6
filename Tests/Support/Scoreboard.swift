import Foundation

/// The figures of scenarios as a text in columns, which is compared with a committed one, so that a change of behaviour is
/// seen in review.
package struct Scoreboard {
    private let heading: String
    private var rows: [[String]]

    package init(heading: String, columns: [String]) {
        self.heading = heading
        rows = [columns]
    }

    package mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    /// The heading and columns of equal width: names to the left, figures to the right.
    package var text: String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let table = rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ") + "\n"
        }
        return heading + table.joined()
    }

    /// The committed text of this name; with SWITCHBOARD_WRITE_SCOREBOARD in the environment it is written anew first.
    package func committed(as name: String) throws -> String {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "../Lab/Scoreboard/\(name).txt").standardized
        if ProcessInfo.processInfo.environment["SWITCHBOARD_WRITE_SCOREBOARD"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }

    package static func percent(_ share: Double) -> String {
        String(format: "%.1f %%", share * 100)
    }

    package static func milliseconds(_ span: Duration) -> String {
        String(Int((span / .milliseconds(1)).rounded()))
    }

    package static func seconds(_ span: Duration?) -> String {
        span.map { String(format: "%.2f", $0 / .seconds(1)) } ?? "-"
    }
}
