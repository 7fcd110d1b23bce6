/// Payloads that are kept for some time and forgotten about in the order in which they came, in chunks of memory.
///
/// A chunk begins with the number of payloads in it that are still kept; when it is full and that number is zero, the
/// chunk is given back. Where a payload lies tells its chunk, since chunks are aligned.
struct PayloadPile: ~Copyable {
    private static let headSize = MemoryLayout<Int>.size

    /// The chunk that is being filled, and how far it is.
    private var current: UnsafeMutableRawPointer?
    private var used = 0

    /// Copies a payload, of at most `PacketBuffers.size` bytes, to where it stays.
    @inline(__always)
    mutating func keep(
        _ payload: UnsafeRawPointer, length: Int, from buffers: inout PacketBuffers
    ) -> UnsafeMutableRawPointer {
        // An empty one takes a byte, so that it lies in its chunk too.
        if current == nil || used &+ max(length, 1) > PacketBuffers.chunkSize { begin(&buffers) }
        guard let chunk = current else { preconditionFailure("a chunk has just begun") }
        let place = chunk + used
        place.copyMemory(from: payload, byteCount: length)
        used &+= length
        chunk.assumingMemoryBound(to: Int.self).pointee &+= 1
        buffers.taken += 1
        return place
    }

    /// Forgets a payload; what is queued may point to it until the buffers are reclaimed.
    @inline(__always)
    func forget(_ payload: UnsafeMutableRawPointer, to buffers: inout PacketBuffers) {
        let address = UInt(bitPattern: payload) & ~UInt(PacketBuffers.chunkSize - 1)
        guard let chunk = UnsafeMutableRawPointer(bitPattern: address) else { return }
        let count = chunk.assumingMemoryBound(to: Int.self)
        count.pointee &-= 1
        buffers.taken -= 1
        if count.pointee == 0, chunk != current { buffers.giveChunk(chunk) }
    }

    /// Gives the chunk back that is being filled; everything in it must have been forgotten.
    mutating func close(to buffers: inout PacketBuffers) {
        if let current, current.assumingMemoryBound(to: Int.self).pointee == 0 { buffers.giveChunk(current) }
        current = nil
    }

    @inline(never)
    private mutating func begin(_ buffers: inout PacketBuffers) {
        close(to: &buffers)
        let chunk = buffers.takeChunk()
        chunk.initializeMemory(as: Int.self, to: 0)
        current = chunk
        used = PayloadPile.headSize
    }
}
