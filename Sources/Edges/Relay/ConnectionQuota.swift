internal import ProtocolCore
import Synchronization

/// The connections of one door, in two pools: those that have proved nothing yet, and those that have.
///
/// Whoever has proved nothing takes no place from those who have. When the first pool is full its oldest connection makes
/// way for the new one, so that nobody keeps others out by holding connections: an honest client proves itself within
/// two round trips and is out of that pool.
final class ConnectionQuota: Sendable {
    /// How many there may be. An address is an IPv4 address, or the first 64 bits of an IPv6 address: one subscriber has
    /// all that begin so.
    struct Bounds: Sendable {
        var unproved: Int
        var unprovedPerAddress: Int
        var proved: Int
        var provedPerAddress: Int
        /// An owner is what the proof names: a user, a participant.
        var provedPerOwner: Int
    }

    /// Which bound was met.
    enum Bound: Sendable, Hashable {
        case unproved
        case unprovedPerAddress
        case proved
        case provedPerAddress
        case provedPerOwner
    }

    /// The place of one connection.
    struct Ticket: Sendable {
        fileprivate let number: UInt64
        fileprivate let address: SocketEndpoint
        fileprivate var owner: String?
    }

    fileprivate struct Unproved {
        let number: UInt64
        let address: SocketEndpoint
        let close: @Sendable () -> Void
    }

    fileprivate struct State {
        var lastNumber: UInt64 = 0
        /// In the order of their numbers, which is that of their beginnings.
        var unproved: [Unproved] = []
        var unprovedByAddress: [SocketEndpoint: Int] = [:]
        var proved = 0
        var provedByAddress: [SocketEndpoint: Int] = [:]
        var provedByOwner: [String: Int] = [:]
    }

    private let bounds: Bounds
    private let state = Mutex(State())
    private let met: @Sendable (Bound) -> Void

    /// - Parameter met: Is told each time a bound is met.
    init(_ bounds: Bounds, met: @escaping @Sendable (Bound) -> Void) {
        self.bounds = bounds
        self.met = met
    }

    /// Takes a new connection in, which has proved nothing. Another one may have to make way.
    /// - Parameter close: Closes the new connection, from any thread, when it has to make way itself.
    func admit(_ endpoint: SocketEndpoint, close: @escaping @Sendable () -> Void) -> Ticket {
        let address = Self.group(of: endpoint)
        let (ticket, leaving) = state.withLock { state in
            state.lastNumber += 1
            let ticket = Ticket(number: state.lastNumber, address: address)
            var leaving: (bound: Bound, close: @Sendable () -> Void)?
            if state.unprovedByAddress[address, default: 0] >= bounds.unprovedPerAddress {
                if let index = state.unproved.firstIndex(where: { $0.address == address }) {
                    leaving = (.unprovedPerAddress, state.removeUnproved(at: index).close)
                }
            } else if state.unproved.count >= bounds.unproved, !state.unproved.isEmpty {
                leaving = (.unproved, state.removeUnproved(at: 0).close)
            }
            state.unproved.append(Unproved(number: ticket.number, address: address, close: close))
            state.unprovedByAddress[address, default: 0] += 1
            return (ticket, leaving)
        }
        if let leaving {
            met(leaving.bound)
            leaving.close()
        }
        return ticket
    }

    /// The connection has proved itself.
    /// - Returns: Whether there is a place for it; without one it is to be closed.
    func prove(_ ticket: inout Ticket, owner: String) -> Bool {
        guard ticket.owner == nil else { return true }
        let (address, number) = (ticket.address, ticket.number)
        let bound: Bound? = state.withLock { state in
            // One that had to make way meanwhile counts no more.
            guard let index = state.index(of: number) else { return .unproved }
            if state.proved >= bounds.proved { return .proved }
            if state.provedByAddress[address, default: 0] >= bounds.provedPerAddress { return .provedPerAddress }
            if state.provedByOwner[owner, default: 0] >= bounds.provedPerOwner { return .provedPerOwner }
            _ = state.removeUnproved(at: index)
            state.proved += 1
            state.provedByAddress[address, default: 0] += 1
            state.provedByOwner[owner, default: 0] += 1
            return nil
        }
        switch bound {
        case nil:
            ticket.owner = owner
            return true
        case .unproved?, .unprovedPerAddress?:
            return false
        case .proved?, .provedPerAddress?, .provedPerOwner?:
            if let bound { met(bound) }
            return false
        }
    }

    /// The connection has ended.
    func giveBack(_ ticket: Ticket) {
        state.withLock { state in
            guard let owner = ticket.owner else {
                if let index = state.index(of: ticket.number) { _ = state.removeUnproved(at: index) }
                return
            }
            state.proved -= 1
            Self.takeOne(from: &state.provedByAddress, ticket.address)
            Self.takeOne(from: &state.provedByOwner, owner)
        }
    }

    private static func group(of endpoint: SocketEndpoint) -> SocketEndpoint {
        endpoint.isIPv6
            ? SocketEndpoint(ipv6High: endpoint.high, low: 0, port: 0)
            : SocketEndpoint(ipv4: UInt32(truncatingIfNeeded: endpoint.low), port: 0)
    }

    fileprivate static func takeOne<Name: Hashable>(from counts: inout [Name: Int], _ name: Name) {
        let count = counts[name, default: 0] - 1
        counts[name] = count > 0 ? count : nil
    }
}

extension ConnectionQuota.State {
    fileprivate func index(of number: UInt64) -> Int? {
        var range = unproved.indices
        while let middle = range.isEmpty ? nil : range.lowerBound + range.count / 2 {
            if unproved[middle].number == number { return middle }
            range = unproved[middle].number < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    fileprivate mutating func removeUnproved(at index: Int) -> ConnectionQuota.Unproved {
        let removed = unproved.remove(at: index)
        ConnectionQuota.takeOne(from: &unprovedByAddress, removed.address)
        return removed
    }
}
