/// The numbers that bound what clients can make the server keep.
public struct StreamLimits: Hashable, Sendable {
    /// The largest body of a request, in bytes.
    public var body = 256 * 1024
    /// How many sessions one user may have at a time, of both directions together.
    public var sessionsPerUser = 16
    /// The longest display name, in characters.
    public var displayName = 256

    public init() {}
}
