public import ProtocolCore

/// Decides when to probe, and at which rates.
///
/// After `ProbeController` of libwebrtc, with the stagnation probe of str0m (`docs/BWE.md`): an application that uses 60
/// to 70 % of its target is too busy to count as self-limited and too idle to make the rate grow by itself.
public struct ProbeController: Sendable {
    /// The first two probes, in multiples of the start rate (`first_`, `second_exponential_probe_scale`).
    public static let startScales = [3.0, 6.0]
    /// A probe that measured more than this part of its rate … (`further_probe_threshold`)
    public static let followUpThreshold = 0.7
    /// … is followed by one at this multiple of what it measured (`further_exponential_probe_scale`).
    public static let followUpScale = 2.0
    /// A measurement later than this has no follow-up (`kMaxWaitingTimeForProbingResult`).
    public static let resultTimeout: Duration = .seconds(1)
    /// How often, and in which multiple of the target, a self-limited application's link is probed
    /// (`alr_probing_interval`, `alr_probe_scale`).
    public static let applicationLimitedInterval: Duration = .seconds(5)
    public static let applicationLimitedScale = 2.0
    /// When demand rises above the target, it is probed for, up to this multiple of the target
    /// (`allocation_probe_limit_by_current_scale`), and not more often than this …
    public static let demandScale = 2.0
    static let demandInterval: Duration = .seconds(1)
    /// … and again at this interval, as long as the demand is not met and queues have not grown in this time. Growth by
    /// 8 % a second alone would let a single stream wait for many seconds.
    public static let unmetDemandInterval: Duration = .seconds(5)
    /// A fall below this part of the former rate calls for a recovery (`kBitrateDropThreshold`) …
    public static let dropThreshold = 0.66
    /// … within this time …
    static let dropTime: Duration = .seconds(3)
    /// … at this part of the former rate (`kProbeFractionAfterDrop`) …
    public static let recoveryScale = 0.85
    /// … at this interval (`kMinTimeBetweenAlrProbes`), …
    public static let recoveryInterval: Duration = .seconds(5)
    /// … and when the drop is a minute ago, less often, …
    public static let lateRecoveryInterval: Duration = .seconds(10)
    static let lateRecovery: Duration = .seconds(60)
    /// … until it is so long ago. libwebrtc tries once; a link that comes back after a while needs more.
    public static let recoveryPeriod: Duration = .seconds(300)
    /// With more wanted, and the target between these multiples of what it was …
    public static let stagnantRange = 0.66...1.5
    /// … for this long, a multiple of the target is probed.
    public static let stagnationTime: Duration = .seconds(15)
    public static let stagnationScale = 2.0
    /// Never more than this multiple of what is wanted (`max_probe_bitrate` of libwebrtc).
    public static let demandCeiling = 2.0
    /// While the rate recovers from loss, probes stay below this multiple of it (`loss_limited_probe_scale`).
    static let lossRecoveryCeiling = 1.5
    /// After queues grew, they are left alone for this long.
    static let restAfterOveruse: Duration = .seconds(1)

    /// What the decision rests on.
    public struct Situation: Hashable, Sendable {
        public var target: Bitrate
        public var needed: Bitrate
        /// What arrives; nil before anything did.
        public var acknowledged: Bitrate?
        public var isApplicationLimited: Bool
        /// The delay says that queues grow.
        public var isOverusing: Bool
        /// Loss lowers the rate just now.
        public var isLossDecreasing: Bool
        /// Loss limits the rate.
        public var isLossLimited: Bool
        /// How long a probe has to last for its measurement to stand out from the path's jitter.
        public var duration: Duration

        public init(
            target: Bitrate, needed: Bitrate, acknowledged: Bitrate? = nil, isApplicationLimited: Bool = false,
            isOverusing: Bool = false, isLossDecreasing: Bool = false, isLossLimited: Bool = false,
            duration: Duration = ProbeCluster.duration
        ) {
            self.target = target
            self.needed = needed
            self.acknowledged = acknowledged
            self.isApplicationLimited = isApplicationLimited
            self.isOverusing = isOverusing
            self.isLossDecreasing = isLossDecreasing
            self.isLossLimited = isLossLimited
            self.duration = duration
        }
    }

    private let maximum: Bitrate
    private var nextID = ProbeCluster.ID.first
    private var hasBegun = false
    private var lastProbe: Instant?
    /// The highest rate probed last, while its result is awaited.
    private var awaited: (rate: Bitrate, since: Instant)?
    private var followUp: Bitrate?
    private var lastOveruse: Instant?
    /// The most that has arrived lately.
    private var peak: (rate: Bitrate, at: Instant) = (.zero, .zero)
    /// Where the present fall began.
    private var plateau: (rate: Bitrate, at: Instant) = (.zero, .zero)
    /// The rate before the latest drop that has not been recovered from.
    private var drop: (rate: Bitrate, at: Instant)?
    private var probedDemand = Bitrate.zero
    private var settled: (rate: Bitrate, since: Instant)?

    public init(maximum: Bitrate) {
        self.maximum = maximum
    }

