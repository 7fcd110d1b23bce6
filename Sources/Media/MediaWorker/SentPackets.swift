internal import ProtocolCore

/// The last video packets that were sent to slots without a retransmission stream, as they left.
///
/// A receiver without RTX gets a lost packet once more on the media's own SSRC under its own number (RFC 4585 §6.2.1).
/// That must be the very same bytes: encrypted anew it would carry another transport-wide number under the same SRTP
/// index, and AES-GCM must never see one nonce with two messages (RFC 7714 §8). So the ciphertext is kept, and nothing can
/// go wrong. Few receivers have no RTX, and only they pay for it.
struct SentPackets: ~Copyable {
    /// Packets kept: more than a second of 2 Mbit/s. A power of two.
    static let capacity = 256
    private static let packetSize = 1500

    private struct Entry {
        var ssrc: UInt32 = 0
        var sequence: UInt16 = 0
        var length: UInt16 = 0
        var sentAt = Instant.zero
    }

    private let bytes: UnsafeMutableRawPointer
    private let entries: UnsafeMutablePointer<Entry>
    private var next = 0
    /// What a receiver can make us send again, as where there is a retransmission stream.
    static let rate = 320
    private static let burst = 160
    private var budget = TokenBucket(rate: Double(SentPackets.rate), burst: Double(SentPackets.burst))
    /// The SSRCs of the slots concerned, so that few packets are kept in vain.
    private let slots: Set<UInt32>
    /// A packet is not sent again so soon after the last time: the first one may be on its way.
    private static let pause: Duration = .milliseconds(20)

    init(slots: Set<UInt32>) {
        self.slots = slots
        bytes = .allocate(byteCount: SentPackets.capacity * SentPackets.packetSize, alignment: 64)
        entries = .allocate(capacity: SentPackets.capacity)
        entries.initialize(repeating: Entry(), count: SentPackets.capacity)
    }

    deinit {
        bytes.deallocate()
        entries.deallocate()
    }

    func covers(_ ssrc: UInt32) -> Bool { slots.contains(ssrc) }

    /// Whether it is for the same slots.
    func isFor(_ slots: Set<UInt32>) -> Bool { self.slots == slots }

    /// Keeps a protected packet.
    mutating func keep(_ ssrc: UInt32, _ sequence: UInt16, _ packet: UnsafeRawPointer, length: Int, now: Instant) {
        guard length <= SentPackets.packetSize, slots.contains(ssrc) else { return }
        (bytes + next * SentPackets.packetSize).copyMemory(from: packet, byteCount: length)
        entries[next] = Entry(
            ssrc: ssrc, sequence: sequence, length: UInt16(truncatingIfNeeded: length), sentAt: now)
        next = (next + 1) & (SentPackets.capacity - 1)
    }

    /// The bytes of a packet that shall be sent again; nil when it is not kept, or too much was asked for.
    mutating func again(_ ssrc: UInt32, _ sequence: UInt16, now: Instant) -> UnsafeRawBufferPointer? {
        for age in 1...SentPackets.capacity {
            let place = (next - age) & (SentPackets.capacity - 1)
            let entry = entries[place]
            guard entry.length > 0 else { return nil }
            guard entry.sequence == sequence, entry.ssrc == ssrc else { continue }
            guard now - entry.sentAt >= SentPackets.pause, budget.take(now: now) else { return nil }
            entries[place].sentAt = now
            return UnsafeRawBufferPointer(
                start: bytes + place * SentPackets.packetSize, count: Int(entry.length))
        }
        return nil
    }
}
