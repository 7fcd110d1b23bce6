/// How an association is set up; both ends agree on the ports and on nothing else beforehand.
public struct SCTPConfiguration: Hashable, Sendable {
    /// Our port and the peer's: names without meaning inside DTLS, usually both 5000 (`a=sctp-port`, RFC 8841 §5).
    public var localPort: UInt16 = 5000
    public var remotePort: UInt16 = 5000
    /// Where tags, first numbers and cookies come from: 64 random bits, different for each association.
    public var seed: UInt64
    /// The largest packet we make, in bytes with the common header: what fits into a datagram after DTLS, UDP and IP.
    /// 640...65,535.
    public var largestPacket = 1150
    /// How many streams we use and how many the peer may use, 1...65,535.
    public var outgoingStreams: UInt16 = 1024
    public var incomingStreams: UInt16 = 1024
    /// The largest message we take, in bytes (our `a=max-message-size`, RFC 8841 §6); a larger one ends the association.
    public var largestIncomingMessage = 65_536
    /// The largest message the peer takes, in bytes (its `a=max-message-size`).
    public var largestOutgoingMessage = 65_536
    /// How many bytes wait here at most until they can be given out, in parts and whole messages. At least twice the
    /// largest incoming message is kept in any case.
    public var receiveWindow = 1 << 20
    /// How many bytes of messages wait at most to be sent or acknowledged.
    public var sendBuffer = 1 << 20
    public var timing = SCTPTiming()

    public init(seed: UInt64) {
        self.seed = seed
    }
}

/// The time constants of an association (RFC 9260 §16), chosen for calls: lost data is sent again sooner than the RFC
/// recommends, and a network that comes back within a minute finds the association alive.
public struct SCTPTiming: Hashable, Sendable {
    /// The time to retransmission before a round trip was measured.
    public var initialRTO: Duration = .seconds(1)
    /// Its bounds. RFC 9260 recommends 1 s and 60 s; the lower bound has to lie above the peer's delay of
    /// acknowledgements, 200 ms at most.
    public var smallestRTO: Duration = .milliseconds(400)
    public var largestRTO: Duration = .seconds(10)
    /// How long an acknowledgement waits for company, 20...200 ms (RFC 9260 §6.2 allows up to 500 ms).
    public var acknowledgementDelay: Duration = .milliseconds(100)
    /// How long it is quiet before the peer is asked whether it is there.
    public var heartbeatInterval: Duration = .seconds(30)
    /// How often INIT and COOKIE ECHO are repeated (Max.Init.Retransmits).
    public var handshakeRetransmissions = 8
    /// How often in a row the peer may fail to answer (Association.Max.Retrans).
    public var retransmissions = 10
    /// How long a cookie is good (Valid.Cookie.Life).
    public var cookieLifetime: Duration = .seconds(60)

    public init() {}
}
