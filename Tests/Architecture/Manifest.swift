import Foundation

/// A target as `Package.swift` declares it.
struct DeclaredTarget: Equatable {
    var name: String
    /// Relative to the root: `Sources/Protocols/RTP`.
    var folder: String
    /// Names of the package's own targets that it depends on.
    var dependencies: Set<String>
}

/// Reads the target graph out of the text of `Package.swift`.
///
/// It understands calls that start with a literal name and have a `path:` or `in:` with a literal folder, which is how
/// the manifest writes all of its targets, and needs no package manager to run. Test targets are left out.
struct Manifest {
    private(set) var targets: [DeclaredTarget] = []

    init(text: String) {
        var rest = Self.withoutComments(text)[...]
        while let open = rest.firstIndex(of: "(") {
            let before = rest[..<open]
            rest = rest[rest.index(after: open)...]
            let function = String(before.reversed().prefix { $0.isLetter || $0.isNumber }.reversed())
            guard !function.isEmpty, !function.lowercased().hasPrefix("test") else { continue }
            guard let target = Self.target(from: Self.arguments(of: rest)) else { continue }
            targets.append(target)
        }
    }

    /// The targets whose sources are under `Sources`.
    var rooms: [DeclaredTarget] { targets.filter { $0.folder.hasPrefix("Sources/") } }

    private static func target(from arguments: [Substring]) -> DeclaredTarget? {
        var name: String?
        var folder: String?
        var dependencies: Set<String> = []
        for (index, argument) in arguments.enumerated() {
            let (label, value) = labelled(argument)
            switch label {
            case nil where index == 0, "name":
                name = literal(value)
            case "path":
                folder = literal(value)
            case "in":
                folder = literal(value).map { "Sources/\($0)" }
            case nil, "dependencies":
                guard value.first == "[" else { continue }
                dependencies = Set(self.arguments(of: value.dropFirst()).compactMap(ownTarget))
            default:
                continue
            }
        }
        guard let name, let folder else { return nil }
        return DeclaredTarget(name: name, folder: folder, dependencies: dependencies)
    }

    /// The target that an element of a dependency list names; `nil` for a product of another package.
    private static func ownTarget(_ element: Substring) -> String? {
        if let plain = literal(element) { return plain }
        for start in [".target(", ".byName("] where element.hasPrefix(start) {
            return arguments(of: element.dropFirst(start.count)).lazy.compactMap { literal(labelled($0).value) }.first
        }
        return nil
    }

    /// Splits `label: value`.
    private static func labelled(_ argument: Substring) -> (label: String?, value: Substring) {
        guard let match = argument.prefixMatch(of: /(\w+)\s*:\s*/) else { return (nil, argument) }
        return (String(match.1), argument[match.range.upperBound...])
    }

    /// The content of a string literal without escapes or interpolation.
    private static func literal(_ text: Substring) -> String? {
        text.wholeMatch(of: /"([^"\\]*)"/).map { String($0.1) }
    }

    /// The arguments from just after an opening bracket to its closing one, trimmed.
    private static func arguments(of text: Substring) -> [Substring] {
        var found: [Substring] = []
        var start = text.startIndex
        var depth = 0
        var isInString = false
        func finish(at end: Substring.Index) {
            let argument = text[start..<end].trimmingPrefix(while: \.isWhitespace)
            guard let last = argument.lastIndex(where: { !$0.isWhitespace }) else { return }
            found.append(argument[...last])
        }
        for index in text.indices {
            switch text[index] {
            case "\"":
                isInString.toggle()
            case _ where isInString:
                continue
            case "(", "[", "{":
                depth += 1
            case ")", "]", "}":
                if depth == 0 {
                    finish(at: index)
                    return found
                }
                depth -= 1
            case "," where depth == 0:
                finish(at: index)
                start = text.index(after: index)
            default:
                continue
            }
        }
        return found
    }

    private static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.replacing(/(^|\s)\/\/.*$/, with: "") }
            .joined(separator: "\n")
    }
}
