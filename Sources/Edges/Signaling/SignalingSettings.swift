internal import Calling

/// The numbers of the signalling protocol.
public struct SignalingSettings: Hashable, Sendable {
    /// How long a connection may take to say `hello`.
    public var helloTimeout: Duration = .seconds(10)
    /// How often a client sends a sign of life; three times without one and the connection counts as lost.
    public var heartbeat: Duration = .seconds(5)
    /// How long a lost session can be resumed.
    public var resumeWindow: Duration = .seconds(60)
    /// How long before its expiry a client is reminded to bring a new token.
    public var expiryNotice: Duration = .seconds(60)
    /// How many messages a client may send in `rateWindow`.
    public var rateLimit = 200
    public var rateWindow: Duration = .seconds(10)
    /// How many bytes a client may send at once, and how many a second in the long run. An offer with 25 video slots has
    /// about 60 kB, so a client may make several in a row.
    public var byteBurst = 1_024 * 1_024
    public var bytesPerSecond = 64 * 1_024
    /// At how many endpoints one user may be signed in.
    public var sessionsPerUser = UserLimits.standard.sessions
    /// The shortest time between two roster pushes of one call to one client.
    public var rosterInterval: Duration = .milliseconds(50)

    public init() {}
}
