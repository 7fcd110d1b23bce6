/// What a WebSocket connection may send and hold.
public struct WebSocketLimits: Sendable {
    /// The largest message taken from a client, in bytes.
    public var messageBytes = 256 * 1024
    /// The largest message taken before ``WebSocketConnection/admit()``, in bytes.
    public var messageBytesBeforeLogin = 16 * 1024
    /// How many messages a client may be ahead of the handler before the connection is closed.
    public var unreadMessages = 64
    /// How many bytes these messages may have together.
    public var unreadBytes = 1024 * 1024
    /// How many bytes may wait for a slow reader before the connection is closed.
    public var unsentBytes = 4 * 1024 * 1024
    /// How many pings and pongs a client may send at once, and how many a second from then on.
    public var controlFrameBurst = 100
    public var controlFramesPerSecond = 10
    /// How often the server pings.
    public var pingInterval: Duration = .seconds(20)
    /// How many pings in a row may stay without any sign of life before the connection is dropped.
    public var unansweredPings = 3
    /// How long a client is given to answer a close frame.
    public var closeTimeout: Duration = .seconds(5)
    /// How many bytes are read in that time, to find its answer behind what it was sending.
    public var closingBytes = 1024 * 1024

    public init() {}
}

/// A path that takes WebSocket connections, and what is done with them.
public struct WebSocketEndpoint: Sendable {
    /// The path, for example `/calling`.
    public var path: String
    /// Which pages may connect.
    public var origins: OriginPolicy
    /// What a connection may send and hold.
    public var limits: WebSocketLimits
    /// The text that is sent before a connection is closed for too large a message (1009).
    public var oversizeNotice: String
    /// Runs once per connection; the connection is closed with 1000 when it returns.
    public var handler: @Sendable (WebSocketConnection) async -> Void

    public init(
        path: String, origins: OriginPolicy, limits: WebSocketLimits = WebSocketLimits(), oversizeNotice: String,
        handler: @escaping @Sendable (WebSocketConnection) async -> Void
    ) {
        self.path = path
        self.origins = origins
        self.limits = limits
        self.oversizeNotice = oversizeNotice
        self.handler = handler
    }
}
