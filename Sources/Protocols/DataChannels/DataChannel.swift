internal import SCTP

/// What is known of one channel.
struct DataChannel: Hashable, Sendable {
    enum Opener: Hashable, Sendable {
        case local
        case peer
        /// Both, by other means.
        case agreed
        /// The peer, but it was not to; it only waits for both directions to begin anew.
        case refused
    }

    var delivery: MessageDelivery
    var priority: MessagePriority
    var opener: Opener
    /// Whether the peer is known to know it.
    var isAcknowledged: Bool
    /// Our direction is being reset, or was.
    var isClosing = false
    var isOutgoingReset = false
    var isIncomingReset = false
}
