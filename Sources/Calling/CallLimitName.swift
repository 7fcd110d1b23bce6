internal import Metrics

/// The bounds of the call plane that no refusal tells of, by the names that they have in the table of limits.
public enum CallLimitName: String, Hashable, Sendable {
    case reactionsPerReport = "calls.reactionsPerReport"
    case remembered = "calls.remembered"

    /// Counts one more time that it was hit.
    func countHit() {
        Counter(label: "switchboard_limit_hits", dimensions: [("limit", rawValue)]).increment()
    }
}
