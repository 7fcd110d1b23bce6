/// What the doctor says about one thing that it looked at.
public struct Finding: Sendable, Hashable, Codable {
    /// How bad it is.
    public enum Severity: String, Sendable, Hashable, Codable, Comparable {
        /// As it should be.
        case ok
        /// It works, but not for everybody or not for long.
        case warning
        /// Calls fail, or the server does not start.
        case problem

        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .problem: 2
            }
        }

        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    }

    /// Which check it comes from.
    public var check: Check
    /// A stable word for programs, for example `portTaken`.
    public var word: String
    public var severity: Severity
    /// What was seen, in one or two sentences.
    public var message: String
    /// What mends it; nil where nothing needs mending.
    public var remedy: String?

    public init(_ check: Check, _ word: String, _ severity: Severity, _ message: String, remedy: String? = nil) {
        self.check = check
        self.word = word
        self.severity = severity
        self.message = message
        self.remedy = remedy
    }

    static func ok(_ check: Check, _ word: String, _ message: String) -> Finding {
        Finding(check, word, .ok, message)
    }

    static func warning(_ check: Check, _ word: String, _ message: String, remedy: String) -> Finding {
        Finding(check, word, .warning, message, remedy: remedy)
    }

    static func problem(_ check: Check, _ word: String, _ message: String, remedy: String) -> Finding {
        Finding(check, word, .problem, message, remedy: remedy)
    }
}

/// What the doctor looks at, in the order in which it tells.
public enum Check: String, Sendable, Hashable, Codable, CaseIterable {
    case settings
    case ports
    case addresses
    case ipv6
    case certificate
    case clock
    case descriptors
    case buffers
    case disk
    case https
    case paths
}
