public import ProtocolCore
public import RTP

/// Remembers what was sent on one transport, until feedback tells what became of it.
///
/// Takes 16 kB when the first packet is sent, and no more after that. `sent` is the per-packet path: it stores eight bytes.
/// A packet leaves the log when `capacity` younger ones were sent; feedback that names it later is counted and ignored.
public struct SentPacketLog: ~Copyable, Sendable {
    /// The packets remembered: six seconds at 3 Mbit/s, one second at 20 Mbit/s. A power of two.
    public static let capacity = 2048
    /// The log forgets everything after such a pause, so that its short time stamps (73 minutes) stay unambiguous.
    public static let longestPause: Duration = .seconds(600)
    /// The weight of a new round trip in the smoothed one (RFC 6298 §2).
    static let roundTripWeight = 0.125

    /// What became of the feedback told to the log so far.
    public struct Counters: Hashable, Sendable {
        /// Packets named by feedback that were never sent, or left the log already.
        public var unknownPackets: UInt64 = 0
        /// Packets that were reported a second time without news.
        public var repeatedPackets: UInt64 = 0
    }

    private enum State: UInt8 {
        case empty
        case inFlight
        case lost
        case received
    }

    /// Eight bytes of what is known of one packet.
    private struct Entry {
        /// In units of 1024 ns, modulo 2^32.
        var sentAt: UInt32 = 0
        var bytes: UInt16 = 0
        /// 0: none.
        var probe: UInt8 = 0
        var state = State.empty
    }

    public private(set) var counters = Counters()
    /// Smoothed time from sending a packet to hearing of its arrival; nil before the first feedback.
    public private(set) var roundTrip: Duration?
    /// The shortest such time seen since the beginning.
    public private(set) var shortestRoundTrip: Duration?
    /// When a packet was last sent.
    public private(set) var lastSent: Instant?
    /// Packets sent whose fate is unknown and that have not left the log.
    public private(set) var packetsInFlight = 0
    /// Bytes of those.
    public private(set) var bytesInFlight = 0

    /// By number modulo `capacity`; empty before the first packet. Not within the value: whoever only looks at a value of
    /// this size would have it copied.
    private var entries: [Entry] = []
    /// The highest number sent, extended over wraps.
    private var highest: Int64 = 0
    /// The reporter's last reference time, extended over wraps, in units of 64 ms.
    private var reference: Int64?

    public init() {}

    /// Notes a packet that leaves now. Numbers ascend by one; skipped ones count as never sent.
    public mutating func sent(transportSequence: UInt16, bytes: Int, at now: Instant, probe: ProbeCluster.ID? = nil) {
        if let lastSent {
            let ahead = Int64(Int16(bitPattern: transportSequence &- UInt16(truncatingIfNeeded: highest)))
            if now.nanoseconds &- lastSent.nanoseconds > 600_000_000_000 || ahead <= 0 {
                // A long pause, or a number that goes backward: nothing known helps any more.
                forgetEverything()
                highest &+= ahead <= 0 ? ahead &+ 0x1_0000 : ahead
            } else {
                var skipped = max(highest &+ 1, highest &+ ahead &- Int64(SentPacketLog.capacity) &+ 1)
                highest &+= ahead
                while skipped < highest {
                    clear(SentPacketLog.slot(skipped))
                    skipped &+= 1
                }
            }
        } else {
            highest = Int64(transportSequence)
            entries = Array(repeating: Entry(), count: SentPacketLog.capacity)
        }
        let slot = SentPacketLog.slot(highest)
        clear(slot)
        entries[slot] = Entry(
            sentAt: UInt32(truncatingIfNeeded: now.nanoseconds >> 10), bytes: UInt16(clamping: bytes),
            probe: probe?.rawValue ?? 0, state: .inFlight)
        packetsInFlight &+= 1
        bytesInFlight &+= Int(UInt16(clamping: bytes))
        lastSent = now
    }

