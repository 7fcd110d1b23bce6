import Synchronization
import Testing

@testable import HTTPServer

@Suite struct ConnectionBudgetTests {
    /// Remembers which connections had to make way.
    private final class Closed: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock { $0 } }
        func close(_ name: String) -> @Sendable () -> Void {
            { self.names.withLock { $0.append(name) } }
        }
    }

    static func address(_ text: String) throws -> ClientAddress { try #require(ClientAddress(text)) }

    @Test func theOldestStrangerMakesWay() throws {
        let closed = Closed()
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 3, unprovedPerAddress: 3, proved: 1))
        let places = try (1...3).map { budget.enter(try Self.address("192.0.2.\($0)"), close: closed.close("\($0)")) }
        #expect(closed.all == [])
        _ = budget.enter(try Self.address("192.0.2.4"), close: closed.close("4"))
        #expect(closed.all == ["1"])
        // One that has left needs no other to make way for it.
        budget.leave(places[1])
        budget.leave(places[1])
        _ = budget.enter(nil, close: closed.close("5"))
        #expect(closed.all == ["1"])
        _ = budget.enter(nil, close: closed.close("6"))
        #expect(closed.all == ["1", "3"])
        #expect(budget.counts == (3, 0))
    }

    @Test func whoHasLoggedInNeverMakesWay() throws {
        let closed = Closed()
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 2, unprovedPerAddress: 1, proved: 1))
        let here = try Self.address("192.0.2.1")
        let first = budget.enter(here, close: closed.close("first"))
        budget.admit(first)
        budget.admit(first)
        let second = budget.enter(here, close: closed.close("second"))
        // There is no more room among those; it stays a stranger.
        budget.admit(second)
        #expect(budget.counts == (1, 1))
        _ = budget.enter(here, close: closed.close("third"))
        #expect(closed.all == ["second"])
        budget.leave(first)
        #expect(budget.counts == (1, 0))
    }

    @Test func oneAddressHasItsShare() throws {
        let closed = Closed()
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 100, unprovedPerAddress: 2, proved: 1))
        for name in ["a", "b", "c"] { _ = budget.enter(try Self.address("192.0.2.1"), close: closed.close(name)) }
        _ = budget.enter(try Self.address("192.0.2.2"), close: closed.close("other"))
        #expect(closed.all == ["a"])
    }

    /// A machine has as many addresses of its /64 as it likes.
    @Test func aBlockOfIPv6IsOneAddress() throws {
        let closed = Closed()
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 100, unprovedPerAddress: 2, proved: 1))
        for number in 1...3 {
            _ = budget.enter(try Self.address("2001:db8::\(number)"), close: closed.close("\(number)"))
        }
        _ = budget.enter(try Self.address("2001:db8:0:1::1"), close: closed.close("neighbour"))
        #expect(closed.all == ["1"])
        _ = budget.enter(try Self.address("192.0.2.1"), close: closed.close("4"))
        _ = budget.enter(try Self.address("::ffff:192.0.2.1"), close: closed.close("6"))
        _ = budget.enter(try Self.address("192.0.2.1"), close: closed.close("4 again"))
        #expect(closed.all == ["1", "4"])
    }

    @Test func whoCameThroughAProxyIsCountedWhereItIs() throws {
        let closed = Closed()
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 100, unprovedPerAddress: 1, proved: 1))
        let places = (1...3).map { budget.enter(nil, close: closed.close("\($0)")) }
        budget.move(places[0], to: try Self.address("192.0.2.1"))
        budget.move(places[1], to: try Self.address("192.0.2.2"))
        #expect(closed.all == [])
        budget.move(places[2], to: try Self.address("192.0.2.1"))
        #expect(closed.all == ["1"])
        budget.move(places[1], to: try Self.address("192.0.2.3"))
        #expect(budget.counts == (2, 0))
    }

    @Test func manyComeAndGo() throws {
        let closed = Closed()
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 50, unprovedPerAddress: 50, proved: 1))
        var places: [ConnectionBudget.Number] = []
        for number in 0..<5000 {
            places.append(budget.enter(try Self.address("192.0.2.\(number % 7)"), close: closed.close("\(number)")))
            if number % 3 == 0 { budget.leave(places[number / 2]) }
        }
        #expect(budget.counts.unproved <= 50)
        for place in places { budget.leave(place) }
        #expect(budget.counts == (0, 0))
    }

    @Test func fileDescriptorsAreKeptForCalls() {
        let usual = ConnectionLimits(unproved: 4096, unprovedPerAddress: 256, fileDescriptors: 1024)
        #expect(usual.unproved == 256)
        #expect(usual.unprovedPerAddress == 256)
        #expect(usual.proved == 512)
        let large = ConnectionLimits(unproved: 4096, unprovedPerAddress: 256, fileDescriptors: 1 << 20)
        #expect(large.unproved == 4096)
    }
}
