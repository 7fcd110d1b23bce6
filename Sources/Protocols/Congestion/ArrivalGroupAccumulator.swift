public import ProtocolCore

/// How much farther apart two groups of packets arrived than they were sent.
public struct DelayVariation: Hashable, Sendable {
    /// Between the last packets sent of both groups.
    public var sendDelta: Duration
    /// Between the last packets received of both groups.
    public var arrivalDelta: Duration
    /// When the later group was complete, on the receiver's time line.
    public var arrival: Instant

    public init(sendDelta: Duration, arrivalDelta: Duration, arrival: Instant) {
        self.sendDelta = sendDelta
        self.arrivalDelta = arrivalDelta
        self.arrival = arrival
    }
}

/// Puts packets that were sent together into groups, because delay varies meaningfully between groups only.
///
/// After `InterArrivalDelta` of libwebrtc. Packets must come in the order of their arrival.
public struct ArrivalGroupAccumulator: Sendable {
    /// Packets sent within this time of a group's first one belong to the group (`kSendTimeGroupLength`).
    public static let sendSpan: Duration = .milliseconds(5)
    /// A packet that arrives so soon after the one before, and faster than it was sent, came in one burst with it
    /// (`kBurstDeltaThreshold`): some link held both back.
    public static let burstGap: Duration = .milliseconds(5)
    /// No burst is longer (`kMaxBurstDuration`).
    public static let longestBurst: Duration = .milliseconds(100)
    /// So many groups in a row that arrive before their predecessors mean that the receiver's clock jumped
    /// (`kReorderedResetThreshold`).
    static let reorderingLimit = 3

    private struct Group {
        var firstSent: Instant
        var lastSent: Instant
        var firstArrival: Instant
        var lastArrival: Instant

        init(_ sent: Instant, _ arrival: Instant) {
            firstSent = sent
            lastSent = sent
            firstArrival = arrival
            lastArrival = arrival
        }
    }

    private var current: Group?
    private var previous: Group?
    private var reorderedGroups = 0

    public init() {}

    /// Takes one packet; gives back the variation between the last two complete groups when the packet begins a third.
    public mutating func add(sent: Instant, arrival: Instant) -> DelayVariation? {
        guard var group = current else {
            current = Group(sent, arrival)
            return nil
        }
        // Sent before the group began: reordered, and of no use here.
        guard sent >= group.firstSent else { return nil }
        if belongs(sent, arrival, to: group) {
            group.lastSent = max(group.lastSent, sent)
            group.lastArrival = max(group.lastArrival, arrival)
            current = group
            return nil
        }
        let completed = previous
        previous = group
        current = Group(sent, arrival)
        guard let completed else { return nil }
        let arrivalDelta = group.lastArrival - completed.lastArrival
        guard arrivalDelta >= .zero else {
            reorderedGroups += 1
            if reorderedGroups >= ArrivalGroupAccumulator.reorderingLimit { self = ArrivalGroupAccumulator() }
            return nil
        }
        reorderedGroups = 0
        return DelayVariation(
            sendDelta: group.lastSent - completed.lastSent, arrivalDelta: arrivalDelta, arrival: group.lastArrival)
    }

    private func belongs(_ sent: Instant, _ arrival: Instant, to group: Group) -> Bool {
        if sent - group.firstSent <= ArrivalGroupAccumulator.sendSpan { return true }
        let arrivalDelta = arrival - group.lastArrival
        let sendDelta = sent - group.lastSent
        return arrivalDelta >= .zero && arrivalDelta < sendDelta
            && arrivalDelta <= ArrivalGroupAccumulator.burstGap
            && arrival - group.firstArrival < ArrivalGroupAccumulator.longestBurst
    }
}
