/// The numbers that bound what one user can make the call plane do, over all of its endpoints.
public struct UserLimits: Hashable, Sendable {
    /// In how many calls a user may take part at a time.
    public var calls = 32
    /// How many people a user may ring in a minute; opening a group call counts as one.
    public var ringsPerMinute = 400
    /// At how many endpoints a user may be signed in.
    public var sessions = 32

    /// What a server has that is not configured otherwise.
    public static let standard = UserLimits()

    public init() {}
}

/// A bound of `UserLimits` that a request would pass.
public struct UserLimitReached: Hashable, Sendable {
    /// The setting that changes it.
    public var setting: String
    /// A sentence for a person.
    public var sentence: String

    static func calls(_ limit: Int) -> UserLimitReached {
        UserLimitReached(setting: "calls.perUser", sentence: "A user takes part in at most \(limit) calls at a time.")
    }

    static func rings(_ limit: Int) -> UserLimitReached {
        UserLimitReached(
            setting: "calls.ringsPerMinute",
            sentence: "A user rings at most \(limit) people in a minute. Try again soon.")
    }
}
