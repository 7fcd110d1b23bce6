internal import ProtocolCore

/// The paths over which one peer's packets come: what it has proved of each, and what may be sent there.
///
/// A check with good credentials says who sent it, but its source address may be forged. Until something has shown that
/// an address is the peer's, it gets three times the bytes that came from it at most (RFC 9000 §8.1), and no media.
struct PeerPaths: ~Copyable {
    /// Addresses from which one peer's packets are taken; a client has one per network and candidate, seldom more than
    /// four. Beyond that the one that was silent for longest is forgotten.
    static let limit = 16
    /// How many times what came from an address may be sent there before it has proved anything (RFC 9000 §8.1).
    static let amplification = 3
    /// How long what was proved lasts without a packet that authenticates (RFC 7675 §5.1).
    static let consentTimeout: Duration = .seconds(30)

    /// What shows that a path is the peer's, the weakest first.
    enum Proof: UInt8, Comparable {
        case none
        /// A packet that only the peer could have encrypted came from there.
        case packet
        /// The peer answered a challenge that was sent there, so it receives there.
        case answer

        static func < (left: Proof, right: Proof) -> Bool { left.rawValue < right.rawValue }
    }

    struct Entry {
        var path = NetworkPath(remote: .unspecified)
        var isUsed = false
        var proof = Proof.none
        /// Bytes that came from there and went there before there was any proof.
        var received = 0
        var sent = 0
        /// When a packet came from there that counts: one that authenticates, or a check on a path that is proved.
        var heard = Instant.zero
        /// What the answer to the present challenge must contain; 0 before there was one.
        var challenge: UInt64 = 0

        /// Whether so many bytes may be sent there.
        func allows(_ bytes: Int) -> Bool {
            proof != .none || sent + bytes <= received * PeerPaths.amplification
        }
    }

    /// `limit` places; a path keeps its own.
    let entries: UnsafeMutablePointer<Entry>

    init() {
        entries = .allocate(capacity: PeerPaths.limit)
        entries.initialize(repeating: Entry(), count: PeerPaths.limit)
    }

    deinit {
        entries.deallocate()
    }

    @inline(__always)
    subscript(place: Int) -> UnsafeMutablePointer<Entry> { entries + place }

    func place(of path: NetworkPath) -> Int? {
        for place in 0..<PeerPaths.limit where entries[place].isUsed && entries[place].path == path { return place }
        return nil
    }

    /// The place that a new path gets: a free one, or else the one that counts least and was silent for longest.
    /// - Parameter kept: Paths in use, which stay.
    func placeForNew(keeping kept: (NetworkPath) -> Bool) -> Int {
        var best = 0
        var hasBest = false
        for place in 0..<PeerPaths.limit {
            let entry = entries[place]
            guard entry.isUsed else { return place }
            guard !kept(entry.path) else { continue }
            let isLess =
                !hasBest || entry.proof < entries[best].proof
                || (entry.proof == entries[best].proof && entry.heard < entries[best].heard)
            if isLess { (best, hasBest) = (place, true) }
        }
        return best
    }

    /// Of the paths that are proved the one that was heard last; nil without any.
    var bestProved: NetworkPath? {
        var best: Int?
        for place in 0..<PeerPaths.limit where entries[place].isUsed && entries[place].proof != .none {
            if let present = best, entries[present].heard >= entries[place].heard { continue }
            best = place
        }
        return best.map { entries[$0].path }
    }
}
