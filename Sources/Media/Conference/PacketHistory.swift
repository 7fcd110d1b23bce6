internal import ProtocolCore

/// The last packets of one video track, from which retransmissions to all its receivers are made.
///
/// A ring by sequence number. Payloads stay in the buffers into which they were decrypted; storing swaps buffers
/// and copies nothing.
struct PacketHistory: ~Copyable {
    /// Packets kept at most: a second of 5 Mbit/s video.
    static let capacity = 512
    /// How long a packet is kept: longer than anybody waits for a picture, so that a slow stream takes little memory.
    static let age: Duration = .seconds(2)
    /// Old packets given up for each new one, so that no packet costs much.
    private static let expiryStep = 2
    private static let mask = UInt16(capacity - 1)

    struct Entry {
        var details = PacketDetails(sequence: 0, timestamp: 0, codec: .h264, marker: false)
        var payload: UnsafeMutableRawPointer?
        var length: Int32 = -1
        var storedAt = Instant.zero
    }

    private let entries: UnsafeMutablePointer<Entry>
    private var newest: UInt16 = 0
    /// No packet before this one is kept; nil while there is none at all.
    private var oldest: UInt16?

    init() {
        entries = .allocate(capacity: PacketHistory.capacity)
        entries.initialize(repeating: Entry(), count: PacketHistory.capacity)
    }

    deinit {
        entries.deallocate()
    }

    /// The packet with this sequence number, if it is still there.
    @inline(__always)
    func entry(_ sequence: UInt16) -> Entry? {
        let entry = entries[Int(sequence & PacketHistory.mask)]
        return entry.length >= 0 && entry.details.sequence == sequence ? entry : nil
    }

    /// Takes the packet in `payload` and leaves in its place a buffer that may be written again.
    @inline(__always)
    mutating func store(
        _ details: PacketDetails, payload: inout UnsafeMutableRawPointer, length: Int, now: Instant,
        from buffers: inout PacketBuffers
    ) {
        let entry = entries + Int(details.sequence & PacketHistory.mask)
        if let previous = entry.pointee.payload { buffers.give(previous) }
        entry.pointee = Entry(
            details: details, payload: payload, length: Int32(truncatingIfNeeded: length), storedAt: now)
        payload = buffers.take()
        note(details.sequence)
        expire(now: now, buffers: &buffers)
    }

    private mutating func note(_ sequence: UInt16) {
        guard let oldest else {
            self.oldest = sequence
            newest = sequence
            return
        }
        if Int16(bitPattern: sequence &- newest) > 0 { newest = sequence }
        if Int16(bitPattern: sequence &- oldest) < 0 { self.oldest = sequence }
        // The ring has gone round: what was before has been overwritten.
        let limit = newest &- UInt16(PacketHistory.capacity - 1)
        if Int16(bitPattern: (self.oldest ?? limit) &- limit) < 0 { self.oldest = limit }
    }

    private mutating func expire(now: Instant, buffers: inout PacketBuffers) {
        for _ in 0..<PacketHistory.expiryStep {
            guard let oldest, oldest != newest else { return }
            let entry = entries + Int(oldest & PacketHistory.mask)
            if entry.pointee.length >= 0, entry.pointee.details.sequence == oldest {
                guard now - entry.pointee.storedAt > PacketHistory.age else { return }
                if let payload = entry.pointee.payload { buffers.give(payload) }
                entry.pointee = Entry()
            }
            self.oldest = oldest &+ 1
        }
    }

    /// Gives every buffer back; the history is empty afterwards.
    mutating func release(to buffers: inout PacketBuffers) {
        for index in 0..<PacketHistory.capacity {
            if let payload = entries[index].payload { buffers.give(payload) }
            entries[index] = Entry()
        }
        oldest = nil
    }
}
