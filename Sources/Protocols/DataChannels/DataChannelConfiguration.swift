public import SCTP

/// How data channels are set up.
public struct DataChannelConfiguration: Hashable, Sendable {
    /// Which end of the DTLS connection we are; the client opens channels with even numbers, the server with odd ones
    /// (RFC 8832 §6).
    public enum Role: Hashable, Sendable {
        case client
        case server
    }

    public var role: Role
    public var association: SCTPConfiguration
    /// How many channels the peer may have open at once; further ones are closed as they come.
    public var largestPeerChannelCount = 64
    /// How many bytes the label and the protocol of a channel may have each, in both directions.
    public var largestName = 1024

    public init(role: Role, association: SCTPConfiguration) {
        self.role = role
        self.association = association
    }
}

/// Why something on a channel was not done.
public enum DataChannelError: Error, Hashable, Sendable {
    /// All numbers of our kind are taken.
    case noFreeIdentifier
    case identifierInUse
    case noSuchChannel
    /// The channel is being closed.
    case channelIsClosing
    /// Label or protocol has more bytes than `largestName`.
    case nameTooLong
    /// SCTP does not take it.
    case transport(SCTPError)
}

/// What peers did that had no effect.
public struct DataChannelCounters: Hashable, Sendable {
    /// Establishment messages that make no sense.
    public var malformedMessages = 0
    /// Channels that were closed at once: too many, or with a number that is not the peer's to use.
    public var refusedChannels = 0
    /// Messages on no channel, or of a kind that is none of theirs.
    public var strayMessages = 0

    public init() {}
}
