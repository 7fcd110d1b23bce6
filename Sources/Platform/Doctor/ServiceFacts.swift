/// What is known of the settings as a whole, and of the server's answers over HTTPS.
public struct ServiceFacts: Sendable, Hashable {
    public enum Answer: Sendable, Hashable {
        /// No server runs.
        case notAsked
        /// `/readyz` answered with this status under the public name.
        case status(Int)
        /// Nothing answered, or the certificate was not trusted.
        case failed(reason: String)
    }

    public var publicHost: String
    /// Where it was asked, `https://host:port`.
    public var origin: String
    public var answer: Answer
    /// Whether anybody may make users.
    public var isDevelopment: Bool
    /// Whether the name is that of this machine alone.
    public var isLocal: Bool

    public init(publicHost: String, origin: String, answer: Answer, isDevelopment: Bool, isLocal: Bool) {
        self.publicHost = publicHost
        self.origin = origin
        self.answer = answer
        self.isDevelopment = isDevelopment
        self.isLocal = isLocal
    }

    public var findings: [Finding] {
        settingsFindings + [answerFinding]
    }

    private var settingsFindings: [Finding] {
        guard isDevelopment, !isLocal else { return [.ok(.settings, "settingsRead", "The settings can be read.")] }
        return [
            .problem(
                .settings, "development", "Development mode is on: anyone who reaches \(publicHost) can make users.",
                remedy: "Take away development from the settings.")
        ]
    }

    private var answerFinding: Finding {
        switch answer {
        case .notAsked:
            .ok(.https, "notRunning", "No server runs on the data folder, so its answers were not looked at.")
        case .status(200):
            .ok(.https, "ready", "\(origin)/readyz answers 200.")
        case .status(let status):
            .problem(
                .https, "notReady", "\(origin)/readyz answers \(status).",
                remedy: "Look into the server's log, and into what stands between if that answer is not the server's.")
        case .failed(let reason):
            .problem(
                .https, "unreachable", "\(origin) cannot be reached: \(reason).",
                remedy: "Check https.bind, https.port, public.host, the certificate, and every firewall on the way.")
        }
    }
}
