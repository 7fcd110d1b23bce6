public import NetworkEmulation

/// What a relay has done since it started, and how it stands.
public struct RelayReport: Hashable, Sendable {
    /// One way through the relay.
    public struct Way: Hashable, Sendable {
        public var conditions: LinkConditions
        /// Put in front of the link. What is in none of the three counters below is still on the way.
        public var offeredPackets: Int
        /// Passed to the other side; the bytes count the IP and UDP headers.
        public var passedPackets: Int
        public var passedBytes: Int
        /// Dropped because the queue was full.
        public var droppedPackets: Int
        /// Lost on the way.
        public var lostPackets: Int
        /// Bytes that wait, their IP and UDP headers counted.
        public var queuedBytes: Int
        /// How long a packet sent now would wait; nil when the link carries nothing.
        public var queueDelay: Duration?
    }

    public var up: Way
    public var down: Way
    /// Clients that have a socket towards the server.
    public var clients: Int
    /// Datagrams that never reached a link: empty, too long, from strangers, or of a client that could get no socket.
    public var refusedPackets: Int
    /// Datagrams that had passed the link when their client was gone, or that the kernel would not send.
    public var undeliverablePackets: Int

    public subscript(_ direction: RelayDirection) -> Way {
        switch direction {
        case .up: up
        case .down: down
        }
    }
}
