public import ProtocolCore

/// How long packets wait in the path's queues now, beyond the shortest way they had lately.
///
/// The clocks of both sides need not agree: only differences of one-way delays count, and their drift is negligible
/// within `memory`.
public struct QueueDelayEstimator: Sendable {
    /// How long the shortest way is remembered, at least; twice this at most.
    public static let memory: Duration = .seconds(10)
    /// The packets of which the fastest counts, so that jitter does not look like a queue.
    static let smoothedPackets = 5

    /// Nil before anything arrived.
    public private(set) var delay: Duration?

    private var oldMinimum: Duration?
    private var newMinimum: Duration?
    private var newSince: Instant?

    public init() {}

    /// Takes the packets of one feedback that arrived, in the order of arrival.
    public mutating func update(_ arrived: [PacketResult], now: Instant) {
        var latest: Duration?
        for (index, result) in arrived.enumerated() {
            guard let arrival = result.arrival else { continue }
            let oneWay = arrival - result.sentAt
            newMinimum = min(newMinimum ?? oneWay, oneWay)
            if index >= arrived.count - QueueDelayEstimator.smoothedPackets { latest = min(latest ?? oneWay, oneWay) }
        }
        guard let latest, let newest = newMinimum else { return }
        delay = latest - min(oldMinimum ?? newest, newest)
        if let since = newSince, now - since < QueueDelayEstimator.memory { return }
        newSince = now
        oldMinimum = newMinimum
        newMinimum = nil
    }

    /// Takes the present way for the shortest: the path has changed.
    public mutating func rebase() {
        oldMinimum = nil
        newMinimum = nil
        newSince = nil
    }
}
