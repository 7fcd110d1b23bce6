internal import ProtocolCore

/// When each peer is looked after next, by its index.
///
/// It lies apart from the peers: most of them need nothing at most ticks, and to find that out in each of them would cost
/// more than what is done for the others, since their memory is far apart and seldom in a cache.
struct PeerSchedule {
    private var due: [Instant] = []
    /// Whether something waits for the peer's link, or a probe of it runs.
    private var paces: [Bool] = []
    /// How many do.
    private(set) var pacingCount = 0

    /// A peer that comes is looked after at once.
    mutating func add(_ index: Int32) {
        let position = Int(index)
        while due.count <= position {
            due.append(.zero)
            paces.append(false)
        }
        due[position] = .zero
        setPacing(false, index)
    }

    mutating func remove(_ index: Int32) {
        setPacing(false, index)
    }

    @inline(__always)
    func isDue(_ index: Int, at now: Instant) -> Bool { due[index] <= now }

    @inline(__always)
    func isPacing(_ index: Int) -> Bool { paces[index] }

    mutating func set(_ index: Int32, due instant: Instant) {
        due[Int(index)] = instant
    }

    /// Looks after a peer at this instant at the latest.
    mutating func advance(_ index: Int32, to instant: Instant) {
        due[Int(index)] = min(due[Int(index)], instant)
    }

    @inline(__always)
    mutating func setPacing(_ isPacing: Bool, _ index: Int32) {
        let position = Int(index)
        guard paces[position] != isPacing else { return }
        paces[position] = isPacing
        if isPacing { due[position] = .zero }
        pacingCount += isPacing ? 1 : -1
    }
}
