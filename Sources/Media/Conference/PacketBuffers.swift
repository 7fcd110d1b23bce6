/// Buffers for the packets of one worker: taken and given back, never freed while the worker lives.
///
/// Allocation happens only while the number of packets in hand grows; in steady state none does.
///
/// A buffer given back rests until `reclaim`: packets that point into it may still wait to be sent, and must not
/// find another call's bytes there.
public struct PacketBuffers: ~Copyable {
    /// Bytes in one buffer: an RTP payload that came in an Ethernet frame, with room to spare.
    public static let size = 1536
    private static let slab = 64

    private var slabs: [UnsafeMutableRawPointer] = []
    private var free: [UnsafeMutableRawPointer] = []
    private var resting: [UnsafeMutableRawPointer] = []

    /// Buffers handed out and not given back.
    public private(set) var taken = 0

    public init() {}

    deinit {
        for slab in slabs { slab.deallocate() }
    }

    public mutating func take() -> UnsafeMutableRawPointer {
        if free.isEmpty { grow() }
        taken += 1
        return free.removeLast()
    }

    public mutating func give(_ buffer: UnsafeMutableRawPointer) {
        taken -= 1
        resting.append(buffer)
    }

    /// Makes the buffers given back usable again; when nothing that was queued points into them any more.
    public mutating func reclaim() {
        guard !resting.isEmpty else { return }
        free.append(contentsOf: resting)
        resting.removeAll(keepingCapacity: true)
    }

    private mutating func grow() {
        let slab = UnsafeMutableRawPointer.allocate(
            byteCount: PacketBuffers.slab * PacketBuffers.size, alignment: 64)
        slabs.append(slab)
        free.reserveCapacity(slabs.count * PacketBuffers.slab)
        for index in 0..<PacketBuffers.slab { free.append(slab + index * PacketBuffers.size) }
    }
}
