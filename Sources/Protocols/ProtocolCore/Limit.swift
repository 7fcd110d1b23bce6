/// One bound on what a stranger or a user can make the server hold or do.
///
/// Every room that takes something from outside lists its bounds as an array of these, made from the constants that the
/// code obeys. `switchboard limits` prints all of them, and `docs/limits.md` is that table.
public struct Limit: Sendable, Hashable {
    /// What there is one budget for.
    public enum Scope: String, Sendable {
        case server, address, connection, user, call, participant, endpoint, request, message, session
    }

    /// A dotted name, unique in the program, for example `http.connections`.
    public var name: String
    /// The bound; a range of the setting's values may lie around it.
    public var value: Int
    /// What is counted, in the plural: `bytes`, `seconds`, `connections`, `messages a second`.
    public var unit: String
    /// For whom the bound holds.
    public var scope: Scope
    /// The setting that changes it, or nil for a constant.
    public var setting: String?
    /// The series of `/metrics` that grows each time the bound is hit, labels included. Where nothing else fits it is
    /// `switchboard_limit_hits_total{limit="NAME"}`.
    public var counter: String
    /// What happens at the bound, in a short sentence.
    public var consequence: String
    /// The test that fills it: the name of a test function, or the display name of a Swift test.
    public var test: String

    public init(
        _ name: String, _ value: Int, _ unit: String, per scope: Scope, setting: String? = nil,
        counter: String? = nil,
        consequence: String, test: String
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.scope = scope
        self.setting = setting
        self.counter = counter ?? "switchboard_limit_hits_total{limit=\"\(name)\"}"
        self.consequence = consequence
        self.test = test
    }
}
