import Foundation

/// One `import` line.
struct ImportLine: Hashable, CustomStringConvertible {
    let module: String
    /// Relative to the package's root, with the line number: `Sources/…/File.swift:7`.
    let place: String

    var description: String { "\(place): import \(module)" }
}

/// What the source tree itself says: which rooms there are and what they import.
enum SourceTree {
    /// The package's root, found from this file's own place.
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every import line of the Swift files under `folder` (relative to the root).
    static func imports(in folder: String) throws -> [ImportLine] {
        var lines: [ImportLine] = []
        for file in try swiftFiles(in: folder) {
            let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                // Splitting every line of the project into words would take a minute in a debug build.
                guard line.contains("import") else { continue }
                guard let module = importedModule(in: line) else { continue }
                lines.append(ImportLine(module: module, place: "\(file):\(index + 1)"))
            }
        }
        return lines
    }

    /// The Swift files under `folder`, relative to the root.
    static func swiftFiles(in folder: String) throws -> [String] {
        try files(in: folder) { $0.hasSuffix(".swift") }
    }

    /// The files under `folder` whose path is wanted, relative to the root.
    static func files(in folder: String, where isWanted: (String) -> Bool) throws -> [String] {
        let base = root.appending(path: folder)
        guard FileManager.default.fileExists(atPath: base.path) else { return [] }
        return try FileManager.default.subpathsOfDirectory(atPath: base.path)
            .filter(isWanted)
            .sorted()
            .map { "\(folder)/\($0)" }
    }

    /// The module that a line of Swift imports; `nil` for any other line.
    static func importedModule(in line: Substring) -> String? {
        var words = line.split(whereSeparator: \.isWhitespace)[...]
        while let word = words.first, word.hasPrefix("@") || accessLevels.contains(word) { words.removeFirst() }
        guard words.popFirst() == "import" else { return nil }
        if let word = words.first, declarationKinds.contains(word) { words.removeFirst() }
        return words.first?.split(separator: ".").first.map(String.init)
    }

    private static let accessLevels: Set<Substring> = ["public", "package", "internal", "private", "fileprivate"]
    private static let declarationKinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
    ]
}
