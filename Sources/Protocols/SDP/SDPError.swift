/// Why a text is not a session description.
public struct SDPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The offending line, counted from 1; the number of lines when something is missing at the end.
    public let line: Int
    /// What is wrong with it, for a person.
    public let reason: String
    /// The name of the limit that the text goes beyond, of ``ProtocolCore/Limit``; nil when its form is wrong.
    public let limit: String?

    public init(line: Int, reason: String, limit: String? = nil) {
        self.line = line
        self.reason = reason
        self.limit = limit
    }

    public var description: String {
        "SDP line \(line): \(reason)"
    }
}
