import ICE
import NetworkEmulation
import ProtocolCore
import STUN
import Testing

@Suite struct ICEAgentTests {
    let path = ICEAgent.Path(local: ICENetwork.client, remote: ICENetwork.server)

    @Test func nominatesTheOnlyPairInTwoRoundTrips() {
        var network = ICENetwork.againstLite()
        network.answer()
        network.run(for: .milliseconds(40))
        #expect(network.events.map(\.event) == [.selected(path)])
        #expect(network.events.first?.at == .zero + .milliseconds(40))
        #expect(network.liteEvents == [.selectedPairChanged(ICENetwork.client)])
        #expect(network.agent.path == path)
        #expect(network.agent.mappedAddress == ICENetwork.client)
    }

    /// Media may go as soon as a pair works, before it is nominated (RFC 8445 §12).
    @Test func hasAPathAfterOneRoundTrip() {
        var network = ICENetwork.againstLite()
        network.answer()
        network.run(for: .milliseconds(19))
        #expect(network.agent.path == nil)
        network.run(for: .milliseconds(1))
        #expect(network.agent.path == path)
        #expect(!network.agent.isConcluded)
    }

    @Test func checksNothingBeforeTheAnswer() {
        var network = ICENetwork.againstLite()
        network.run(for: .seconds(10))
        #expect(network.sent.isEmpty)
        #expect(network.agent.deadline == nil)
    }

    @Test func pacesChecks() {
        var network = ICENetwork.againstLite(LinkConditions(rate: 0))
        network.answer((0..<10).map { Candidate(host: SocketEndpoint(ipv4: 0xc633_6401, port: 40_000 + $0)) })
        network.run(for: .milliseconds(199))
        #expect(network.sent.map { $0.at - .zero } == [0, 50, 100, 150].map { .milliseconds($0) })
    }

    @Test func checksBetterCandidatesFirst() {
        let low = Candidate(host: SocketEndpoint(ipv4: 0xc633_6401, port: 1), localPreference: 1)
        let high = Candidate(host: SocketEndpoint(ipv4: 0xc633_6402, port: 2), localPreference: 9)
        var network = ICENetwork.againstLite(LinkConditions(rate: 0))
        network.answer([low, high])
        network.run(for: .milliseconds(60))
        #expect(network.sent.map(\.path.remote.port) == [2, 1])
    }

    @Test func waitsALittleForABetterPair() {
        let dead = Candidate(host: SocketEndpoint(ipv4: 0xc633_6402, port: 2), localPreference: 9)
        let good = Candidate(host: ICENetwork.server, localPreference: 1)
        var network = ICENetwork.againstLite()
        network.unreachable = [SocketEndpoint(ipv4: 0xc633_6402, port: 2)]
        network.answer([dead, good])
        network.run(for: .seconds(1))
        // Second check at 50 ms, its answer at 70, patience until 170, nomination answered at 190.
        #expect(network.events.map(\.event) == [.selected(path)])
        #expect(network.events.first?.at == .zero + .milliseconds(190))
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func survivesLoss(seed: UInt64) {
        var network = ICENetwork.againstLite(
            LinkConditions(delay: .milliseconds(40), jitter: .milliseconds(20), loss: .random(0.3)), seed: seed)
        network.answer()
        network.run(for: .seconds(8))
        #expect(network.events.first?.event == .selected(path))
        #expect(network.lite?.selectedEndpoint == ICENetwork.client)
    }

    @Test func failsWhenNothingAnswers() {
        var network = ICENetwork.againstLite(LinkConditions(rate: 0))
        network.answer()
        network.run(for: .seconds(20))
        #expect(network.events.map(\.event) == [.failed])
        // 200 + 400 + 800 + 4 * 1600 ms.
        #expect(network.events.first?.at == .zero + .milliseconds(7800))
        #expect(network.sent.count == ICEAgent.maximumTransmissions)
        #expect(network.agent.path == nil)
    }

    @Test func learnsItsAddressBehindANAT() {
        let seen = SocketEndpoint(ipv4: 0xcb00_7109, port: 61_000)
        var network = ICENetwork.againstLite()
        network.translations = [ICENetwork.client: seen]
        network.answer()
        network.run(for: .seconds(1))
        #expect(network.agent.mappedAddress == seen)
        #expect(network.agent.path == path)
        #expect(network.lite?.selectedEndpoint == seen)
    }

    @Test func skipsCandidatesOfNoUse() {
        var network = ICENetwork.againstLite()
        let tcp = Candidate(host: ICENetwork.server, transport: .tcp)
        let six = Candidate(host: SocketEndpoint(ipv6High: 1, low: 2, port: 3))
        var named = Candidate(host: ICENetwork.server)
        named.address = "5a1.local"
        network.answer([tcp, six, named])
        network.run(for: .seconds(1))
        #expect(network.sent.isEmpty)
    }

    @Test func bringsNoMorePairsThanAllowed() {
        var network = ICENetwork.againstLite(LinkConditions(rate: 0))
        network.answer((1...300).map { Candidate(host: SocketEndpoint(ipv4: 1, port: $0)) })
        network.run(for: .seconds(60))
        #expect(Set(network.sent.map(\.path)).count == ICEAgent.maximumPairs)
    }
}

@Suite struct ICEConsentTests {
    let path = ICEAgent.Path(local: ICENetwork.client, remote: ICENetwork.server)

