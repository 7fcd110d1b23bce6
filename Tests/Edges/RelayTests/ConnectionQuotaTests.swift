import NIOCore
import ProtocolCore
import Synchronization
import Testing

@testable import Relay

@Suite("Places for connections")
struct ConnectionQuotaTests {
    /// A quota, what it closed and which bounds it met.
    private final class Door: Sendable {
        let quota: ConnectionQuota
        private let closed = Mutex<[String]>([])
        private let met = Met()

        init(unproved: Int = 3, perAddress: Int = 2, proved: Int = 3, provedPerAddress: Int = 2, perOwner: Int = 2) {
            let met = met
            quota = ConnectionQuota(
                .init(
                    unproved: unproved, unprovedPerAddress: perAddress, proved: proved,
                    provedPerAddress: provedPerAddress, provedPerOwner: perOwner)
            ) { met.note($0) }
        }

        var boundsMet: [ConnectionQuota.Bound] { met.all }

        func admit(_ name: String, from address: SocketEndpoint) -> ConnectionQuota.Ticket {
            quota.admit(address) { [self] in closed.withLock { $0.append(name) } }
        }

        var closedNames: [String] { closed.withLock { $0 } }
    }

    private final class Met: Sendable {
        private let bounds = Mutex<[ConnectionQuota.Bound]>([])
        func note(_ bound: ConnectionQuota.Bound) { bounds.withLock { $0.append(bound) } }
        var all: [ConnectionQuota.Bound] { bounds.withLock { $0 } }
    }

    private func address(_ number: UInt32) -> SocketEndpoint { SocketEndpoint(ipv4: number, port: 1) }

    @Test("When all places are taken, the oldest makes way")
    func oldest() {
        let door = Door()
        var tickets = (1...3).map { door.admit("\($0)", from: address($0)) }
        #expect(door.closedNames.isEmpty)
        tickets.append(door.admit("4", from: address(4)))
        #expect(door.closedNames == ["1"])
        door.quota.giveBack(tickets[0])
        door.quota.giveBack(tickets[1])
        tickets.append(door.admit("5", from: address(5)))
        #expect(door.closedNames == ["1"], "what has ended needs no place")
        tickets.append(door.admit("6", from: address(6)))
        #expect(door.closedNames == ["1", "3"])
        #expect(door.boundsMet == [.unproved, .unproved])
    }

    @Test("The oldest connection of an address makes way for a new one")
    func oldestOfAddress() {
        let door = Door()
        _ = door.admit("other", from: address(1))
        _ = door.admit("a", from: address(2))
        _ = door.admit("b", from: SocketEndpoint(ipv4: 2, port: 9))
        #expect(door.closedNames.isEmpty)
        _ = door.admit("c", from: address(2))
        #expect(door.closedNames == ["a"], "not the one from another address, though it is older")
        #expect(door.boundsMet == [.unprovedPerAddress])
    }

    @Test("Addresses of IPv6 with the same first 64 bits are one")
    func prefix() {
        let door = Door()
        for low: UInt64 in 1...3 {
            _ = door.admit("\(low)", from: SocketEndpoint(ipv6High: 0x2001_0db8_0000_0001, low: low, port: 1))
        }
        #expect(door.closedNames == ["1"])
        _ = door.admit("4", from: SocketEndpoint(ipv6High: 0x2001_0db8_0000_0002, low: 1, port: 1))
        #expect(door.closedNames == ["1"])
    }

    @Test("Who has proved it has a place, up to each bound")
    func proved() {
        let door = Door(unproved: 1)
        var first = door.admit("first", from: address(1))
        #expect(door.quota.prove(&first, owner: "ada"))
        #expect(door.quota.prove(&first, owner: "ada"), "a second proof takes no second place")
        for number: UInt32 in 2...100 { door.quota.giveBack(door.admit("\(number)", from: address(number))) }
        var second = door.admit("second", from: address(1))
        #expect(door.quota.prove(&second, owner: "ada"))
        #expect(door.closedNames.isEmpty)

        var third = door.admit("third", from: address(1))
        #expect(!door.quota.prove(&third, owner: "eve"))
        door.quota.giveBack(third)
        var fourth = door.admit("fourth", from: address(2))
        #expect(!door.quota.prove(&fourth, owner: "ada"))
        #expect(door.quota.prove(&fourth, owner: "eve"))
        var fifth = door.admit("fifth", from: address(3))
        #expect(!door.quota.prove(&fifth, owner: "grace"))
        #expect(door.boundsMet == [.provedPerAddress, .provedPerOwner, .proved])

        door.quota.giveBack(first)
        #expect(door.quota.prove(&fifth, owner: "ada"), "what has ended needs no place")
    }

    @Test("Who had to make way proves nothing more")
    func late() {
        let door = Door(unproved: 1)
        var first = door.admit("first", from: address(1))
        var second = door.admit("second", from: address(2))
        #expect(!door.quota.prove(&first, owner: "ada"))
        door.quota.giveBack(first)
        #expect(door.quota.prove(&second, owner: "ada"))
    }

    @Test("Only proofs extend the life of a connection")
    func life() {
        var limits = RelayLimits()
        limits.proofTimeout = .seconds(10)
        limits.idleTimeout = .seconds(30)
        let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
        var life = ConnectionLife(limits, now: start)
        life.extend(at: start + .seconds(9))
        #expect(life.deadline == start + .seconds(10))
        #expect(!life.isProved)
        life.prove(at: start + .seconds(9))
        #expect(life.deadline == start + .seconds(39))
        life.extend(at: start + .seconds(20))
        #expect(life.deadline == start + .seconds(50))
        #expect(life.isProved)
    }

    @Test("The table of limits names each bound once, with its value")
    func table() {
        let names = [Limit].relay.map(\.name)
        #expect(Set(names).count == names.count)
        for bound in RelayBound.allCases { #expect(names.contains(bound.rawValue)) }
        #expect([Limit].relay.allSatisfy { $0.value > 0 && !$0.test.isEmpty })
        #expect([Limit].relay.first { $0.name == "turn.proofTime" }?.value == 10)
    }
}
