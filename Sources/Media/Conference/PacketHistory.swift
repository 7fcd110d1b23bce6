internal import MediaVocabulary
internal import ProtocolCore

/// The last packets of one video track, from which retransmissions to all its receivers are made.
///
/// A ring by sequence number, as large as the stream needs. Payloads are copied once, however many get them, to where they
/// take no more room than they have bytes.
struct PacketHistory: ~Copyable {
    /// Packets kept at most: a second of 5 Mbit/s video.
    static let capacity = 512
    /// How long a packet is kept: longer than anybody waits for a picture, so that a slow stream takes little memory.
    static let age: Duration = .seconds(2)
    /// Old packets given up for each new one, so that no packet costs much.
    private static let expiryStep = 2
    private static let initialPlaces = 64

    struct Entry {
        var details = PacketDetails(sequence: 0, timestamp: 0, codec: .h264, marker: false)
        var payload: UnsafeMutableRawPointer?
        var length: Int32 = -1
        var storedAt = Instant.zero
    }

    private var entries: UnsafeMutablePointer<Entry>
    /// A power of two, `capacity` at most.
    private var places = PacketHistory.initialPlaces
    private var pile = PayloadPile()
    private var newest: UInt16 = 0
    /// No packet before this one is kept; nil while there is none at all.
    private var oldest: UInt16?

    init() {
        entries = .allocate(capacity: places)
        entries.initialize(repeating: Entry(), count: places)
    }

    deinit {
        entries.deallocate()
    }

    /// The packet with this sequence number, if it is still there.
    @inline(__always)
    func entry(_ sequence: UInt16) -> Entry? {
        let entry = entries[place(of: sequence)]
        return entry.length >= 0 && entry.details.sequence == sequence ? entry : nil
    }

    @inline(__always)
    private func place(of sequence: UInt16) -> Int {
        Int(sequence) & (places &- 1)
    }

    /// Keeps a copy of the packet; returns where its payload lies from now on.
    @inline(__always)
    mutating func store(
        _ details: PacketDetails, payload: UnsafeRawPointer, length: Int, now: Instant,
        from buffers: inout PacketBuffers
    ) -> UnsafeRawPointer {
        while places < PacketHistory.capacity, isTaken(place(of: details.sequence), now: now) { grow() }
        let entry = entries + place(of: details.sequence)
        if let previous = entry.pointee.payload { pile.forget(previous, to: &buffers) }
        let kept = pile.keep(payload, length: length, from: &buffers)
        entry.pointee = Entry(
            details: details, payload: kept, length: Int32(truncatingIfNeeded: length), storedAt: now)
        note(details.sequence)
        expire(now: now, buffers: &buffers)
        return UnsafeRawPointer(kept)
    }

    /// Whether a place holds a packet that may still be asked for.
    @inline(__always)
    private func isTaken(_ place: Int, now: Instant) -> Bool {
        entries[place].length >= 0 && now - entries[place].storedAt <= PacketHistory.age
    }

    @inline(never)
    private mutating func grow() {
        let former = entries
        let count = places
        places = count * 2
        entries = .allocate(capacity: places)
        entries.initialize(repeating: Entry(), count: places)
        for index in 0..<count where former[index].length >= 0 {
            entries[place(of: former[index].details.sequence)] = former[index]
        }
        former.deallocate()
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
            let entry = entries + place(of: oldest)
            if entry.pointee.length >= 0, entry.pointee.details.sequence == oldest {
                guard now - entry.pointee.storedAt > PacketHistory.age else { return }
                if let payload = entry.pointee.payload { pile.forget(payload, to: &buffers) }
                entry.pointee = Entry()
            }
            self.oldest = oldest &+ 1
        }
    }

    /// Gives every buffer back; the history is empty afterwards.
    mutating func release(to buffers: inout PacketBuffers) {
        for index in 0..<places {
            if let payload = entries[index].payload { pile.forget(payload, to: &buffers) }
            entries[index] = Entry()
        }
        pile.close(to: &buffers)
        oldest = nil
    }
}
