import ICE
import NetworkEmulation
import ProtocolCore
import STUN
import Testing

/// Two full agents.
@Suite struct ICEAgentPairTests {
    let client = ICENetwork.client
    let server = ICENetwork.server
    let conditions = LinkConditions(delay: .milliseconds(10))

    func network(
        _ one: ICEAgent.Role, _ other: ICEAgent.Role, _ conditions: LinkConditions, seed: UInt64,
        knowsPeer: Bool = true
    ) -> ICENetwork {
        var agent = ICEAgent(role: one, local: ICENetwork.ours, seed: seed)
        agent.addLocal(client)
        var peer = ICEAgent(role: other, local: ICENetwork.theirs, seed: seed &+ 1000)
        peer.addLocal(server)
        peer.setRemote(
            ICENetwork.ours, candidates: knowsPeer ? [Candidate(host: client)] : [], isLite: false, now: .zero)
        return ICENetwork(agent: agent, peer: .full(peer), conditions: conditions, seed: seed)
    }

    func expectConnected(_ network: ICENetwork) {
        #expect(network.agent.path == ICEAgent.Path(local: client, remote: server))
        #expect(network.full?.path == ICEAgent.Path(local: server, remote: client))
        #expect(network.agent.isConcluded)
        #expect(network.full?.isConcluded == true)
        #expect(Set([network.agent.role, network.full?.role]) == [.controlling, .controlled])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func agreeOverALossyLink(seed: UInt64) {
        var network = network(
            .controlling, .controlled,
            LinkConditions(delay: .milliseconds(30), jitter: .milliseconds(10), loss: .random(0.2)), seed: seed)
        network.answer(isLite: false)
        network.run(for: .seconds(8))
        expectConnected(network)
    }

    @Test(arguments: [ICEAgent.Role.controlling, .controlled], 1...10 as ClosedRange<UInt64>)
    func settleAConflictOfRoles(role: ICEAgent.Role, seed: UInt64) {
        var network = network(role, role, conditions, seed: seed)
        network.answer(isLite: false)
        network.run(for: .seconds(3))
        expectConnected(network)
    }

    @Test func learnAPeerReflexiveAddress() {
        var network = network(.controlling, .controlled, conditions, seed: 4, knowsPeer: false)
        network.answer(isLite: false)
        network.run(for: .seconds(1))
        expectConnected(network)
    }

    /// The peer's checks may overtake its answer.
    @Test func takeChecksBeforeTheAnswer() {
        var network = network(.controlling, .controlled, conditions, seed: 5)
        network.run(for: .milliseconds(300))
        #expect(network.agent.path == nil)
        network.answer([], isLite: false)
        network.run(for: .seconds(1))
        expectConnected(network)
    }

    @Test func keepConsentBothWays() {
        var network = network(.controlling, .controlled, conditions, seed: 6)
        network.answer(isLite: false)
        network.run(for: .seconds(90))
        expectConnected(network)
        #expect(network.events.count == 1)
        #expect(network.peerEvents.count == 1)
    }

    /// A full agent facing a lite one controls, whatever it was told (RFC 8445 §6.1.1).
    @Test func controlsALitePeer() {
        var network = ICENetwork.againstLite()
        network.agent = ICEAgent(role: .controlled, local: ICENetwork.ours, seed: 9)
        network.agent.addLocal(client)
        network.answer()
        network.run(for: .seconds(1))
        #expect(network.agent.role == .controlling)
        #expect(network.agent.isConcluded)
    }
}

@Suite struct ICEAgentRefusalTests {
    let client = ICENetwork.client
    let server = ICENetwork.server

    func agent() -> ICEAgent {
        var agent = ICEAgent(role: .controlled, local: ICENetwork.ours, seed: 1)
        agent.addLocal(client)
        agent.setRemote(ICENetwork.theirs, candidates: [], isLite: false, now: .zero)
        return agent
    }

    func check(_ change: (inout ConnectivityCheck) -> Void = { _ in }) -> ConnectivityCheck {
        var check = ConnectivityCheck(username: "ours:theirs", key: Array(ICENetwork.ours.password.utf8))
        change(&check)
        return check
    }

