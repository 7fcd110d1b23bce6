public import ICE

/// Datagrams that wait to be handed to a socket, one behind the other in memory that is kept.
///
/// One buffer serves any number of sessions in turn: a session writes into it, the driver sends and empties it.
public struct DatagramBuffer: ~Copyable {
    /// Room for one datagram; nothing longer is ever written.
    public static let largestDatagram = 1500
    private static let initialCapacity = 64 * 1024

    private struct Entry {
        var offset: Int
        var length: Int
        var path: ICEAgent.Path
    }

    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0
    private var entries: [Entry] = []

    public init() {
        capacity = Self.initialCapacity
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        storage.deallocate()
    }

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }
    public var byteCount: Int { used }

    /// The bytes of a datagram, valid until the next change, and where it goes.
    public func withDatagram<Result>(
        _ index: Int, _ body: (UnsafeRawBufferPointer, ICEAgent.Path) throws -> Result
    ) rethrows -> Result {
        let entry = entries[index]
        return try body(UnsafeRawBufferPointer(start: storage + entry.offset, count: entry.length), entry.path)
    }

    public mutating func removeAll() {
        used = 0
        entries.removeAll(keepingCapacity: true)
    }

    /// Where to write the next datagram: `largestDatagram` bytes, until the next change.
    mutating func reserve() -> UnsafeMutableRawPointer {
        if used + Self.largestDatagram > capacity { grow() }
        return storage + used
    }

    /// Takes what was written at `reserve()`.
    mutating func commit(length: Int, path: ICEAgent.Path) {
        precondition(length > 0 && length <= Self.largestDatagram, "commit follows reserve")
        entries.append(Entry(offset: used, length: length, path: path))
        used += length
    }

    /// Copies a datagram; one that is empty or too long is dropped.
    mutating func append(_ bytes: [UInt8], path: ICEAgent.Path) {
        guard !bytes.isEmpty, bytes.count <= Self.largestDatagram else { return }
        let target = reserve()
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { target.copyMemory(from: base, byteCount: source.count) }
        }
        commit(length: bytes.count, path: path)
    }

    private mutating func grow() {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity * 2, alignment: 16)
        larger.copyMemory(from: storage, byteCount: used)
        storage.deallocate()
        storage = larger
        capacity *= 2
    }
}
