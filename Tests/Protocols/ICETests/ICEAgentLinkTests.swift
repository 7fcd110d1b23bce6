import ICE
import ProtocolCore
import STUN
import Testing

/// A client that can go by UDP, by TCP and through relays, and a lite server.
@Suite struct ICEAgentLinkTests {
    static let anyAddress = SocketEndpoint(ipv4: 0, port: 9)
    static let relayed = SocketEndpoint(ipv4: 0xcb00_7109, port: 50_000)

    let udp = ICEAgent.Path(local: ICENetwork.client, remote: ICENetwork.server)
    let tcp = ICEAgent.Path(local: anyAddress, remote: ICENetwork.server, link: .tcp(1))
    let relay = ICEAgent.Path(local: relayed, remote: ICENetwork.server, link: .relay(1))

    /// A server with the same address and port for both transports, as ours has them.
    private let candidates = [
        Candidate(host: ICENetwork.server), Candidate(host: ICENetwork.server, transport: .tcp),
    ]

    private func network(delayedRelay: Bool = false) -> ICENetwork {
        var network = ICENetwork.againstLite()
        network.agent.addLocal(Self.anyAddress, over: .tcp(1))
        if !delayedRelay { network.agent.addLocal(Self.relayed, over: .relay(1), localPreference: 100) }
        return network
    }

    @Test("UDP is taken where it works, and nothing else is tried before it has answered")
    func prefersUDP() {
        var network = network()
        network.answer(candidates)
        network.run(for: .seconds(2))
        #expect(network.agent.path == udp)
        #expect(network.agent.isConcluded)
        #expect(network.sent.allSatisfy { $0.path == udp })
        #expect(network.events.first?.at == .zero + .milliseconds(40))
    }

    @Test("Without UDP it is TCP, soon")
    func fallsBackToTCP() throws {
        var network = network()
        network.isBlocked = { $0 == .udp }
        network.answer(candidates)
        network.run(for: .seconds(2))
        #expect(network.agent.path == tcp)
        let selected = try #require(network.events.first)
        #expect(selected.event == .selected(tcp))
        #expect(selected.at < .zero + .milliseconds(400))
    }

    @Test("Without UDP and TCP it is the relay, also when that comes late", arguments: [false, true])
    func fallsBackToTheRelay(isLate: Bool) {
        var network = network(delayedRelay: isLate)
        network.isBlocked = { $0 != .relay(1) }
        network.answer(candidates)
        network.run(for: .seconds(3))
        if isLate {
            #expect(network.agent.path == nil)
            network.agent.addLocal(Self.relayed, over: .relay(1))
            network.agent.advance(now: network.now)
            network.run(for: .seconds(1))
        }
        #expect(network.agent.path == relay)
        #expect(network.agent.isConcluded)
    }

    @Test("A relay revives an agent whose every pair has failed")
    func revives() {
        var network = network(delayedRelay: true)
        network.isBlocked = { $0 != .relay(1) }
        network.answer(candidates)
        network.run(for: .seconds(20))
        #expect(network.events.map(\.event) == [.failed])
        network.agent.addLocal(Self.relayed, over: .relay(1))
        network.agent.advance(now: network.now)
        network.run(for: .seconds(1))
        #expect(network.agent.path == relay)
    }

    @Test("TCP is paired with passive candidates alone, relays with UDP ones, and families with their own")
    func pairs() {
        var network = network()
        network.agent.addLocal(SocketEndpoint(ipv6High: 0, low: 0, port: 9), over: .tcp(1))
        network.isBlocked = { _ in true }
        var active = candidates[1]
        active.tcpType = .active
        active.port = 1
        network.answer(candidates + [active])
        network.run(for: .seconds(3))
        #expect(Set(network.sent.map(\.path)) == [udp, tcp, relay])
    }

    @Test("A lite server goes by UDP's nomination, even after TCP's")
    func priorities() {
        var network = network()
        network.answer(candidates)
        network.run(for: .seconds(2))
        let check = network.lite?.selectedEndpoint
        #expect(check == ICENetwork.client)
    }

    @Test("A refused connection fails its pair at once, and alone")
    func refusedConnection() {
        var network = network()
        network.isBlocked = { $0 != .relay(1) }
        network.answer(candidates)
        network.run(for: .milliseconds(60))
        network.agent.connectionLost(tcp, now: network.now)
        let before = network.sent.count { $0.path == tcp }
        network.run(for: .seconds(2))
        #expect(network.sent.count { $0.path == tcp } == before)
        #expect(network.agent.path == relay)
    }

    @Test("A lost connection of the selected path is checked again soon, and comes back")
    func lostConnection() {
        var network = network()
        network.isBlocked = { $0 == .udp }
        network.answer(candidates)
        network.run(for: .seconds(2))
        #expect(network.agent.path == tcp)
        let before = network.sent.count
        network.agent.connectionLost(tcp, now: network.now)
        network.run(for: ICEAgent.urgentConsentInterval + .milliseconds(50))
        #expect(network.sent.count == before + 1)
        #expect(network.sent.last?.path == tcp)
        network.run(for: .seconds(20))
        #expect(network.events.map(\.event) == [.selected(tcp)])
    }

    @Test("A connection that does not come back counts as disconnected")
    func lostForGood() {
        var network = network()
        network.isBlocked = { $0 == .udp }
        network.answer(candidates)
        network.run(for: .seconds(2))
        network.isBlocked = { _ in true }
        network.agent.connectionLost(tcp, now: network.now)
        network.run(for: ICEAgent.disconnectTimeout + .seconds(1))
        #expect(network.events.last?.event == .disconnected)
    }

    @Test("A relay that is gone takes its path with it, which is told")
    func lostRelay() {
        var network = network()
        network.isBlocked = { $0 != .relay(1) }
        network.answer(candidates)
        network.run(for: .seconds(2))
        network.agent.removeLocal(Self.relayed, over: .relay(1))
        network.agent.advance(now: network.now)
        network.drain()
        #expect(network.events.last?.event == .consentExpired)
        #expect(network.agent.path == nil)
    }

    @Test("A restart uses links of its own, and the old path until it has found one")
    func restart() throws {
        var network = network()
        network.isBlocked = { $0 == .udp || $0 == .relay(1) }
        network.answer(candidates)
        network.run(for: .seconds(2))
        network.agent.retireLocal(over: .tcp(1))
        network.agent.addLocal(Self.anyAddress, over: .tcp(2))
        let renewed = ICECredentials(ufrag: "renewed", password: "password-of-ours-76543210")
        network.agent.restart(local: renewed)
        var lite = try #require(network.lite)
        lite.restart(
            localUfrag: ICENetwork.theirs.ufrag, localPassword: ICENetwork.theirs.password, remoteUfrag: renewed.ufrag)
        network.peer = .lite(lite)
        #expect(network.agent.path == tcp)
        let before = network.sent.count
        network.answer(candidates)
        network.run(for: .seconds(2))
        var expected = tcp
        expected.link = .tcp(2)
        #expect(network.agent.path == expected)
        #expect(!network.sent[before...].contains { $0.path == tcp })
    }
}
