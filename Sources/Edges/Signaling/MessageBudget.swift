internal import ProtocolCore

/// What the client of one session may send: so many messages in a sliding window, and so many bytes, as a bucket that
/// empties evenly. Both go on when the session is resumed over another connection.
struct MessageBudget: Sendable {
    /// Why a message is one too many.
    enum Excess: Hashable, Sendable {
        case messages
        case bytes

        /// The name of the bound in ``Swift/Array/signaling``.
        var limit: String {
            switch self {
            case .messages: "signalling.messageRate"
            case .bytes: "signalling.byteRate"
            }
        }
    }

    private var messages: RateLimit
    private let burst: Double
    private let bytesPerSecond: Double
    /// How full the bucket of bytes is.
    private var level = 0.0
    private var levelAt = Instant.zero

    init(_ settings: SignalingSettings) {
        messages = RateLimit(limit: settings.rateLimit, window: settings.rateWindow)
        burst = Double(settings.byteBurst)
        bytesPerSecond = Double(settings.bytesPerSecond)
    }

    /// Notes one message; gives back what it exceeds.
    mutating func admit(bytes: Int, now: Instant) -> Excess? {
        guard messages.admit(now: now) else { return .messages }
        level = max(0, level - (now - levelAt) / .seconds(1) * bytesPerSecond)
        levelAt = now
        guard level + Double(bytes) <= burst else { return .bytes }
        level += Double(bytes)
        return nil
    }
}
