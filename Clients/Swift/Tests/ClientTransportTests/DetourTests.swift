import ClientTransport
import DTLS
import ICE
import MediaIO
import ProtocolCore
import RTP
import SDP
import TURN
import Testing

/// Sessions whose packets do not go by UDP, over sockets on loopback.
@Suite struct DetourTests {
    /// How long anything may take: only something broken comes near it.
    static let patience: Duration = .seconds(20)

    final class Ear: MediaSink {
        func receive(_ packet: ReceivedPacket, payload: UnsafeRawBufferPointer) {}
        func tick(now: Instant) -> [Mid] { [] }
        func handle(_ event: ClientSession.Event) {}
    }

    struct Client {
        let loop: TransportLoop
        let id: TransportLoop.SessionID

        init(_ policy: TransportPolicy) async throws {
            loop = try TransportLoop(name: "test")
            let configuration = ClientSession.Configuration(
                identity: try DTLSIdentity.generate(unixTime: 1_700_000_000), ice: .random(), localEndpoints: [],
                seed: 1, canonicalName: "client")
            id = try await loop.open(configuration, policy: policy) { Ear() }
        }

        func negotiate(_ peer: StreamPeer, restartsICE: Bool = false) async throws {
            let lines = ClientLine.usual()
            let offer = try #require(await loop.offer(id, lines, restartsICE: restartsICE))
            let answer = try peer.server.answer(
                offer, purposes: Dictionary(uniqueKeysWithValues: lines.map { ($0.mid, $0.purpose) }))
            try await loop.accept(id, answer)
        }

        func useRelays(of peer: StreamPeer) async throws {
            let server = peer.relayServer
            let uri = try #require(TURNURI(server.url))
            await loop.setRelayServers(
                id, [RelayServer(uri: uri, username: server.username, password: server.password)])
        }

        /// Sends audio until it has had its effect, or time is up.
        func speak(_ peer: StreamPeer, until isHeard: () -> Bool) async {
            let end = MonotonicClock.now() + DetourTests.patience
            var number = 0
            while !isHeard(), MonotonicClock.now() < end {
                await loop.sendAudio(id, [1], on: Mid("0"), mediaTime: .milliseconds(20 * number))
                number += 1
                peer.serve()
            }
        }

        /// Serves the peer until the client is as it should be.
        func wait(
            _ peer: StreamPeer, _ what: Comment, until isTrue: (TransportLoop.Snapshot) -> Bool
        ) async throws {
            let end = MonotonicClock.now() + DetourTests.patience
            while MonotonicClock.now() < end {
                peer.serve()
                if let snapshot = await loop.snapshot(id), isTrue(snapshot) { return }
            }
            Issue.record(what)
        }
    }

    @Test func connectsOverTCP() async throws {
        let peer = try StreamPeer(.media)
        let client = try await Client(.tcp)
        try await client.negotiate(peer)
        try await client.wait(peer, "connected over TCP") { $0.isConnected && $0.route == .tcp }
        #expect(await client.loop.snapshot(client.id)?.remote == peer.endpoint)
        let sent = peer.server.received.count
        for number in 0..<20 {
            await client.loop.sendAudio(client.id, [UInt8(number)], on: Mid("0"), mediaTime: .milliseconds(20 * number))
        }
        try await client.wait(peer, "audio has come") { _ in peer.server.received.count >= sent + 20 }
        #expect(peer.server.received.suffix(20).map(\.payload) == (0..<20).map { [UInt8($0)] })
        await client.loop.stop()
    }

    @Test func opensALostConnectionAgain() async throws {
        let peer = try StreamPeer(.media)
        let client = try await Client(.tcp)
        try await client.negotiate(peer)
        try await client.wait(peer, "connected over TCP") { $0.isConnected }
        peer.hangUp()
        try await client.wait(peer, "another connection") { _ in peer.connectionCount == 2 }
        let sent = peer.server.received.count
        await client.speak(peer) { peer.server.received.count > sent }
        #expect(peer.server.received.count > sent)
        #expect(peer.connectionCount == 2)
        await client.loop.stop()
    }

    @Test func restartsOnAConnectionOfItsOwn() async throws {
        let peer = try StreamPeer(.media)
        let client = try await Client(.tcp)
        try await client.negotiate(peer)
        try await client.wait(peer, "connected over TCP") { $0.isConnected && $0.route == .tcp }
        try await client.negotiate(peer, restartsICE: true)
        try await client.wait(peer, "a second connection is in use") {
            peer.connectionCount == 2 && $0.route == .tcp
        }
        await client.loop.stop()
    }

    @Test func connectsThroughARelay() async throws {
        let peer = try StreamPeer(.turn)
        let client = try await Client(.relay)
        try await client.useRelays(of: peer)
        try await client.negotiate(peer)
        try await client.wait(peer, "connected through the relay") { $0.isConnected && $0.route == .relayedOverTCP }
        let sent = peer.server.received.count
        for number in 0..<20 {
            await client.loop.sendAudio(client.id, [UInt8(number)], on: Mid("0"), mediaTime: .milliseconds(20 * number))
        }
        try await client.wait(peer, "audio has come") { _ in peer.server.received.count >= sent + 20 }
        await client.speak(peer) { peer.channelMessages > 0 }
        #expect(peer.channelMessages > 0)
        await client.loop.stop()
    }

    @Test func tellsWhyThereIsNoRelay() async throws {
        let peer = try StreamPeer(.turn)
        let client = try await Client(.relay)
        let uri = try #require(TURNURI(peer.relayServer.url))
        await client.loop.setRelayServers(client.id, [RelayServer(uri: uri, username: "1000:ada", password: "wrong")])
        try await client.negotiate(peer)
        try await client.wait(peer, "a reason") { $0.relayFailure?.contains("credentials") == true }
        #expect(await client.loop.snapshot(client.id)?.isConnected == false)
        await client.loop.stop()
    }
}
