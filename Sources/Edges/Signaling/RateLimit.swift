internal import ProtocolCore

/// Counts messages in a sliding window: at most `limit` in any `window`.
struct RateLimit: Sendable {
    private let limit: Int
    private let window: Duration
    /// When the last `limit` messages came, as a ring.
    private var times: [Instant] = []
    private var oldest = 0

    init(limit: Int, window: Duration) {
        self.limit = limit
        self.window = window
    }

    /// Notes one message; false when it is one too many.
    mutating func admit(now: Instant) -> Bool {
        guard times.count == limit else {
            times.append(now)
            return true
        }
        guard now >= times[oldest] + window else { return false }
        times[oldest] = now
        oldest = (oldest + 1) % limit
        return true
    }
}
