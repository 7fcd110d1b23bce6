public import NIOCore
import Synchronization

/// The limits of what strangers can take.
public struct RelayLimits: Sendable {
    /// Allocations that one user may have. A browser makes one for each of its network interfaces and each URL.
    public var allocationsPerUser = 32
    public var allocations = 4_096
    /// Connections of each door that have proved nothing yet: neither credentials of TURN, nor a check that a media
    /// worker took. When there are as many, the oldest makes way. These take no place from those who have proved it.
    public var unprovedConnections = 1_024
    /// Of these, how many from one address; many clients may stand behind it.
    public var unprovedConnectionsPerAddress = 64
    /// Connections of each door that have proved themselves.
    public var connections = 4_096
    public var connectionsPerAddress = 256
    /// Connections of ICE that one participant may have, by its ICE user name. A browser tries each of its networks with
    /// each address of the server.
    public var connectionsPerParticipant = 32
    /// Connections of TURN that one user may have: one for each allocation, and as many that are about to get one.
    public var connectionsPerUser: Int { 2 * allocationsPerUser }
    /// How long a connection may take from its beginning until it has proved itself. Nothing extends it.
    public var proofTimeout: TimeAmount = .seconds(10)
    /// How long a connection may then bring nothing that proves it again: a request with credentials where there is no
    /// allocation, an answer of the media worker on a connection of ICE. Clients check such a connection every few
    /// seconds, and RFC 7675 (§5.1) gives up after 30.
    public var idleTimeout: TimeAmount = .seconds(30)
    /// How much may wait to be sent on a connection before packets are dropped.
    public var unsentBytes = 256 << 10

    public init() {}
}

/// How many of something each name has, with a limit for each and for all together.
final class Quota<Name: Hashable & Sendable>: Sendable {
    private struct State {
        var byName: [Name: Int] = [:]
        var total = 0
    }

    private let limitEach: Int
    private let limit: Int
    private let state = Mutex(State())

    init(each limitEach: Int, all limit: Int) {
        self.limitEach = limitEach
        self.limit = limit
    }

    enum Outcome {
        case taken
        /// This name has its share.
        case nameIsFull
        case everythingIsFull
    }

    func take(_ name: Name) -> Outcome {
        state.withLock { state in
            guard state.total < limit else { return .everythingIsFull }
            guard state.byName[name, default: 0] < limitEach else { return .nameIsFull }
            state.byName[name, default: 0] += 1
            state.total += 1
            return .taken
        }
    }

    func giveBack(_ name: Name) {
        state.withLock { state in
            guard let count = state.byName[name] else { return }
            state.byName[name] = count > 1 ? count - 1 : nil
            state.total -= 1
        }
    }
}
