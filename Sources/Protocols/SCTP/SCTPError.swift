/// Why a message was not taken.
public enum SCTPError: Error, Hashable, Sendable {
    /// The association has ended, or is about to.
    case closed
    /// SCTP has no messages without bytes (RFC 9260 §3.3.1); RFC 8831 §6.6 says what stands for one.
    case emptyMessage
    /// The peer takes at most so many bytes.
    case messageTooLarge(limit: Int)
    /// Too much waits already; `bufferedAmount` says how much.
    case sendBufferFull
    /// There are fewer streams.
    case noSuchStream
    /// The stream is being reset and takes nothing until that is done.
    case streamIsResetting
}

/// Why an association ended.
public enum SCTPCloseReason: Hashable, Sendable {
    /// Both ends have said everything.
    case shutdown
    /// We gave up.
    case aborted
    /// The peer gave up; the cause code of RFC 9260 §3.3.10, if it gave one.
    case abortedByPeer(cause: UInt16?)
    /// Nobody answered the handshake.
    case handshakeTimedOut
    /// The peer stopped answering.
    case timedOut
    /// The peer did what the protocol forbids, or sent more than we take.
    case protocolViolation(SCTPViolation)
}

/// What a peer did wrong, so that the association cannot go on.
public enum SCTPViolation: Error, Hashable, Sendable {
    /// A message larger than `largestIncomingMessage`.
    case messageTooLarge
    /// A DATA chunk without data (RFC 9260 §3.3.1).
    case noUserData
    /// Parts that follow each other but belong to different messages.
    case inconsistentFragments
    /// It acknowledged what was never sent.
    case acknowledgedTooMuch
}

/// What happened to an association's packets so far.
public struct SCTPCounters: Hashable, Sendable {
    public var receivedPackets = 0
    public var sentPackets = 0
    /// Too short, or with a structure that makes no sense.
    public var malformedPackets = 0
    public var checksumFailures = 0
    /// Other ports or another verification tag: not of this association.
    public var foreignPackets = 0
    /// Chunks in a state or of a kind in which they mean nothing.
    public var unexpectedChunks = 0
    public var unknownChunks = 0
    /// A cookie that we did not make, or made too long ago.
    public var invalidCookies = 0
    public var duplicateChunks = 0
    /// DATA that was too far ahead or found no room.
    public var outOfWindowChunks = 0
    /// DATA on a stream that was not agreed.
    public var invalidStreams = 0
    /// Answers that were not given because too many were waiting.
    public var droppedReplies = 0
    /// DATA chunks by the reason for which they were sent again.
    public var fastRetransmissions = 0
    public var timedOutRetransmissions = 0
    /// Messages given up, under partial reliability or because their stream does not exist.
    public var abandonedMessages = 0
    public var sentMessages = 0
    public var receivedMessages = 0

    public init() {}
}
