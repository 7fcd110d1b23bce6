public import ProtocolCore

/// Sends less than the link carries for a while, so that a queue which overuse has built up goes away quickly.
///
/// The multiplicative decrease alone leaves 15 % of the link for that: a queue of half a second would last more than
/// three. This is an addition to libwebrtc's scheme.
public struct QueueDrain: Sendable {
    /// Queues longer than this are drained, …
    public static let startDelay: Duration = .milliseconds(100)
    /// … until this is left.
    public static let endDelay: Duration = .milliseconds(40)
    /// In which time the whole queue shall be gone.
    public static let drainTime: Duration = .milliseconds(500)
    /// Never less than this part of what the link carries: audio and the lowest video layer go on.
    public static let smallestShare = 0.3
    /// A "queue" that does not go away within this time after the last overuse is a longer path, not a queue.
    public static let patience: Duration = .seconds(3)

    /// The part of the acknowledged rate that may be sent; nil while nothing is drained.
    public private(set) var share: Double?

    private var armedUntil: Instant?

    public init() {}

    /// Overuse lowered the rate: from now on a queue is drained.
    public mutating func arm(now: Instant) {
        if share == nil { armedUntil = now + QueueDrain.patience }
    }

    /// Takes the present queueing delay; gives true when patience has ended, and with it the belief in a queue.
    public mutating func update(delay: Duration, now: Instant) -> Bool {
        guard let armedUntil else { return false }
        guard now < armedUntil else {
            let isLongerPath = share != nil
            self = QueueDrain()
            return isLongerPath
        }
        if delay < QueueDrain.endDelay {
            share = nil
        } else if share != nil || delay > QueueDrain.startDelay {
            share = max(1 - delay.inSeconds / QueueDrain.drainTime.inSeconds, QueueDrain.smallestShare)
        }
        return false
    }
}
