internal import ProtocolCore

/// So many of something at once, and so many a second: what one peer may make us do that costs more than a packet.
struct TokenBucket {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var updated = Instant.zero

    /// - Parameter rate: How many come back in a second.
    init(rate: Double, burst: Double) {
        self.rate = rate
        self.burst = burst
        tokens = burst
    }

    /// Takes one, if there is one.
    @inline(__always)
    mutating func take(now: Instant) -> Bool {
        let elapsed = Double((now - updated).nanoseconds) / 1e9
        tokens = min(burst, tokens + max(0, elapsed) * rate)
        updated = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