    /// Takes what a probe measured; a success has a follow-up.
    public mutating func measured(_ rate: Bitrate, now: Instant) {
        guard let awaited, now - awaited.since <= ProbeController.resultTimeout else { return }
        if rate >= awaited.rate * ProbeController.followUpThreshold {
            followUp = rate * ProbeController.followUpScale
        }
    }

    /// The rate fell because of the link; a recovery may be tried for.
    public mutating func fell(from former: Bitrate, to rate: Bitrate, now: Instant) {
        // While one drop is being recovered from, what it began from counts.
        guard drop == nil else { return }
        // Only what has arrived once can come back; an estimate alone may have been wrong.
        let proven = min(former, peak.rate)
        if now - plateau.at > ProbeController.dropTime || proven > plateau.rate { plateau = (proven, now) }
        if rate < plateau.rate * ProbeController.dropThreshold { drop = (plateau.rate, now) }
    }

    /// The probes to send now; called by time, every few tens of milliseconds.
    public mutating func poll(_ situation: Situation, now: Instant) -> [ProbeCluster] {
        if situation.isOverusing { lastOveruse = now }
        track(situation, now: now)
        if let awaited, now - awaited.since > ProbeController.resultTimeout {
            self.awaited = nil
            followUp = nil
        }
        guard situation.needed > .zero, !situation.isLossDecreasing else { return [] }
        if !hasBegun {
            let rates = ProbeController.startScales.map { situation.target * $0 }
            let clusters = probe(rates, .start, situation, now: now)
            // Too little is wanted as yet for a probe to tell anything: the beginning is still to come.
            if clusters.isEmpty { return [] }
            hasBegun = true
            probedDemand = situation.needed
            return clusters
        }
        if let lastOveruse, now - lastOveruse < ProbeController.restAfterOveruse {
            followUp = nil
            return []
        }
        if let rate = followUp {
            followUp = nil
            return probe([rate], .followUp, situation, now: now)
        }
        guard awaited == nil else { return [] }
        return periodic(situation, now: now)
    }

    private mutating func periodic(_ situation: Situation, now: Instant) -> [ProbeCluster] {
        let sinceLast = lastProbe.map { now - $0 } ?? ProbeController.stagnationTime
        let target = situation.target
        if situation.needed < probedDemand { probedDemand = situation.needed }
        if situation.needed > target, situation.needed > probedDemand, sinceLast >= ProbeController.demandInterval {
            probedDemand = situation.needed
            let rate = min(situation.needed, target * ProbeController.demandScale)
            return probe([rate], .demand, situation, now: now)
        }
        if let drop, now - drop.at < ProbeController.recoveryPeriod {
            let rate = drop.rate * ProbeController.recoveryScale
            let isLate = now - drop.at >= ProbeController.lateRecovery
            let interval = isLate ? ProbeController.lateRecoveryInterval : ProbeController.recoveryInterval
            if rate > target, sinceLast >= interval {
                return probe([rate], .recovery, situation, now: now)
            }
        } else {
            drop = nil
        }
        guard situation.needed > target else { return [] }
        if situation.isApplicationLimited, sinceLast >= ProbeController.applicationLimitedInterval {
            return probe([target * ProbeController.applicationLimitedScale], .applicationLimited, situation, now: now)
        }
        if let settled, now - settled.since >= ProbeController.stagnationTime,
            sinceLast >= ProbeController.stagnationTime
        {
            return probe([target * ProbeController.stagnationScale], .stagnation, situation, now: now)
        }
        let isCalm = lastOveruse.map { now - $0 >= ProbeController.unmetDemandInterval } ?? true
        if isCalm, drop == nil, sinceLast >= ProbeController.unmetDemandInterval {
            let rate = min(situation.needed, target * ProbeController.demandScale)
            return probe([rate], .demand, situation, now: now)
        }
        return []
    }

    /// Follows what arrives and what may be sent: the recent peak, the end of a drop, since when nothing has moved.
    private mutating func track(_ situation: Situation, now: Instant) {
        let target = situation.target
        if let acknowledged = situation.acknowledged,
            acknowledged >= peak.rate || now - peak.at > ProbeController.dropTime
        {
            peak = (acknowledged, now)
        }
        if let drop, target >= drop.rate * ProbeController.recoveryScale { self.drop = nil }
        let bounds = ProbeController.stagnantRange
        if let settled, target >= settled.rate * bounds.lowerBound, target <= settled.rate * bounds.upperBound {
            return
        }
        settled = (target, now)
    }

    private mutating func probe(
        _ rates: [Bitrate], _ reason: ProbeCluster.Reason, _ situation: Situation, now: Instant
    ) -> [ProbeCluster] {
        var ceiling = min(maximum, situation.needed * ProbeController.demandCeiling)
        if situation.isLossLimited { ceiling = min(ceiling, situation.target * ProbeController.lossRecoveryCeiling) }
        var clusters: [ProbeCluster] = []
        for rate in rates {
            let bounded = min(rate, ceiling)
            guard bounded > situation.target, bounded > clusters.last?.rate ?? .zero else { continue }
            clusters.append(
                ProbeCluster(id: nextID, rate: bounded, reason: reason, duration: situation.duration))
            nextID = nextID.next
        }
        guard let last = clusters.last else { return [] }
        lastProbe = now
        awaited = (last.rate, now)
        return clusters
    }
}
