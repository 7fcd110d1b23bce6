/// What connections and requests may take. The times are for a connection that is up to no good; an honest client on a
/// slow link stays far below them.
public struct HTTPLimits: Sendable {
    /// How long a connection may take for its TLS handshake and the head of its first request together, and how long
    /// for the head of each later one from its first byte.
    public var headTimeout: Duration = .seconds(30)
    /// How long a connection may be idle between two requests. More than the 60 seconds of common load balancers, so
    /// that they and not this side end a connection they might use.
    public var idleTimeout: Duration = .seconds(75)
    /// How long the body of a request may take before its rate counts.
    public var bodyTimeout: Duration = .seconds(30)
    /// How fast a body has to come after that time, in bytes per second on average.
    public var bodyRate = 1024
    /// How long the rest of a body is read and thrown away after the answer.
    public var leftoverTimeout: Duration = .seconds(10)
    /// How long an answer may wait for a client that does not read before its rate counts.
    public var answerTimeout: Duration = .seconds(30)
    /// How fast an answer has to be read after that time, in bytes per second on average.
    public var answerRate = 2048
    /// How long a client is given to end a connection after its last answer.
    public var lingerTimeout: Duration = .seconds(5)
    /// How many bytes are read only to be thrown away, of the rest of a body and after the last answer. Then the client is
    /// left waiting until its time is over: reading on would cost more than sending costs it.
    public var discardedBytes = 16 * 1024 * 1024
    /// The largest field of a request's head, name and value, in bytes.
    public var headerFieldBytes = 16 * 1024
    /// All fields of a head together, in bytes.
    public var headerBytes = 64 * 1024
    /// How many fields a head may have.
    public var headerFields = 128

    public init() {}
}

/// How many connections there may be, for all listeners together.
public struct ConnectionLimits: Sendable {
    /// Connections of clients that have not proved who they are: HTTP, and WebSockets before their login.
    public var unproved: Int
    /// Those of one address, or of one /64 of IPv6.
    public var unprovedPerAddress: Int
    /// Connections of clients that have logged in. One more stays among the unproved.
    public var proved: Int

    public init(unproved: Int = 4096, unprovedPerAddress: Int = 256, proved: Int = 16384) {
        self.unproved = unproved
        self.unprovedPerAddress = unprovedPerAddress
        self.proved = proved
    }

    /// Divides the process's file descriptors: at most a quarter for strangers and a half for those who have logged
    /// in, so that files, the database and media always find one.
    public init(unproved: Int, unprovedPerAddress: Int, fileDescriptors: Int) {
        self.unproved = max(min(unproved, fileDescriptors / 4), 1)
        self.unprovedPerAddress = min(unprovedPerAddress, self.unproved)
        proved = max(fileDescriptors / 2, 1)
    }
}
