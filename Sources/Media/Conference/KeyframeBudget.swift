public import ProtocolCore

/// Decides when a publisher is asked for a keyframe, however many receivers want one.
///
/// A keyframe costs several ordinary frames, so wishes are merged: one request per interval and source (Jitsi allows
/// 200 ms per source, LiveKit 500 ms to 1 s, mediasoup 1 s with a retry). A request that no keyframe answers is
/// repeated.
public struct KeyframeBudget: Sendable {
    /// Least time between two requests to one source.
    public static let interval: Duration = .milliseconds(300)

    private var isWanted = false
    private var lastRequest: Instant?
    public private(set) var requests = 0

    public init() {}

    /// A receiver cannot go on without a keyframe.
    public mutating func want() {
        isWanted = true
    }

    /// A keyframe begins to arrive: every wish is met.
    public mutating func satisfy() {
        isWanted = false
    }

    /// Whether a request goes out now.
    public mutating func poll(now: Instant) -> Bool {
        guard isWanted else { return false }
        if let lastRequest, now - lastRequest < KeyframeBudget.interval { return false }
        lastRequest = now
        requests += 1
        return true
    }
}
