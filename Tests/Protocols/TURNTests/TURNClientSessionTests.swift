import ProtocolCore
import STUN
import Testing

@testable import TURN

/// The client against the server of this room.
@Suite("TURN client")
struct TURNClientSessionTests {
    private func allocated(
        over transport: TURNClient.Transport = .udp, loss: Double = 0, seed: UInt64 = 1,
        configuration: TURNServer.Configuration = Stage.configuration(ranges: [])
    ) -> ClientStage {
        var stage = ClientStage(over: transport, loss: loss, seed: seed, configuration: configuration)
        stage.start()
        stage.run(for: .seconds(5))
        return stage
    }

    @Test("Gets a relayed address after one challenge", arguments: TURNClient.Transport.allCases)
    func allocates(transport: TURNClient.Transport) {
        let stage = allocated(over: transport)
        #expect(stage.events == [.allocated(relayed: Stage.relayed, mapped: ClientStage.address)])
        #expect(stage.client.isAllocated)
        #expect(stage.sent == [0x0003, 0x0003])
        #expect(stage.openRelays.count == 1)
    }

    @Test("Packets wait for the permission and then go both ways", arguments: TURNClient.Transport.allCases)
    func sends(transport: TURNClient.Transport) {
        var stage = allocated(over: transport)
        stage.send([1, 2, 3])
        stage.send([4])
        #expect(stage.relayed.isEmpty)
        stage.run(for: .seconds(1))
        #expect(stage.relayed.map(\.payload) == [[1, 2, 3], [4]])
        #expect(stage.relayed.allSatisfy { $0.target == Stage.target })
        stage.send([5, 6])
        stage.deliver([9, 8, 7])
        stage.run(for: .seconds(1))
        #expect(stage.relayed.last?.payload == [5, 6])
        #expect(stage.received.map(\.payload) == [[9, 8, 7]])
        #expect(stage.received.first?.peer == Stage.media)
    }

    @Test("A channel carries packets of any length both ways", arguments: TURNClient.Transport.allCases)
    func binds(transport: TURNClient.Transport) {
        var stage = allocated(over: transport)
        stage.send([1])
        stage.run(for: .seconds(1))
        stage.bind()
        stage.run(for: .seconds(1))
        for count in 1...9 {
            stage.send(Array(repeating: UInt8(count), count: count))
            #expect(stage.sent.last == 0x4000)
        }
        stage.deliver([7, 7, 7])
        stage.run(for: .seconds(1))
        #expect(stage.relayed.dropFirst().map(\.payload.count) == Array(1...9))
        #expect(stage.received.map(\.payload) == [[7, 7, 7]])
        #expect(stage.received.first?.peer == Stage.media)
    }

    @Test("A channel can be asked for before anything was sent")
    func bindsFirst() {
        var stage = allocated()
        stage.bind()
        stage.send([3])
        stage.run(for: .seconds(1))
        #expect(stage.relayed.map(\.payload) == [[3]])
    }

    @Test("Lost packets cost time and nothing else", arguments: 1...20 as ClosedRange<UInt64>)
    func survivesLoss(seed: UInt64) {
        var stage = allocated(loss: 0.2, seed: seed)
        stage.run(for: .seconds(20))
        #expect(stage.client.isAllocated)
        stage.send([1])
        stage.run(for: .seconds(20))
        #expect(!stage.events.contains { if case .peerRefused = $0 { true } else { false } })
        #expect(stage.openRelays.count == 1)
    }

    @Test("An hour: allocation, permission and channel are kept, and the nonce is renewed")
    func keeps() {
        var configuration = Stage.configuration(ranges: [])
        configuration.nonceLifetime = .seconds(700)
        var stage = allocated(configuration: configuration)
        stage.send([1])
        stage.bind()
        for minute in 1...60 {
            stage.run(for: .seconds(60))
            stage.send([UInt8(minute)])
            stage.run(for: .seconds(1))
            #expect(stage.relayed.last?.payload == [UInt8(minute)])
        }
        #expect(stage.client.isAllocated)
        #expect(stage.closedRelays.isEmpty)
        #expect((stage.server.refusals[438] ?? 0) > 0)
        #expect(stage.events.count == 1)
    }

    @Test("A permission without a channel is kept too")
    func keepsPermission() {
        var stage = allocated()
        stage.send([1])
        stage.run(for: .seconds(900))
        stage.send([2])
        stage.run(for: .seconds(1))
        #expect(stage.relayed.map(\.payload) == [[1], [2]])
    }

    @Test("Wrong credentials are given up at once")
    func unauthorized() {
        var stage = ClientStage(password: "wrong")
        stage.start()
        stage.run(for: .seconds(1))
        #expect(stage.events == [.failed(.unauthorized)])
        #expect(stage.sent.count == 2)
        #expect(stage.client.deadline == nil)
    }

    @Test("A full quota is told as such, and lack of sockets with its code")
    func quota() {
        var stage = ClientStage()
        stage.relayFailure = .quotaReached
        stage.start()
        stage.run(for: .seconds(1))
        #expect(stage.events == [.failed(.quotaReached)])

        stage = ClientStage()
        stage.relayFailure = .insufficientCapacity
        stage.start()
        stage.run(for: .seconds(1))
        #expect(stage.events == [.failed(.refused(code: 508, reason: "No capacity"))])
    }

    @Test("A peer that may not be reached is refused by itself")
    func forbiddenPeer() {
        var stage = allocated()
        stage.send([1], to: Stage.stranger)
        stage.run(for: .seconds(1))
        guard case .peerRefused(Stage.stranger, .refused(code: 403, _)) = stage.events.last else {
            Issue.record("\(stage.events)")
            return
        }
        stage.send([2], to: Stage.stranger)
        stage.send([3])
        stage.run(for: .seconds(1))
        #expect(stage.relayed.map(\.payload) == [[3]])
    }

