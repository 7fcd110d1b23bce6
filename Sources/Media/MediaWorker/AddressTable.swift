internal import ProtocolCore

/// Finds the transport that a datagram's source address belongs to: a hash table with open addressing.
///
/// Its own, because a `Dictionary` retains its storage at each look-up, and this is one look-up per datagram.
/// Only addresses that have passed a connectivity check get in, so strangers cannot fill it.
struct AddressTable: ~Copyable {
    private struct Entry {
        var endpoint: SocketEndpoint
        /// The transport's index; -1 marks an entry that was never used, -2 one that was removed.
        var value: Int32
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var capacity: Int
    private var used = 0
    private(set) var count = 0
    /// Makes the order of the table unknown to those who choose the addresses.
    private let seed: UInt64

    private static let empty = Entry(endpoint: SocketEndpoint(ipv4: 0, port: 0), value: -1)

    init(seed: UInt64, capacity: Int = 256) {
        self.seed = seed | 1
        self.capacity = capacity
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: AddressTable.empty, count: capacity)
    }

    deinit {
        entries.deallocate()
    }

    @inline(__always)
    func find(_ endpoint: SocketEndpoint) -> Int32? {
        var position = start(endpoint)
        while true {
            let value = entries[position].value
            if value == -1 { return nil }
            if value >= 0, entries[position].endpoint == endpoint { return value }
            position = (position + 1) & (capacity - 1)
        }
    }

    /// Sets the transport of an address, whichever it had before.
    mutating func set(_ endpoint: SocketEndpoint, to value: Int32) {
        if (used + 1) * 2 > capacity { grow() }
        var position = start(endpoint)
        while entries[position].value != -1 {
            if entries[position].value >= 0, entries[position].endpoint == endpoint {
                entries[position].value = value
                return
            }
            position = (position + 1) & (capacity - 1)
        }
        entries[position] = Entry(endpoint: endpoint, value: value)
        used += 1
        count += 1
    }

    /// Removes every address of a transport.
    mutating func removeAll(of value: Int32) {
        for position in 0..<capacity where entries[position].value == value {
            entries[position].value = -2
            count -= 1
        }
    }

    @inline(__always)
    private func start(_ endpoint: SocketEndpoint) -> Int {
        var hash = (endpoint.low ^ seed) &* 0x9e37_79b9_7f4a_7c15
        hash ^= endpoint.high &* 0xc2b2_ae3d_27d4_eb4f
        hash ^= UInt64(endpoint.port) &* seed
        hash ^= hash >> 32
        return Int(truncatingIfNeeded: hash &* 0xff51_afd7_ed55_8ccd >> 20) & (capacity - 1)
    }

    private mutating func grow() {
        let old = entries
        let oldCapacity = capacity
        capacity = max(capacity, count * 4).nextPowerOfTwo
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: AddressTable.empty, count: capacity)
        used = 0
        count = 0
        for position in 0..<oldCapacity where old[position].value >= 0 {
            set(old[position].endpoint, to: old[position].value)
        }
        old.deallocate()
    }
}

extension Int {
    /// The smallest power of two that is at least this.
    fileprivate var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
