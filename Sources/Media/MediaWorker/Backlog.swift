internal import Conference
internal import ProtocolCore

/// Video packets that wait for their turn on one receiver's link, oldest first.
///
/// Only headers are kept; the payloads stay in the histories of their tracks. Memory is taken when the first packet has
/// to wait, which on a good link never happens.
struct Backlog: ~Copyable {
    /// Packets at most: more than a second of 4 Mbit/s. What goes beyond is dropped, as a router would.
    static let capacity = 512
    /// What has waited so long is of no use in a conversation: the picture had better begin anew.
    static let patience: Duration = .seconds(1)

    private struct Entry {
        var packet: ForwardedPacket
        var since: Instant
    }

    private var entries: UnsafeMutablePointer<Entry>?
    private var head = 0
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
        let storage = entries ?? .allocate(capacity: Backlog.capacity)
        entries = storage
        (storage + (head + count) % Backlog.capacity).initialize(to: Entry(packet: packet, since: now))
        count += 1
    }

    /// Takes the oldest packet, with its payload where it lies now.
    mutating func popFirst(from conference: UnsafeMutablePointer<Conference>) -> ForwardedPacket? {
        while count > 0, let entries {
            var packet = entries[head].packet
            head = (head + 1) % Backlog.capacity
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

    /// Forgets what waits of a member who has left: his place in the conference may be somebody else's soon.
    mutating func removeAll(ofMember member: Int32) {
        guard count > 0, let entries else { return }
        var kept = 0
        for position in 0..<count {
            let entry = entries[(head + position) % Backlog.capacity]
            guard entry.packet.origin?.track.member != member else { continue }
            entries[(head + kept) % Backlog.capacity] = entry
            kept += 1
        }
        dropped += UInt64(count - kept)
        count = kept
    }
}