    @Test("A server that does not answer is given up", arguments: TURNClient.Transport.allCases)
    func silence(transport: TURNClient.Transport) {
        var stage = ClientStage(over: transport)
        stage.isDeaf = true
        stage.start()
        stage.run(for: .seconds(7))
        #expect(stage.events.isEmpty)
        stage.run(for: .seconds(5))
        #expect(stage.events == [.failed(.timedOut)])
        #expect(stage.sent.count == (transport == .udp ? TURNClientSession.maximumTransmissions : 1))
    }

    @Test("A server that has forgotten us is noticed by the refresh")
    func lostAllocation() {
        var stage = allocated()
        _ = stage.server.clientLeft(TURNClient(ClientStage.address, over: .udp))
        stage.run(for: .seconds(600))
        #expect(stage.events.last == .failed(.allocationLost))
        #expect(!stage.client.isAllocated)
    }

    @Test("Closing gives the relay back")
    func closes() {
        var stage = allocated()
        stage.close()
        stage.run(for: .seconds(1))
        #expect(stage.closedRelays == stage.openRelays)
        #expect(stage.client.deadline == nil)
        stage.send([1])
        stage.run(for: .seconds(1))
        #expect(stage.relayed.isEmpty)
    }

    @Test("Where there are no IPv4 relays, an IPv6 one is asked for")
    func family() {
        var configuration = Stage.configuration(ranges: [])
        configuration.offersIPv4 = false
        configuration.offersIPv6 = true
        let stage = allocated(configuration: configuration)
        #expect(stage.client.isAllocated)
        #expect(stage.openRelays.map(\.isIPv6) == [true])
    }

    // MARK: Hostile servers

    /// The client's answer to a challenge that never ends.
    @Test("Endless fresh nonces end the attempt")
    func endlessNonces() throws {
        var client = TURNClientSession(username: "u", password: "p", over: .udp, seed: 1)
        client.start(now: .zero)
        var events: [TURNClientSession.Event] = []
        var rounds = 0
        while let output = client.poll() {
            switch output {
            case .event(let event): events.append(event)
            case .transmit(let bytes):
                rounds += 1
                let request = try STUNMessage(parsing: bytes.span.bytes)
                var builder = STUNMessageBuilder(error: 438, reason: "Stale Nonce", to: request)
                builder.add(.realm, Array("r".utf8))
                builder.add(.nonce, Array("n\(rounds)".utf8))
                _ = client.handle(builder.finish(integrityKey: nil).span.bytes, now: .zero)
            }
        }
        #expect(events == [.failed(.nonceNeverFresh)])
        #expect(rounds == 1 + TURNClientSession.nonceAttempts)
    }

    @Test("A success without integrity, or under another key, is not believed")
    func forgedSuccess() throws {
        var client = TURNClientSession(username: "u", password: "p", over: .udp, seed: 1)
        client.start(now: .zero)
        for key in [nil, Array("forged".utf8)] {
            guard case .transmit(let bytes)? = client.poll() else { break }
            let request = try STUNMessage(parsing: bytes.span.bytes)
            var builder = STUNMessageBuilder(successTo: request)
            builder.add(.xorRelayedAddress, XORAddress.write(Stage.relayed, for: request.transactionID))
            _ = client.handle(builder.finish(integrityKey: key).span.bytes, now: .zero)
            #expect(!client.isAllocated)
            #expect(client.poll() == nil)
            client.advance(now: .zero + TURNClientSession.initialTimeout)
        }
    }

    @Test("Data of strangers and of channels that are not bound is passed over")
    func strangeData() {
        var stage = allocated()
        let id = STUNMessage.TransactionID(high: 1, low: 1)
        var builder = STUNMessageBuilder(.indication, .data, transactionID: id)
        builder.add(.xorPeerAddress, XORAddress.write(Stage.stranger, for: id))
        builder.add(.data, [1])
        for message in [builder.finish(integrityKey: nil), [0x40, 0x00, 0, 1, 9]] {
            let received = stage.client.handle(message.span.bytes, now: stage.now)
            #expect(received == nil)
        }
    }

    @Test("Peers and packets that wait are bounded")
    func bounds() {
        var stage = allocated()
        for port in 0..<UInt16(TURNClientSession.maximumPeers + 5) {
            stage.send([1], to: SocketEndpoint(ipv4: 0xcb00_7107, port: 1_000 + port))
        }
        #expect(stage.client.peers.count == TURNClientSession.maximumPeers)
        var other = allocated()
        for count in 0..<20 { other.send([UInt8(count)]) }
        other.run(for: .seconds(1))
        #expect(other.relayed.map(\.payload) == (12..<20).map { [UInt8($0)] })
    }

    @Test("A message that is cut anywhere does no harm")
    func truncation() throws {
        var messages: [[UInt8]] = [[0x40, 0x00, 0, 3, 1, 2, 3]]
        let id = STUNMessage.TransactionID(high: 1, low: 1)
        var builder = STUNMessageBuilder(.indication, .data, transactionID: id)
        builder.add(.xorPeerAddress, XORAddress.write(Stage.media, for: id))
        builder.add(.data, [1, 2, 3])
        messages.append(builder.finish(integrityKey: nil))
        for message in messages {
            for end in 0..<message.count {
                var stage = allocated()
                stage.send([1])
                stage.bind()
                stage.run(for: .seconds(1))
                let cut = Array(message[..<end])
                let received = stage.client.handle(cut.span.bytes, now: stage.now)
                #expect(received == nil)
            }
        }
    }
}
