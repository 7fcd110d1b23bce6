internal import MediaIO
import Synchronization

/// What the relay and the TCP doors to the media workers have done since the start.
public struct RelayCounters: Hashable, Sendable {
    /// Allocations that exist now.
    public var allocations = 0
    /// All allocations there have been.
    public var allocationsMade = 0
    /// From clients to peers.
    public var packetsToPeers = 0
    public var bytesToPeers = 0
    /// From peers to clients.
    public var packetsToClients = 0
    public var bytesToClients = 0
    /// Messages and packets that were dropped without an answer: unreadable ones, and those without a permission.
    public var refusedPackets = 0
    /// Packets that were dropped because the client's connection took no more.
    public var droppedPackets = 0
    /// Requests that were answered with an error, by its code.
    public var refusedRequests: [Int: Int] = [:]
    /// TCP and TLS connections of TURN clients that exist now.
    public var streamConnections = 0
    /// Connections of ICE over TCP that exist now.
    public var mediaConnections = 0
    /// All connections of ICE over TCP there have been.
    public var mediaConnectionsMade = 0
    /// Connections that were closed because there were too many, because they did not prove themselves in time, or because
    /// they did not begin as they should.
    public var refusedConnections = 0
    /// How often each limit was met, by its name in the table of limits.
    public var limitHits: [String: Int] = [:]

    public init() {}
}

/// Counts on all threads of the room.
final class RelayMeter: Sendable {
    let allocations = Atomic<Int>(0)
    let allocationsMade = Atomic<Int>(0)
    let packetsToPeers = Atomic<Int>(0)
    let bytesToPeers = Atomic<Int>(0)
    let packetsToClients = Atomic<Int>(0)
    let bytesToClients = Atomic<Int>(0)
    let refusedPackets = Atomic<Int>(0)
    let droppedPackets = Atomic<Int>(0)
    let streamConnections = Atomic<Int>(0)
    let mediaConnections = Atomic<Int>(0)
    let mediaConnectionsMade = Atomic<Int>(0)
    let refusedConnections = Atomic<Int>(0)
    private let limitHits = Mutex<[RelayBound: Int]>([:])
    /// Tells the media workers who comes through here.
    let ports = RelayedPorts()
    private let refusedRequests = Mutex<[Int: Int]>([:])

    func countRefusal(_ code: Int, times: Int = 1) {
        refusedRequests.withLock { $0[code, default: 0] += times }
    }

    func count(_ bound: RelayBound) {
        limitHits.withLock { $0[bound, default: 0] += 1 }
    }

    var counters: RelayCounters {
        var counters = RelayCounters()
        counters.allocations = allocations.load(ordering: .relaxed)
        counters.allocationsMade = allocationsMade.load(ordering: .relaxed)
        counters.packetsToPeers = packetsToPeers.load(ordering: .relaxed)
        counters.bytesToPeers = bytesToPeers.load(ordering: .relaxed)
        counters.packetsToClients = packetsToClients.load(ordering: .relaxed)
        counters.bytesToClients = bytesToClients.load(ordering: .relaxed)
        counters.refusedPackets = refusedPackets.load(ordering: .relaxed)
        counters.droppedPackets = droppedPackets.load(ordering: .relaxed)
        counters.refusedRequests = refusedRequests.withLock { $0 }
        counters.streamConnections = streamConnections.load(ordering: .relaxed)
        counters.mediaConnections = mediaConnections.load(ordering: .relaxed)
        counters.mediaConnectionsMade = mediaConnectionsMade.load(ordering: .relaxed)
        counters.refusedConnections = refusedConnections.load(ordering: .relaxed)
        counters.limitHits = limitHits.withLock { hits in
            Dictionary(uniqueKeysWithValues: RelayBound.allCases.map { ($0.rawValue, hits[$0, default: 0]) })
        }
        return counters
    }
}

extension Atomic<Int> {
    func count(_ amount: Int = 1) {
        wrappingAdd(amount, ordering: .relaxed)
    }
}
