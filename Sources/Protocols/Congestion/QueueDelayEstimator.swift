public import ProtocolCore

/// How long packets wait in the path's queues now, beyond the shortest way they had lately, and whether all of them do.
///
/// The clocks of both sides need not agree: only differences of one-way delays count, and their drift is negligible
/// within `memory`.
///
/// On a radio link delay varies by tens of milliseconds while nothing queues up: packets are held, and released
/// together. What tells that from a queue is that some packets pass without waiting: the least delay of a short while
/// comes back to its base. So `standing` follows the least, as BBR's minimum filter does (draft-ietf-ccwg-bbr §5.5.10),
/// but over the length of a jitter and not of seconds, so that a real queue is seen soon. LiveKit's detector asks for a
/// trend and for its correlation over a joined queue instead. Held packets that are released together have both for as
/// long as they are held, and it waits that long for everybody; the minimum waits only on paths that waver.
public struct QueueDelayEstimator: Sendable {
    /// How long the shortest way is remembered, at least; twice this at most.
    public static let memory: Duration = .seconds(10)
    /// The packets of which the fastest counts for `delay`.
    static let smoothedPackets = 5
    /// The weight of a new sample of `noise`: about a second of feedback counts.
    static let noiseWeight = 0.1
    /// Within so many times the noise the least delay counts as come back to its base …
    static let thresholdScale = 3.0
    /// … and within these bounds: what all packets wait longer than the upper one is a queue on any path.
    static let thresholdBounds: ClosedRange<Duration> = .milliseconds(10)...(.milliseconds(60))
    /// The least delay is taken over so many times the noise: a few of the times for which packets are held.
    static let windowScale = 20.0
    static let windowBounds: ClosedRange<Duration> = .zero...(.milliseconds(400))
    /// Less noise than this is none.
    static let quiet: Duration = .milliseconds(4)

    /// How long the latest packets waited; nil before anything arrived.
    public private(set) var delay: Duration?
    /// How long every packet of the last moments has waited at least; nil before anything arrived.
    public private(set) var standing: Duration?
    /// By how much the least delay of two feedbacks differs while there is no queue.
    public private(set) var noise: Duration = .zero

    private var oldMinimum: Duration?
    private var newMinimum: Duration?
    private var newSince: Instant?
    /// The least delays of the latest feedbacks, the newest last.
    private var recent: [(least: Duration, at: Instant)] = []

    public init() {}

    /// A standing delay below this may be jitter alone.
    public var threshold: Duration {
        (noise * QueueDelayEstimator.thresholdScale).clamped(to: QueueDelayEstimator.thresholdBounds)
    }

    /// Whether packets queue up, beyond what the path's jitter may look like.
    public var isStanding: Bool { standing.map { $0 >= threshold } ?? false }

    /// Whether delay varies so much that a short burst tells little of the link.
    public var isNoisy: Bool { noise >= QueueDelayEstimator.quiet }

    /// Takes the packets of one feedback that arrived, in the order of arrival.
    /// - Parameter isDraining: Whether a queue is being emptied, so that delays fall for that reason.
    public mutating func update(_ arrived: [PacketResult], isDraining: Bool = false, now: Instant) {
        var latest: Duration?
        var least: Duration?
        for (index, result) in arrived.enumerated() {
            guard let arrival = result.arrival else { continue }
            let oneWay = arrival - result.sentAt
            least = min(least ?? oneWay, oneWay)
            if index >= arrived.count - QueueDelayEstimator.smoothedPackets { latest = min(latest ?? oneWay, oneWay) }
        }
        guard let latest, let least else { return }
        let newest = min(newMinimum ?? least, least)
        newMinimum = newest
        let base = min(oldMinimum ?? newest, newest)
        delay = latest - base
        updateNoise(least, isDraining: isDraining)
        recent.append((least, now))
        let window = (noise * QueueDelayEstimator.windowScale).clamped(to: QueueDelayEstimator.windowBounds)
        recent.removeAll { $0.at < now && now - $0.at > window }
        standing = (recent.map(\.least).min() ?? least) - base
        if let since = newSince, now - since < QueueDelayEstimator.memory { return }
        newSince = now
        oldMinimum = newMinimum
        newMinimum = nil
    }

    /// Jitter falls as often as it rises, a queue only when less is sent; so falls tell the noise.
    private mutating func updateNoise(_ least: Duration, isDraining: Bool) {
        guard let previous = recent.last?.least, !isDraining else { return }
        let sample = max(previous - least, .zero) * 2
        noise = noise + (sample - noise) * QueueDelayEstimator.noiseWeight
    }

    /// Takes the present way for the shortest: the path has changed.
    public mutating func rebase() {
        oldMinimum = nil
        newMinimum = nil
        newSince = nil
        recent.removeAll(keepingCapacity: true)
    }
}
