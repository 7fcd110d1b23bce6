internal import ProtocolCore

/// Measures the link by the probes that crossed it.
///
/// After `ProbeBitrateEstimator` of libwebrtc.
public struct ProbeEstimator: Sendable {
    /// The parts of a probe's packets and bytes that must arrive (`kMinReceivedProbesRatio`, `…BytesRatio`).
    public static let arrivalShare = 0.8
    /// The fewest packets that measure anything (`kMinClusterSize`).
    public static let fewestPackets = 4
    /// A probe longer than this, sent or received, is void (`kMaxProbeInterval`).
    static let longestProbe: Duration = .seconds(1)
    /// Received so much faster than sent is an artefact (`kMaxValidRatio`).
    static let implausibleRatio = 2.0
    /// Received slower than this part of the sent rate shows that the link was full (`kMinRatioForUnsaturatedLink`), …
    static let unsaturatedRatio = 0.9
    /// … and then this part of what it carried is taken (`kTargetUtilizationFraction`).
    static let utilization = 0.95
    /// Probes on the way at once; older ones are forgotten.
    static let capacity = 8

    fileprivate struct Cluster {
        let probe: ProbeCluster
        var packets = 0
        var bytes = 0
        var firstSent = Instant.zero
        var lastSent = Instant.zero
        var lastSentBytes = 0
        var firstArrival = Instant.zero
        var firstArrivalBytes = 0
        var lastArrival = Instant.zero
        var best: Bitrate?
    }

    private var clusters: [Cluster] = []

    public init() {}

    /// Awaits the packets of a probe.
    public mutating func expect(_ probe: ProbeCluster) {
        clusters.removeAll { $0.probe.id == probe.id }
        if clusters.count >= ProbeEstimator.capacity { clusters.removeFirst() }
        clusters.append(Cluster(probe: probe))
    }

    /// Takes a packet of a probe that arrived, and gives back the rate as far as the probe tells it by now.
    /// - Parameter slack: By how much the path's jitter may spread it.
    public mutating func add(_ result: PacketResult, slack: Duration = .zero) -> (probe: ProbeCluster, rate: Bitrate)? {
        guard let arrival = result.arrival, let id = result.probe,
            let index = clusters.firstIndex(where: { $0.probe.id == id })
        else { return nil }
        clusters[index].add(sent: result.sentAt, arrival: arrival, bytes: result.bytes)
        guard let rate = clusters[index].measured(slack: slack) else { return nil }
        return (clusters[index].probe, rate)
    }
}

extension ProbeEstimator.Cluster {
    fileprivate mutating func add(sent: Instant, arrival: Instant, bytes size: Int) {
        if packets == 0 || sent < firstSent { firstSent = sent }
        if packets == 0 || sent >= lastSent {
            lastSent = sent
            lastSentBytes = size
        }
        if packets == 0 || arrival < firstArrival {
            firstArrival = arrival
            firstArrivalBytes = size
        }
        if packets == 0 || arrival > lastArrival { lastArrival = arrival }
        packets += 1
        bytes += size
    }

    /// What the link carried, once enough has arrived.
    fileprivate func measured(slack: Duration) -> Bitrate? {
        let share = ProbeEstimator.arrivalShare
        let enoughPackets = max(Double(ProbeEstimator.fewestPackets), Double(probe.minimumPackets) * share)
        guard Double(packets) >= enoughPackets, Double(bytes) >= Double(probe.minimumBytes) * share else { return nil }
        let sendSpan = lastSent - firstSent
        // Jitter spreads a probe, but brings it together, too: no faster than it was sent is believed for its sake.
        let spread = lastArrival - firstArrival
        let arrivalSpan = slack > .zero ? max(spread - slack, min(spread, sendSpan)) : spread
        guard sendSpan < ProbeEstimator.longestProbe, arrivalSpan < ProbeEstimator.longestProbe else { return nil }
        // The bytes of the last packet were sent after the span, those of the first one arrived before it. A driver
        // that sends in bursts may be ahead of the probe's rate, but has not shown more than that.
        let sent = min(
            Bitrate(bytes: bytes - lastSentBytes, over: sendSpan), probe.rate * ProbeEstimator.implausibleRatio)
        let sentRate = sendSpan > .zero ? sent : probe.rate
        guard arrivalSpan > .zero else { return nil }
        let received = Bitrate(bytes: bytes - firstArrivalBytes, over: arrivalSpan)
        // A burst may arrive faster than the rate that the probe stands for; that is no artefact.
        if sendSpan > .zero, received > sentRate * ProbeEstimator.implausibleRatio { return nil }
        let carried = min(received, sentRate, probe.rate)
        guard received < min(sentRate, probe.rate) * ProbeEstimator.unsaturatedRatio else { return carried }
        return received * ProbeEstimator.utilization
    }
}
