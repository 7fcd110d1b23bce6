public import SCTP

/// What DATA_CHANNEL_OPEN says about a new channel (RFC 8832 §5.1).
public struct DataChannelOpening: Hashable, Sendable {
    /// A name for the application; need not be unique.
    public var label: String
    /// The name of what is spoken on it, of the WebSocket subprotocol registry, or empty.
    public var subprotocol: String
    public var delivery: MessageDelivery
    /// 128 below normal, 256 normal, 512 high, 1024 extra high, and all between (RFC 8831 §6.4).
    public var priority: UInt16

    public init(
        label: String, subprotocol: String = "", delivery: MessageDelivery = .ordered, priority: UInt16 = 256
    ) {
        self.label = label
        self.subprotocol = subprotocol
        self.delivery = delivery
        self.priority = priority
    }
}

extension DataChannelOpening {
    /// The nearest of SCTP's priorities.
    var messagePriority: MessagePriority {
        switch priority {
        case ..<256: .belowNormal
        case 256..<512: .normal
        case 512..<1024: .high
        default: .extraHigh
        }
    }
}

extension MessagePriority {
    /// Its value in DATA_CHANNEL_OPEN.
    var announced: UInt16 {
        switch self {
        case .belowNormal: 128
        case .normal: 256
        case .high: 512
        case .extraHigh: 1024
        }
    }
}
