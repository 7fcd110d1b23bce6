public import ProtocolCore

/// Tells when the application sends so much less than it may that nothing can be learned of the link.
///
/// After `AlrDetector` of libwebrtc: a budget fills at 65 % of the target and empties with what is sent; a nearly full
/// one means that the application limits itself.
public struct ApplicationLimitDetector: Sendable {
    /// The part of the target below which an application limits itself (`bandwidth_usage_ratio`).
    public static let usage = 0.65
    /// The levels of the budget at which the state begins and ends.
    static let startLevel = 0.8
    static let endLevel = 0.5
    /// The seconds of which the budget holds the bits (`kWindow` of `IntervalBudget`: 500 ms).
    static let windowSeconds = 0.5

    /// Since when the application limits itself; nil when it does not.
    public private(set) var limitedSince: Instant?
    /// When it last stopped limiting itself.
    public private(set) var lastEnd: Instant?

    /// In bits; between minus and plus `windowSeconds` at the usable rate.
    private var budget = 0.0
    private var usableRate = 0.0
    private var lastUpdate: Instant?

    public init() {}

    public mutating func setTarget(_ target: Bitrate) {
        usableRate = target.value * ApplicationLimitDetector.usage
    }

    /// Notes what is sent; also called without bytes, so that silence counts.
    public mutating func sent(bytes: Int, at now: Instant) {
        let most = usableRate * ApplicationLimitDetector.windowSeconds
        if let lastUpdate {
            budget += usableRate * Double(max(now.nanoseconds &- lastUpdate.nanoseconds, 0)) / 1e9
        }
        lastUpdate = now
        budget = min(max(budget - Double(bytes) * 8, -most), most)
        guard most > 0 else { return }
        let level = budget / most
        if limitedSince == nil, level > ApplicationLimitDetector.startLevel {
            limitedSince = now
        } else if limitedSince != nil, level < ApplicationLimitDetector.endLevel {
            limitedSince = nil
            lastEnd = now
        }
    }
}
