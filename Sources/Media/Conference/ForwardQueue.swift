internal import ProtocolCore

/// One packet on its way to one receiver: everything its header needs, and where its payload lies.
public struct ForwardedPacket {
    /// Decrypted payload; valid until the burst is flushed.
    public var payload: UnsafeRawPointer
    public var payloadLength: Int32
    /// Index of the next packet to the same receiver, or -1.
    var next: Int32 = -1
    public var ssrc: UInt32
    public var timestamp: UInt32
    public var sequence: UInt16
    public var payloadType: UInt8
    public var marker: Bool
    /// How often the slot's sequence number has wrapped (the SRTP rollover counter, RFC 3711 §3.3.1).
    public var rollover: UInt32
    public var audioLevel: UInt8?
    public var orientation: UInt8?
    /// For a retransmission (RFC 4588) the original sequence number, which goes before the payload.
    public var originalSequence: UInt16?
    /// The payload is nothing but RTP padding (RFC 3550 §5.1).
    public var isPadding = false
    /// What its VP8 descriptor shall say; nil to leave it as it is.
    public var vp8: VP8Numbers?
    /// The first packet of another source or layer in its slot: what waits of the one before is of no use any more.
    public var isEntry = false
    /// Where the payload can be found later on; nil for what cannot wait (audio, padding).
    public var origin: PacketOrigin?
}

/// Where a video packet is kept: its track, layer and the publisher's sequence number.
public struct PacketOrigin: Sendable {
    public var track: TrackReference
    public var layer: UInt8
    public var sequence: UInt16
    /// The parameter sets of the layer, put in before that packet.
    var isParameterSets = false
}

/// The packets that a burst of received ones has given rise to, linked by receiver.
///
/// Receivers are named by an index that the owner of their transports has given them. Linking by receiver lets the
/// sender write all packets to one receiver one behind the other, which segmentation offload needs.
public struct ForwardQueue: ~Copyable {
    /// Packets held before a flush is due.
    public static let capacity = 32_768
    /// What one received packet may add at most: each participant of the largest call, once.
    static let largestFanOut = 512

    private let entries: UnsafeMutablePointer<ForwardedPacket>
    private var count = 0
    private var heads: UnsafeMutablePointer<Int32>
    private var tails: UnsafeMutablePointer<Int32>
    private var dirty: UnsafeMutablePointer<Int32>
    private var dirtyCount = 0
    private var receiverCapacity: Int

    public init(receivers: Int = 64) {
        entries = .allocate(capacity: ForwardQueue.capacity)
        receiverCapacity = receivers
        heads = .allocate(capacity: receivers)
        heads.initialize(repeating: -1, count: receivers)
        tails = .allocate(capacity: receivers)
        tails.initialize(repeating: -1, count: receivers)
        dirty = .allocate(capacity: receivers)
        dirty.initialize(repeating: -1, count: receivers)
    }

    deinit {
        entries.deallocate()
        heads.deallocate()
        tails.deallocate()
        dirty.deallocate()
    }

    /// Makes room for receiver indices below `count`. Control time only; the queue must be empty.
    public mutating func reserve(receivers count: Int) {
        guard count > receiverCapacity else { return }
        precondition(dirtyCount == 0, "reserve while packets are queued")
        let capacity = max(count, receiverCapacity * 2)
        for pointer in [heads, tails, dirty] { pointer.deallocate() }
        heads = .allocate(capacity: capacity)
        heads.initialize(repeating: -1, count: capacity)
        tails = .allocate(capacity: capacity)
        tails.initialize(repeating: -1, count: capacity)
        dirty = .allocate(capacity: capacity)
        dirty.initialize(repeating: -1, count: capacity)
        receiverCapacity = capacity
    }

    /// Whether another received packet may be forwarded before a flush.
    @inline(__always)
    public var hasRoom: Bool {
        count + ForwardQueue.largestFanOut <= ForwardQueue.capacity
    }

    public var isEmpty: Bool {
        dirtyCount == 0
    }

    /// Adds a packet behind the others of its receiver; one that no longer fits is dropped.
    @inline(__always)
    mutating func append(_ packet: ForwardedPacket, to receiver: Int32) {
        guard count < ForwardQueue.capacity, receiver >= 0, receiver < receiverCapacity else { return }
        let index = Int32(truncatingIfNeeded: count)
        (entries + count).initialize(to: packet)
        count += 1
        let position = Int(receiver)
        let tail = tails[position]
        if tail >= 0 {
            entries[Int(tail)].next = index
        } else {
            heads[position] = index
            dirty[dirtyCount] = receiver
            dirtyCount += 1
        }
        tails[position] = index
    }

    /// How many receivers have packets, and which.
    public var receiverCount: Int { dirtyCount }

    @inline(__always)
    public func receiver(_ position: Int) -> Int32 {
        dirty[position]
    }

    /// The first packet of a receiver; follow `next(after:)` until it is nil.
    @inline(__always)
    public func first(of receiver: Int32) -> UnsafePointer<ForwardedPacket>? {
        let head = heads[Int(receiver)]
        return head < 0 ? nil : UnsafePointer(entries + Int(head))
    }

    @inline(__always)
    public func next(after packet: UnsafePointer<ForwardedPacket>) -> UnsafePointer<ForwardedPacket>? {
        let next = packet.pointee.next
        return next < 0 ? nil : UnsafePointer(entries + Int(next))
    }

    /// Forgets everything, after it was sent.
    public mutating func removeAll() {
        for position in 0..<dirtyCount {
            heads[Int(dirty[position])] = -1
            tails[Int(dirty[position])] = -1
        }
        dirtyCount = 0
        count = 0
    }
}
