internal import ProtocolCore

/// Bounds what a receiver can make us send again: a storm of NACKs costs no more than this.
struct RetransmissionBudget {
    /// Packets per second that may be retransmitted on one slot: twice a 1.5 Mbit/s stream.
    static let rate: Double = 320
    /// Packets that may be retransmitted at once, for example a keyframe lost whole.
    static let burst: Double = 160

    private var tokens = burst
    private var updated = Instant.zero

    mutating func take(now: Instant) -> Bool {
        let elapsed = Double((now - updated).nanoseconds) / 1e9
        tokens = min(Self.burst, tokens + max(0, elapsed) * Self.rate)
        updated = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
