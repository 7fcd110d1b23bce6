/// How the reception of one audio stream went, counted from its beginning.
public struct AudioReceptionStatistics: Hashable, Sendable {
    /// Packets that were inserted, whatever became of them.
    public var packetsReceived = 0
    /// Packets that came after their time to play.
    public var packetsLate = 0
    /// Packets that were here already.
    public var packetsDuplicated = 0
    /// Packets that could not be read, or were thrown away because too many waited.
    public var packetsDiscarded = 0
    /// Lost packets replaced by a copy in a redundant payload (RFC 2198).
    public var packetsFromRedundancy = 0
    /// Lost packets replaced by in-band forward error correction.
    public var packetsFromForwardErrorCorrection = 0

    /// Audio that was made up: for lost and late packets, and to let more packets gather.
    public var concealed: Duration = .zero
    /// How many times making up began after a packet had been played.
    public var concealmentEvents = 0
    /// Silence played because the sender was silent, or had nothing for us.
    public var silence: Duration = .zero
    /// Of what was made up, what let more packets gather because the delay was below its target.
    public var inserted: Duration = .zero
    /// Audio left out because the delay was above its target.
    public var removed: Duration = .zero

    /// Interarrival jitter (RFC 3550 §6.4.1).
    public var jitter: Duration = .zero
    /// The delay that the buffer aims for, from the arrival of the fastest packets to their playout.
    public var targetDelay: Duration = .zero
    /// The same delay as it is.
    public var currentDelay: Duration = .zero

    public init() {}
}
