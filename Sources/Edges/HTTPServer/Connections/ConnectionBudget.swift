import Synchronization

/// The connections of all listeners, bounded in all and by address.
///
/// When there is no room for another stranger, the oldest one makes way. Refusing the new one instead would let whoever
/// holds connections keep everybody out; an honest request is answered long before it is the oldest. Those who have
/// logged in are counted apart and never make way.
public final class ConnectionBudget: Sendable {
    /// A connection in the budget.
    typealias Number = UInt64

    private struct Entry {
        var household: ClientAddress?
        var isProved = false
        let close: @Sendable () -> Void
    }

    /// Strangers in the order of their arrival. Those that have left stay in it until they come to the front or most
    /// of it are such.
    private struct Line {
        private var numbers: [Number] = []
        private var front = 0
        private(set) var living = 0

        mutating func append(_ number: Number, isThere: (Number) -> Bool) {
            if numbers.count >= 32 + 2 * living {
                numbers = numbers[front...].filter(isThere)
                front = 0
            }
            numbers.append(number)
            living += 1
        }

        mutating func oneLeaves() { living -= 1 }

        mutating func oldest(isThere: (Number) -> Bool) -> Number? {
            while front < numbers.count, !isThere(numbers[front]) { front += 1 }
            return front < numbers.count ? numbers[front] : nil
        }
    }

    private struct State {
        var entries: [Number: Entry] = [:]
        var last: Number = 0
        var strangers = Line()
        var households: [ClientAddress: Line] = [:]
        var proved = 0
    }

    private let state = Mutex(State())
    private let limits: ConnectionLimits

    public init(limits: ConnectionLimits = ConnectionLimits()) {
        self.limits = limits
    }

    /// How many connections there are, for tests and measurements.
    var counts: (unproved: Int, proved: Int) { state.withLock { ($0.strangers.living, $0.proved) } }

    /// How many connections there have been.
    var entered: Int { state.withLock { Int($0.last) } }

    /// Takes a new connection into the budget; others that make way are closed.
    ///
    /// - Parameters:
    ///   - address: Whom it is from; nil when that is unknown or of no matter, as for a trusted proxy.
    ///   - close: Ends the connection, from any thread.
    func enter(_ address: ClientAddress?, close: @escaping @Sendable () -> Void) -> Number {
        let (number, leaving) = state.withLock { state -> (Number, [@Sendable () -> Void]) in
            state.last += 1
            let number = state.last
            var leaving = makeRoom(in: &state)
            state.entries[number] = Entry(household: nil, close: close)
            var line = Line()
            swap(&line, &state.strangers)
            line.append(number) { state.entries[$0]?.isProved == false }
            swap(&line, &state.strangers)
            leaving += settle(number, at: address?.household, in: &state)
            return (number, leaving)
        }
        leaving.forEach { $0() }
        return number
    }

    /// Counts a stranger at another address than the one it entered with: what a trusted proxy tells of it.
    func move(_ number: Number, to address: ClientAddress) {
        let leaving = state.withLock { state -> [@Sendable () -> Void] in
            guard let entry = state.entries[number], !entry.isProved else { return [] }
            forget(entry.household, in: &state)
            state.entries[number]?.household = nil
            return settle(number, at: address.household, in: &state)
        }
        leaving.forEach { $0() }
    }

    /// Counts a connection among those who have logged in, as long as there is room.
    func admit(_ number: Number) {
        state.withLock { state in
            guard let entry = state.entries[number], !entry.isProved else { return }
            guard state.proved < limits.proved else {
                LimitName.provedConnections.countHit()
                return
            }
            state.proved += 1
            state.entries[number]?.isProved = true
            state.strangers.oneLeaves()
            forget(entry.household, in: &state)
        }
    }

    /// Ends the count of a connection. Doing it again changes nothing.
    func leave(_ number: Number) {
        state.withLock { state in _ = remove(number, from: &state) }
    }

    /// Removes the oldest stranger when there is no room for one more.
    private func makeRoom(in state: inout State) -> [@Sendable () -> Void] {
        guard state.strangers.living >= limits.unproved else { return [] }
        LimitName.connections.countHit()
        var line = state.strangers
        let oldest = line.oldest { state.entries[$0]?.isProved == false }
        state.strangers = line
        return oldest.flatMap { remove($0, from: &state) }.map { [$0.close] } ?? []
    }

    /// Counts a stranger at an address; the oldest there makes way when there are too many.
    private func settle(
        _ number: Number, at household: ClientAddress?, in state: inout State
    ) -> [@Sendable () -> Void] {
        guard let household else { return [] }
        var leaving: [@Sendable () -> Void] = []
        if var line = state.households[household], line.living >= limits.unprovedPerAddress {
            LimitName.connectionsPerAddress.countHit()
            let oldest = line.oldest { isStranger($0, at: household, in: state) }
            state.households[household] = line
            if let oldest, let entry = remove(oldest, from: &state) { leaving.append(entry.close) }
        }
        state.entries[number]?.household = household
        var line = state.households.removeValue(forKey: household) ?? Line()
        line.append(number) { isStranger($0, at: household, in: state) }
        state.households[household] = line
        return leaving
    }

    private func isStranger(_ number: Number, at household: ClientAddress, in state: State) -> Bool {
        state.entries[number].map { !$0.isProved && $0.household == household } ?? false
    }

    private func forget(_ household: ClientAddress?, in state: inout State) {
        guard let household else { return }
        state.households[household]?.oneLeaves()
        if state.households[household]?.living == 0 { state.households[household] = nil }
    }

    private func remove(_ number: Number, from state: inout State) -> Entry? {
        guard let entry = state.entries.removeValue(forKey: number) else { return nil }
        if entry.isProved {
            state.proved -= 1
        } else {
            state.strangers.oneLeaves()
            forget(entry.household, in: &state)
        }
        return entry
    }
}
