public import ProtocolCore

/// Says when how many bytes may go to one receiver, so that bursts do not fill its link's queues.
///
/// A value without a queue: the driver keeps its packets and asks at each flush. The order it keeps:
///
/// 1. Audio and control packets go at once; they are only counted (`spent`).
/// 2. While `probe(now:)` gives a step, retransmissions, then video, then padding go for it: at least `bytes`.
/// 3. Retransmissions, then video, go while `budget(now:)` is above zero. A packet may exceed the rest of the budget; the
///    debt is paid later. While a probe runs the budget is zero: what else went would distort its measurement.
///
/// Whatever goes while a probe runs counts for it, audio too.
///
/// ```swift
/// func leave(_ size: Int, now: Instant) {                                  // per packet, of whatever kind
///     controller.sent(transportSequence: n, bytes: size, at: now, probe: pacer.activeProbe)
///     pacer.spent(size, now: now)
/// }
/// while let step = pacer.probe(now: now) { … }                             // media or padding of step.bytes
/// while pacer.budget(now: now) > 0, let packet = backlog.popFirst() { … }
/// let wakeUp = pacer.nextProbe ?? (backlog.isEmpty ? nil : pacer.nextBudget(after: now))
/// ```
///
/// A driver that has nothing for a step (no backlog, no padding) just stops; the probe is given up after `probePatience`.
public struct Pacer: Sendable {
    /// Media leaves at this multiple of the target (`kDefaultPaceMultiplier` of libwebrtc), so that a frame larger than
    /// the average does not wait long.
    public static let factor = 2.5
    /// What an idle pacer lets go at once: as much as flows in this time (`kBurstInterval` style limit; libwebrtc polls
    /// every 5 ms).
    public static let defaultBurst: Duration = .milliseconds(5)
    /// How much of a probe goes at once: what is due in this time. Were it the whole of the probe, nothing could be learnt
    /// from how it spreads on its way.
    static let probeBurst: Duration = .milliseconds(5)
    /// The debt is forgotten beyond what flows in this time (`kMaxDebtInTime`).
    public static let longestDebt: Duration = .milliseconds(500)
    /// A burst holds one packet at least.
    static let largestPacket = 1500
    /// A probe that has not begun within this time, for want of anything to send, is given up
    /// (`kMaxProbeDelay` style limit).
    public static let probePatience: Duration = .milliseconds(500)
    /// Probes waiting at once; more are not accepted.
    static let mostProbes = 4

    /// What may go now for a probe.
    public struct ProbeStep: Hashable, Sendable {
        public var cluster: ProbeCluster
        /// At least this much, so that the probe reaches its rate.
        public var bytes: Int
    }

    private struct Probe {
        let cluster: ProbeCluster
        let since: Instant
        var begin: Instant?
        var bytes = 0
        var packets = 0

        var isComplete: Bool { bytes >= cluster.minimumBytes && packets >= cluster.minimumPackets }
    }

    /// The controller's target; set it when that changes.
    public var target: Bitrate {
        didSet { rate = target * factor }
    }

    private let factor: Double
    private let burst: Duration
    private let burstSeconds: Double
    private var rate: Bitrate
    /// In bytes; negative when more went than was due.
    private var level: Double
    private var lastUpdate: Instant?
    private var probes: [Probe] = [] { didSet { noteProbes() } }

    /// - Parameters:
    ///   - burst: At least the interval at which the driver asks, so that no time is lost.
    ///   - factor: Media leaves at this multiple of the target.
    public init(target: Bitrate, burst: Duration = defaultBurst, factor: Double = factor) {
        self.target = target
        self.factor = factor
        self.burst = burst
        burstSeconds = burst.inSeconds
        rate = target * factor
        level = Double(Pacer.largestPacket)
    }

    // Kept, not found out when asked for: they are, for every packet.
    /// The probe that a packet leaving now belongs to; nil when none waits or runs.
    public private(set) var activeProbe: ProbeCluster.ID?
    /// When the head probe wants more; nil when no probe waits.
    public private(set) var nextProbe: Instant?

    private mutating func noteProbes() {
        activeProbe = probes.first.flatMap { $0.isComplete ? nil : $0.cluster.id }
        nextProbe = probes.first.map { head in
            head.begin.map { $0 + head.cluster.rate.time(for: head.bytes) } ?? head.since
        }
    }

    /// How many bytes of retransmissions and video may go now; zero or more.
    public mutating func budget(now: Instant) -> Int {
        fill(now: now)
        dropFinishedProbes(now: now)
        if nextProbe != nil, probes[0].begin != nil { return 0 }
        return max(Int(level), 0)
    }

    /// Counts a packet that left now, audio and control as well.
    public mutating func spent(_ bytes: Int, now: Instant) {
        fill(now: now)
        let deepest = -max(Double(rate.bytes(in: Pacer.longestDebt)), Double(Pacer.largestPacket))
        level = max(level - Double(bytes), deepest)
        guard activeProbe != nil else { return }
        var head = probes[0]
        if head.begin == nil { head.begin = now }
        head.bytes += bytes
        head.packets += 1
        probes[0] = head
    }

    private mutating func fill(now: Instant) {
        let most = max(rate.value * burstSeconds / 8, Double(Pacer.largestPacket))
        if let lastUpdate {
            level += rate.value * Double(max(now.nanoseconds &- lastUpdate.nanoseconds, 0)) / 8e9
        }
        lastUpdate = now
        level = min(level, most)
    }

    private mutating func dropFinishedProbes(now: Instant) {
        guard nextProbe != nil else { return }
        while let head = probes.first, head.isComplete || now - (head.begin ?? head.since) >= Pacer.probePatience {
            probes.removeFirst()
        }
    }

    /// When a packet may go again; `now` when one may.
    public mutating func nextBudget(after now: Instant) -> Instant {
        fill(now: now)
        guard level < 1 else { return now }
        return now + rate.time(for: Int((1 - level).rounded(.up)))
    }

    /// Queues a probe of the controller.
    public mutating func begin(_ cluster: ProbeCluster, now: Instant) {
        guard probes.count < Pacer.mostProbes else { return }
        probes.append(Probe(cluster: cluster, since: now))
    }

    /// What is due for the probe at the head; nil when there is none, or when it is ahead of its rate.
    public mutating func probe(now: Instant) -> ProbeStep? {
        dropFinishedProbes(now: now)
        guard nextProbe != nil, let head = probes.first else { return nil }
        let elapsed = now - (head.begin ?? now)
        let due = head.cluster.rate.bytes(in: elapsed + min(burst, Pacer.probeBurst))
        let rest = max(head.cluster.minimumBytes - head.bytes, (head.cluster.minimumPackets - head.packets) * 200)
        let step = min(max(due, Pacer.largestPacket) - head.bytes, max(rest, 1))
        return step > 0 ? ProbeStep(cluster: head.cluster, bytes: step) : nil
    }
}
