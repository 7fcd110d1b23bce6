/// The last packets of one video track, from which retransmissions to all its receivers are made.
///
/// A ring by sequence number. Payloads stay in the buffers into which they were decrypted; storing swaps buffers
/// and copies nothing.
struct PacketHistory: ~Copyable {
    /// Packets kept: about three seconds of 1.5 Mbit/s video, well beyond any useful retransmission.
    static let capacity = 512
    private static let mask = UInt16(capacity - 1)

    struct Entry {
        var details = PacketDetails(sequence: 0, timestamp: 0, codec: .h264, marker: false)
        var payload: UnsafeMutableRawPointer?
        var length: Int32 = -1
    }

    private let entries: UnsafeMutablePointer<Entry>
    private var newest: UInt16?

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
        _ details: PacketDetails, payload: inout UnsafeMutableRawPointer, length: Int, from buffers: inout PacketBuffers
    ) {
        let entry = entries + Int(details.sequence & PacketHistory.mask)
        if let previous = entry.pointee.payload { buffers.give(previous) }
        entry.pointee = Entry(details: details, payload: payload, length: Int32(truncatingIfNeeded: length))
        payload = buffers.take()
        if let newest, Int16(bitPattern: details.sequence &- newest) < 0 { return }
        newest = details.sequence
    }

    /// The packet `position` numbers before the newest one, if it is there.
    func latest(_ position: Int) -> Entry? {
        newest.flatMap { entry($0 &- UInt16(truncatingIfNeeded: position)) }
    }

    /// Gives every buffer back; the history is empty afterwards.
    mutating func release(to buffers: inout PacketBuffers) {
        for index in 0..<PacketHistory.capacity {
            if let payload = entries[index].payload { buffers.give(payload) }
            entries[index] = Entry()
        }
        newest = nil
    }
}
