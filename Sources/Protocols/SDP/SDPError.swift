/// Why a text is not a session description.
public struct SDPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The offending line, counted from 1; the number of lines when something is missing at the end.
    public let line: Int
    /// What is wrong with it, for a person.
    public let reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String {
        "SDP line \(line): \(reason)"
    }
}