    /// Takes a feedback and gives back its news: each packet whose fate it decides, in the order of sending.
    ///
    /// A packet called lost may turn up in a later feedback, with `wasReportedLost`.
    public mutating func feedback(_ feedback: TransportFeedback, at now: Instant) -> [PacketResult] {
        let reference = extendedReference(feedback.referenceTime)
        var ticks = reference &* 256
        var results: [PacketResult] = []
        results.reserveCapacity(min(feedback.packets.count, SentPacketLog.capacity))
        for packet in feedback.packets {
            var arrival: Instant?
            if let delta = packet.deltaTicks {
                ticks &+= Int64(delta)
                arrival = Instant(nanoseconds: ticks &* 250_000)
            }
            if let result = settle(packet.sequence, arrival: arrival, now: now) { results.append(result) }
        }
        measureRoundTrip(results, now: now)
        return results
    }

    /// Takes the fates of packets from another kind of feedback, with arrivals on one time line of the receiver's.
    public mutating func feedback(
        _ arrivals: [(sequence: SequenceNumber, arrival: Instant?)], at now: Instant
    ) -> [PacketResult] {
        var results: [PacketResult] = []
        for (sequence, arrival) in arrivals {
            if let result = settle(sequence, arrival: arrival, now: now) { results.append(result) }
        }
        measureRoundTrip(results, now: now)
        return results
    }

    private mutating func settle(_ sequence: SequenceNumber, arrival: Instant?, now: Instant) -> PacketResult? {
        let behind = Int64(Int16(bitPattern: UInt16(truncatingIfNeeded: highest) &- sequence.rawValue))
        let slot = SentPacketLog.slot(highest &- behind)
        guard !entries.isEmpty, behind >= 0, behind < Int64(SentPacketLog.capacity), entries[slot].state != .empty
        else {
            counters.unknownPackets &+= 1
            return nil
        }
        let entry = entries[slot]
        switch (entry.state, arrival) {
        case (.received, _), (.lost, nil), (.empty, _):
            counters.repeatedPackets &+= 1
            return nil
        case (.inFlight, nil):
            entries[slot].state = .lost
            land(entry)
        case (.inFlight, .some):
            entries[slot].state = .received
            land(entry)
        case (.lost, .some):
            entries[slot].state = .received
        }
        let age = UInt32(truncatingIfNeeded: now.nanoseconds >> 10) &- entry.sentAt
        return PacketResult(
            sentAt: Instant(nanoseconds: now.nanoseconds &- Int64(age) << 10), bytes: Int(entry.bytes),
            arrival: arrival, probe: ProbeCluster.ID(rawValue: entry.probe), wasReportedLost: entry.state == .lost)
    }

    /// From the youngest packet that arrived, which waited least for the feedback to be sent.
    private mutating func measureRoundTrip(_ results: [PacketResult], now: Instant) {
        guard let youngest = results.last(where: { $0.arrival != nil && !$0.wasReportedLost }) else { return }
        let sample = max(now - youngest.sentAt, .zero)
        shortestRoundTrip = min(shortestRoundTrip ?? sample, sample)
        if let roundTrip {
            self.roundTrip = roundTrip + (sample - roundTrip) * SentPacketLog.roundTripWeight
        } else {
            roundTrip = sample
        }
    }

    /// Extends the 24-bit reference time over its wrap every 12.4 days.
    private mutating func extendedReference(_ wire: Int32) -> Int64 {
        guard let last = reference else {
            reference = Int64(wire)
            return Int64(wire)
        }
        let difference = UInt32(bitPattern: wire) &- UInt32(truncatingIfNeeded: last)
        // Shifting up and down extends the sign of the 24-bit difference.
        let extended = last &+ Int64(Int32(bitPattern: difference << 8) >> 8)
        // A feedback that overtook this one may hold the later reference.
        reference = max(last, extended)
        return extended
    }

    private mutating func clear(_ slot: Int) {
        let entry = entries[slot]
        if entry.state == .inFlight { land(entry) }
        entries[slot] = Entry()
    }

    private mutating func land(_ entry: Entry) {
        packetsInFlight &-= 1
        bytesInFlight &-= Int(entry.bytes)
    }

    private mutating func forgetEverything() {
        for slot in 0..<SentPacketLog.capacity { entries[slot] = Entry() }
        packetsInFlight = 0
        bytesInFlight = 0
    }

    private static func slot(_ sequence: Int64) -> Int {
        Int(truncatingIfNeeded: sequence) & (capacity - 1)
    }
}
