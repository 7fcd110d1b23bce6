internal import NetworkEmulation
internal import ProtocolCore

/// A link with the conditions last asked of it, and the weights of the datagrams on it.
struct RelayWay {
    private var link: EmulatedLink<RelayedDatagram>
    /// The link takes over a change only when time goes on; changes to come build on this.
    private var conditions: LinkConditions

    init(_ conditions: LinkConditions, seed: UInt64) {
        link = EmulatedLink(conditions, seed: seed)
        self.conditions = conditions
    }

    var nextEvent: Instant? {
        link.nextEvent
    }

    var report: RelayReport.Way {
        RelayReport.Way(
            conditions: conditions, offeredPackets: link.counters.sentPackets,
            passedPackets: link.counters.deliveredPackets, passedBytes: link.counters.deliveredBytes,
            droppedPackets: link.counters.droppedPackets, lostPackets: link.counters.lostPackets,
            queuedBytes: link.queuedBytes, queueDelay: link.queueDelay)
    }

    mutating func apply(_ change: LinkChange, at instant: Instant) {
        conditions = change.applied(to: conditions)
        link.change(to: conditions, at: instant)
    }

    mutating func send(_ datagram: RelayedDatagram, overIPv6: Bool, at now: Instant) {
        link.send(datagram, size: datagram.bytes.count + RelayWay.headerSize(overIPv6: overIPv6), at: now)
    }

    mutating func poll(_ now: Instant) -> [RelayedDatagram] {
        link.poll(now: now).map(\.payload)
    }

    /// What a datagram weighs on a line besides its bytes: the headers of UDP (8) and of IPv4 (20) or IPv6 (40).
    static func headerSize(overIPv6: Bool) -> Int {
        overIPv6 ? 48 : 28
    }
}
