/// Buffers for the packets of one worker: taken and given back, never freed while the worker lives.
///
/// Whole buffers are for packets that are being made. What is kept for long lies in chunks, one payload behind the other,
/// so that it takes no more room than it has bytes.
///
/// Allocation happens only while the number of packets in hand grows; in steady state none does.
///
/// A buffer given back rests until `reclaim`: packets that point into it may still wait to be sent, and must not
/// find another call's bytes there.
public struct PacketBuffers: ~Copyable {
    /// Bytes in one buffer: an RTP payload that came in an Ethernet frame, with room to spare.
    public static let size = 1536
    private static let slab = 64
    /// Bytes in one chunk, and how chunks are aligned: a power of two.
    static let chunkSize = 8192
    private static let chunkSlab = 16

    private var slabs: [UnsafeMutableRawPointer] = []
    private var free: [UnsafeMutableRawPointer] = []
    private var resting: [UnsafeMutableRawPointer] = []
    private var freeChunks: [UnsafeMutableRawPointer] = []
    private var restingChunks: [UnsafeMutableRawPointer] = []

    /// Buffers handed out and not given back, and payloads that are kept.
    public internal(set) var taken = 0

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
        if !resting.isEmpty {
            free.append(contentsOf: resting)
            resting.removeAll(keepingCapacity: true)
        }
        if !restingChunks.isEmpty {
            freeChunks.append(contentsOf: restingChunks)
            restingChunks.removeAll(keepingCapacity: true)
        }
    }

    mutating func takeChunk() -> UnsafeMutableRawPointer {
        if freeChunks.isEmpty { growChunks() }
        return freeChunks.removeLast()
    }

    mutating func giveChunk(_ chunk: UnsafeMutableRawPointer) {
        restingChunks.append(chunk)
    }

    private mutating func growChunks() {
        let slab = UnsafeMutableRawPointer.allocate(
            byteCount: PacketBuffers.chunkSlab * PacketBuffers.chunkSize, alignment: PacketBuffers.chunkSize)
        slabs.append(slab)
        for index in 0..<PacketBuffers.chunkSlab { freeChunks.append(slab + index * PacketBuffers.chunkSize) }
    }

    private mutating func grow() {
        let slab = UnsafeMutableRawPointer.allocate(
            byteCount: PacketBuffers.slab * PacketBuffers.size, alignment: 64)
        slabs.append(slab)
        free.reserveCapacity(slabs.count * PacketBuffers.slab)
        for index in 0..<PacketBuffers.slab { free.append(slab + index * PacketBuffers.size) }
    }
}
