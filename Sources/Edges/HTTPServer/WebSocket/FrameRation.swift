import NIOCore

/// How many frames a client may send: some at once, and then so many a second.
struct FrameRation {
    private let burst: Int
    private let interval: TimeAmount
    /// When the ration will be whole again.
    private var wholeAt = NIODeadline.uptimeNanoseconds(0)

    init(burst: Int, perSecond: Int) {
        self.burst = burst
        interval = .nanoseconds(1_000_000_000 / Int64(max(perSecond, 1)))
    }

    /// Takes one frame from the ration; false when it is used up.
    mutating func take(now: NIODeadline) -> Bool {
        let begin = max(wholeAt, now)
        guard begin - now <= interval * (burst - 1) else { return false }
        wholeAt = begin + interval
        return true
    }
}
