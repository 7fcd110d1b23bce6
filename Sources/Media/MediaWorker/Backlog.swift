internal import Conference
internal import ProtocolCore

/// Video packets that wait for their turn on one receiver's link, oldest first; retransmissions in one of their own.
///
/// Only headers are kept; the payloads stay in the histories of their tracks. Memory is taken when packets have to wait, as
/// much as they need, and given back when none has for a while.
struct Backlog: ~Copyable {
    /// Packets at most: more than a second of 4 Mbit/s. What goes beyond is dropped, as a router would.
    static let capacity = 512
    /// What has waited so long is of no use in a conversation: the picture had better begin anew.
    static let patience: Duration = .seconds(1)
    /// A retransmission that has waited so long was asked for again meanwhile, or given up.
    static let repairPatience: Duration = .milliseconds(300)

    /// Without a packet that waits for so long, memory is given back.
    private static let rest: Duration = .seconds(2)
    private static let initialPlaces = 32

    private struct Entry {
        var packet: ForwardedPacket
        var since: Instant
    }

    private var entries: UnsafeMutablePointer<Entry>?
    /// A power of two, `capacity` at most; zero without memory.
    private var places = 0
    private var head = 0
    private var lastAppended = Instant.zero
    private(set) var count = 0
    /// Packets that found no room, or whose payload was forgotten while they waited.
    private(set) var dropped: UInt64 = 0

    deinit {
        entries?.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    /// Whether the oldest packet has waited for too long.
    func isStale(now: Instant) -> Bool {
        guard count > 0, let entries else { return false }
        return now - entries[head].since > Backlog.patience
    }

    /// Forgets everything that waits.
    mutating func removeAll() {
        dropped += UInt64(count)
        count = 0
    }

    mutating func append(_ packet: ForwardedPacket, now: Instant) {
        guard count < Backlog.capacity else {
            dropped += 1
            return
        }
        if count == places { grow() }
        guard let entries else { return }
        (entries + place(count)).initialize(to: Entry(packet: packet, since: now))
        count += 1
        lastAppended = now
    }

    /// Whether the retransmission of a packet waits already: it need not go twice.
    func contains(_ repair: ForwardedPacket) -> Bool {
        guard count > 0, let entries else { return false }
        for position in 0..<count {
            let waiting = entries + place(position)
            if waiting.pointee.packet.ssrc == repair.ssrc,
                waiting.pointee.packet.originalSequence == repair.originalSequence
            {
                return true
            }
        }
        return false
    }

    /// Drops what has waited for longer than it is of use.
    mutating func dropOlder(than patience: Duration, now: Instant) {
        guard let entries else { return }
        while count > 0, now - entries[head].since > patience {
            head = place(1)
            count -= 1
            dropped += 1
        }
    }

    /// Gives memory back that is not needed any more. Call it now and then.
    mutating func relax(now: Instant) {
        guard count == 0, places > 0, now - lastAppended > Backlog.rest else { return }
        entries?.deallocate()
        entries = nil
        places = 0
        head = 0
    }

    /// Where the entry lies that is so far behind the oldest.
    @inline(__always)
    private func place(_ position: Int) -> Int {
        (head &+ position) & (places &- 1)
    }

    private mutating func grow() {
        let larger = max(Backlog.initialPlaces, places * 2)
        let storage = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
        if let entries {
            for position in 0..<count { (storage + position).initialize(to: entries[place(position)]) }
            entries.deallocate()
        }
        entries = storage
        places = larger
        head = 0
    }

    /// Takes the oldest packet, with its payload where it lies now.
    mutating func popFirst(from conference: UnsafeMutablePointer<Conference>) -> ForwardedPacket? {
        while count > 0, let entries {
            var packet = entries[head].packet
            head = place(1)
            count -= 1
            if let origin = packet.origin, let found = conference.pointee.payload(of: origin),
                found.length == packet.payloadLength
            {
                packet.payload = found.bytes
                return packet
            }
            dropped += 1
        }
        return nil
    }

    /// Forgets what waits of a member that has left: its place in the conference may be somebody else's soon.
    mutating func removeAll(ofMember member: Int32) {
        removeAll { $0.origin?.track.member == member }
    }

    /// Forgets what waits of a slot, because another layer or source begins in it.
    mutating func removeAll(ofSlot ssrc: UInt32) {
        removeAll { $0.ssrc == ssrc }
    }

    private mutating func removeAll(where isGone: (ForwardedPacket) -> Bool) {
        guard count > 0, let entries else { return }
        var kept = 0
        for position in 0..<count {
            let entry = entries[place(position)]
            guard !isGone(entry.packet) else { continue }
            entries[place(kept)] = entry
            kept += 1
        }
        dropped += UInt64(count - kept)
        count = kept
    }
}
