/// How hard a message is tried to be delivered, and in which order (RFC 8831 §6.4).
public struct MessageDelivery: Hashable, Sendable {
    public enum Reliability: Hashable, Sendable {
        /// Until it is acknowledged.
        case reliable
        /// Each part is sent again at most so often (RFC 7496 §3.1).
        case retransmissions(UInt16)
        /// Not after this time since it was given to be sent (RFC 3758 §4.1).
        case lifetime(Duration)
    }

    /// Whether messages of the stream arrive in the order in which they were sent.
    public var isOrdered: Bool
    public var reliability: Reliability

    public init(isOrdered: Bool = true, reliability: Reliability = .reliable) {
        self.isOrdered = isOrdered
        self.reliability = reliability
    }

    public static let ordered = MessageDelivery()
    public static let unordered = MessageDelivery(isOrdered: false)
}

/// Which messages go first. A higher one waits for the message that is being sent, and for nothing else; streams of
/// equal priority take turns, message by message. The four levels are those of data channels (RFC 8831 §6.4).
public enum MessagePriority: UInt8, CaseIterable, Hashable, Comparable, Sendable {
    case belowNormal
    case normal
    case high
    case extraHigh

    public static func < (lhs: MessagePriority, rhs: MessagePriority) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
