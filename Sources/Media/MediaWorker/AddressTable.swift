internal import ProtocolCore

/// Finds the transport that a datagram belongs to by the path that it took: a hash table with open addressing.
///
/// Its own, because a `Dictionary` retains its storage at each look-up, and this is one look-up per datagram.
/// Only paths on which a connectivity check with good credentials came get in, so strangers cannot fill it.
struct AddressTable: ~Copyable {
    /// A transport, and which of its paths this is.
    struct Owner: Equatable {
        /// The transport's index; negative for none.
        var peer: Int32
        /// The place of the path among those of the transport.
        var place: Int32

        static let none = Owner(peer: -1, place: 0)
        fileprivate static let removed = Owner(peer: -2, place: 0)
    }

    private struct Entry {
        var path: NetworkPath
        /// Whose packets come from there. It stays so until another one's packets do, which a check alone does not show.
        var owner: Owner
        /// Who else has sent a check from there, the last one.
        var rival = Owner.none
        /// The owner has not been heard from for long; whoever comes next gets the path.
        var isLapsed = false
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var capacity: Int
    private var used = 0
    private(set) var count = 0
    /// Makes the order of the table unknown to those who choose the addresses.
    private let seed: UInt64

    private static let empty = Entry(path: NetworkPath(remote: .unspecified), owner: .none)

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
    func find(_ path: NetworkPath) -> Owner? {
        position(of: path).map { entries[$0].owner }
    }

    /// Who else claims a path that has an owner.
    func rival(on path: NetworkPath) -> Owner? {
        guard let position = position(of: path), entries[position].rival.peer >= 0 else { return nil }
        return entries[position].rival
    }

    @inline(__always)
    private func position(of path: NetworkPath) -> Int? {
        var position = start(path)
        while true {
            let owner = entries[position].owner.peer
            if owner == -1 { return nil }
            if owner >= 0, entries[position].path == path { return position }
            position = (position + 1) & (capacity - 1)
        }
    }

    /// Notes that a transport has sent a check from there. It gets the path if nobody has it.
    mutating func claim(_ path: NetworkPath, for claimant: Owner) {
        guard let position = position(of: path) else { return insert(path, claimant) }
        if entries[position].owner.peer == claimant.peer {
            entries[position].owner = claimant
            entries[position].isLapsed = false
        } else if entries[position].isLapsed {
            entries[position].rival = entries[position].owner
            entries[position].owner = claimant
            entries[position].isLapsed = false
        } else {
            entries[position].rival = claimant
        }
    }

    /// The owner of a path is not heard from any more: its packets are still known, but whoever else claims the path gets it.
    mutating func lapse(_ path: NetworkPath, of peer: Int32) {
        guard let position = position(of: path), entries[position].owner.peer == peer else { return }
        entries[position].isLapsed = true
    }

    /// Gives a path to a transport that has proved that it is its own; returns who had it before, if somebody else.
    mutating func give(_ path: NetworkPath, to owner: Owner) -> Owner? {
        guard let position = position(of: path) else {
            insert(path, owner)
            return nil
        }
        let former = entries[position].owner
        entries[position].owner = owner
        entries[position].isLapsed = false
        guard former.peer != owner.peer else { return nil }
        entries[position].rival = .none
        return former
    }

    /// Takes a path from a transport; whoever else claims it gets it.
    mutating func release(_ path: NetworkPath, of peer: Int32) {
        guard let position = position(of: path) else { return }
        if entries[position].rival.peer == peer { entries[position].rival = .none }
        guard entries[position].owner.peer == peer else { return }
        vacate(position)
    }

    /// Takes everything from a transport.
    mutating func releaseAll(of peer: Int32) {
        for position in 0..<capacity where entries[position].owner.peer >= 0 {
            if entries[position].rival.peer == peer { entries[position].rival = .none }
            if entries[position].owner.peer == peer { vacate(position) }
        }
    }

    private mutating func vacate(_ position: Int) {
        if entries[position].rival.peer >= 0 {
            entries[position].owner = entries[position].rival
            entries[position].rival = .none
            entries[position].isLapsed = false
        } else {
            entries[position].owner = .removed
            count -= 1
        }
    }

    private mutating func insert(_ path: NetworkPath, _ owner: Owner, rival: Owner = .none, isLapsed: Bool = false) {
        if (used + 1) * 2 > capacity { grow() }
        var position = start(path)
        while entries[position].owner.peer != -1 { position = (position + 1) & (capacity - 1) }
        entries[position] = Entry(path: path, owner: owner, rival: rival, isLapsed: isLapsed)
        used += 1
        count += 1
    }

    @inline(__always)
    private func start(_ path: NetworkPath) -> Int {
        var hash = (path.remote.low ^ seed) &* 0x9e37_79b9_7f4a_7c15
        hash ^= path.remote.high &* 0xc2b2_ae3d_27d4_eb4f
        hash ^= UInt64(path.remote.port) &* seed
        hash ^= (path.local.low ^ path.local.high) &* 0x1656_67b1_9e37_79f9
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
        for position in 0..<oldCapacity where old[position].owner.peer >= 0 {
            insert(
                old[position].path, old[position].owner, rival: old[position].rival,
                isLapsed: old[position].isLapsed)
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