    func connected(seed: UInt64 = 3) -> ICENetwork {
        var network = ICENetwork.againstLite(seed: seed)
        network.answer()
        network.run(for: .milliseconds(100))
        return network
    }

    @Test func keepsConsentFresh() {
        var network = connected()
        let before = network.sent.count
        network.run(for: .seconds(120))
        let checks = network.sent.count - before
        #expect((42...60).contains(checks))
        #expect(network.events.map(\.event) == [.selected(path)])
        #expect(network.lite?.isAlive(network.now) == true)
    }

    @Test func noticesThatThePathIsDeadAndBack() {
        var network = connected()
        network.up.change(to: LinkConditions(rate: 0, queueLimit: .bytes(0)), at: network.now)
        network.run(for: .seconds(10))
        #expect(network.events.map(\.event) == [.selected(path), .disconnected])
        #expect(network.agent.path == path)
        network.up.change(to: LinkConditions(delay: .milliseconds(10)), at: network.now)
        network.run(for: .seconds(2))
        #expect(network.events.map(\.event) == [.selected(path), .disconnected, .reconnected])
        network.run(for: .seconds(60))
        #expect(network.events.count == 3)
    }

    @Test func stopsWithoutConsent() throws {
        var network = connected()
        network.down.change(to: LinkConditions(rate: 0, queueLimit: .bytes(0)), at: network.now)
        network.run(for: .seconds(60))
        #expect(network.events.map(\.event) == [.selected(path), .disconnected, .consentExpired, .failed])
        #expect(network.agent.path == nil)
        let end = try #require(network.events.last?.at)
        #expect(network.sent.allSatisfy { $0.at <= end })
        #expect(network.agent.deadline == nil)
    }

    @Test func restartsWithoutAGap() throws {
        var network = connected()
        let ours = ICECredentials(ufrag: "newOurs", password: "another-password-of-ours-1")
        let theirs = ICECredentials(ufrag: "newTheirs", password: "another-password-of-theirs")
        network.agent.restart(local: ours)
        #expect(network.agent.path == path)
        // The answer takes its time; consent to the old pair is kept meanwhile.
        network.run(for: .seconds(40))
        #expect(network.agent.path == path)
        #expect(network.events.map(\.event) == [.selected(path)])
        var lite = try #require(network.lite)
        lite.restart(
            localUfrag: theirs.ufrag, localPassword: theirs.password, remoteUfrag: ours.ufrag,
            remotePassword: ours.password)
        network.peer = .lite(lite)
        let moved = SocketEndpoint(ipv4: 0xc633_6409, port: 41_000)
        network.agent.setRemote(theirs, candidates: [Candidate(host: moved)], isLite: true, now: network.now)
        network.run(for: .milliseconds(39))
        #expect(network.agent.path == path)
        network.run(for: .milliseconds(1))
        let new = ICEAgent.Path(local: ICENetwork.client, remote: moved)
        #expect(network.agent.path == new)
        #expect(network.events.map(\.event) == [.selected(path), .selected(new)])
        #expect(network.lite?.localUfrags == ["newTheirs"])
    }

    @Test func keepsTheOldPathWhenARestartFails() {
        var network = connected()
        network.agent.restart(local: ICECredentials(ufrag: "newOurs", password: "another-password-of-ours-1"))
        network.agent.setRemote(
            ICECredentials(ufrag: "wrong", password: "a-password-that-is-not-it-1"),
            candidates: [Candidate(host: ICENetwork.server)], isLite: true, now: network.now)
        network.run(for: .seconds(60))
        #expect(network.events.map(\.event) == [.selected(path), .failed])
        #expect(network.agent.path == path)
    }

    @Test func movesToAnotherAddressByARestart() throws {
        var network = connected()
        let mobile = SocketEndpoint(ipv4: 0xcb00_7155, port: 7000)
        network.agent.removeLocal(ICENetwork.client)
        #expect(network.agent.path == nil)
        network.agent.addLocal(mobile)
        let ours = ICECredentials(ufrag: "newOurs", password: "another-password-of-ours-1")
        network.agent.restart(local: ours)
        var lite = try #require(network.lite)
        lite.restart(
            localUfrag: "theirs", localPassword: ICENetwork.theirs.password, remoteUfrag: ours.ufrag,
            remotePassword: ours.password)
        network.peer = .lite(lite)
        network.answer()
        network.run(for: .milliseconds(100))
        #expect(network.agent.path == ICEAgent.Path(local: mobile, remote: ICENetwork.server))
        #expect(network.lite?.selectedEndpoint == mobile)
    }
}