    func refusal(_ bytes: [UInt8]) -> ICEAgent.Refusal? {
        var agent = agent()
        return agent.handle(bytes.span.bytes, from: server, to: client, now: .zero)
    }

    @Test func answersAGoodCheckAndChecksInTurn() throws {
        var agent = agent()
        #expect(agent.handle(check().bytes().span.bytes, from: server, to: client, now: .zero) == nil)
        var datagrams: [STUNMessage] = []
        while let output = agent.poll() {
            guard case .transmit(let bytes, let path) = output else { continue }
            #expect(path == ICEAgent.Path(local: client, remote: server))
            datagrams.append(try STUNMessage(bytes))
        }
        #expect(datagrams.map(\.messageClass) == [.successResponse, .request])
        #expect(datagrams.last?.username == "theirs:ours")
        #expect(datagrams.last?.iceControlled != nil)
    }

    @Test func refusesWhatIsNotForIt() {
        #expect(refusal(check { $0.username = "ours:other" }.bytes()) == .badCredentials)
        #expect(refusal(check { $0.key = Array("guessed-password-0123456".utf8) }.bytes()) == .badCredentials)
        #expect(refusal(check { $0.priority = nil }.bytes()) == .missingAttribute)
        #expect(refusal(check { $0.signs = false }.bytes()) == .missingAttribute)
        #expect(refusal(check { $0.unknown = 0x7777 }.bytes()) == .unknownAttributes([0x7777]))
        #expect(refusal([1, 2, 3]) == .malformed(.truncated))
    }

    @Test func ignoresForgedResponses() {
        var agent = agent()
        agent.addRemote(Candidate(host: server), now: .zero)
        guard case .transmit(let bytes, _)? = agent.poll(), let request = try? STUNMessage(bytes) else {
            Issue.record("no check was sent")
            return
        }
        var forged = STUNMessageBuilder(successTo: request)
        forged.add(xorMappedAddress: client)
        let response = forged.finish(integrityKey: Array("guessed-password-0123456".utf8))
        #expect(agent.handle(response.span.bytes, from: server, to: client, now: .zero) == .badCredentials)
        let stray = STUNMessageBuilder(.successResponse, transactionID: .init(high: 9, low: 9))
            .finish(integrityKey: Array(ICENetwork.theirs.password.utf8))
        #expect(agent.handle(stray.span.bytes, from: server, to: client, now: .zero) == .unknownTransaction)
        #expect(agent.path == nil)
    }

    /// Whatever arrives, cut anywhere, changes nothing and does not trap.
    @Test func survivesTruncation() {
        let whole = check().bytes()
        for length in 0..<whole.count {
            var agent = agent()
            #expect(agent.handle(Array(whole.prefix(length)).span.bytes, from: server, to: client, now: .zero) != nil)
            #expect(agent.path == nil)
        }
    }

    @Test func readsLiteralAddresses() {
        func read(_ text: String) -> String? { SocketEndpoint(literal: text, port: 1)?.description }
        #expect(read("192.0.2.7") == "192.0.2.7:1")
        #expect(read("::1") == "[0:0:0:0:0:0:0:1]:1")
        #expect(read("fd00::a:2") == "[fd00:0:0:0:0:0:a:2]:1")
        #expect(read("1:2:3:4:5:6:7:8") == "[1:2:3:4:5:6:7:8]:1")
        #expect(read("::ffff:192.0.2.7") == "192.0.2.7:1")
        #expect(read("2001:db8::") == "[2001:db8:0:0:0:0:0:0]:1")
        for wrong in [
            "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "+1.2.3.4", "a.local", ":", ":::", "1:2:3:4:5:6:7", "::1::",
            "1:2:3:4:5:6:7:8:9", "g::1", "12345::", "fe80::1%eth0", "::+1", "1:2:3:4:5:6:7:8::",
        ] {
            #expect(read(wrong) == nil, "\(wrong)")
        }
    }
}
