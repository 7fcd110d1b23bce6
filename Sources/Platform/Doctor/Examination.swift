/// Everything that the doctor found.
public struct Examination: Sendable, Hashable, Codable {
    /// Whether a server ran on the data folder meanwhile.
    public var serverRuns: Bool
    public var findings: [Finding]

    public init(serverRuns: Bool, findings: [Finding]) {
        self.serverRuns = serverRuns
        self.findings = findings
    }

    /// The worst of all findings.
    public var worst: Finding.Severity { findings.map(\.severity).max() ?? .ok }

    /// The exit code of the command: 1 when something is to be mended at once. Warnings leave it at 0.
    public var exitCode: Int32 { worst == .problem ? 1 : 0 }

    /// A line for each finding, and below it how to mend it.
    public var text: String {
        var lines: [String] = []
        for check in Check.allCases {
            for finding in findings where finding.check == check {
                lines.append("\(finding.severity.mark) \(check.rawValue): \(finding.message)")
                if let remedy = finding.remedy { lines.append("    \(remedy)") }
            }
        }
        lines.append(summary)
        return lines.joined(separator: "\n")
    }

    private var summary: String {
        func count(_ severity: Finding.Severity, _ word: String) -> String {
            let number = findings.count { $0.severity == severity }
            return "\(number) \(word)\(number == 1 ? "" : "s")"
        }
        return "\(count(.problem, "problem")), \(count(.warning, "warning"))."
    }
}

extension Finding.Severity {
    var mark: String {
        switch self {
        case .ok: "✓"
        case .warning: "!"
        case .problem: "✗"
        }
    }
}
