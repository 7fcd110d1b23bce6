public import NIOCore
internal import ProtocolCore
import Synchronization

/// The limits of what strangers can take.
public struct RelayLimits: Sendable {
    /// Allocations that one user may have. A browser makes one for each of its network interfaces and each URL.
    public var allocationsPerUser = 32
    public var allocations = 4_096
    /// Connections from one address; many clients may stand behind it.
    public var connectionsPerAddress = 256
    public var connections = 4_096
    /// How long a connection may take to begin as it should.
    public var firstMessageTimeout: TimeAmount = .seconds(10)
    /// How long nothing may come on a connection, where there is no allocation that says otherwise. ICE checks that
    /// its connection lives every few seconds.
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
