import Logging
import NIOCore
import NIOPosix
import ProtocolCore
import STUN
import TURN
import Testing

@testable import Relay

@Suite("The TURN server on real sockets")
struct TURNRelayTests {
    /// As which address clients know the media port of the tests.
    static let publicAddress: UInt32 = 0xcb00_7107

    /// A server that relays to one UDP socket only, known as `publicAddress`.
    static func withRelay(
        limits: RelayLimits = RelayLimits().patient,
        _ body: (TURNRelay, _ media: DatagramPipe, _ peer: SocketEndpoint, RelayMetering) async throws -> Void
    ) async throws {
        let media = try await DatagramPipe(to: nil)
        let peer = SocketEndpoint(ipv4: publicAddress, port: media.port)
        var configuration = TURNConfiguration(
            listen: .loopback(port: 0), realm: "example.com", secret: TURNTestClient<DatagramPipe>.secret,
            policy: TURNPeerPolicy(mediaPorts: [peer: .loopback(port: media.port)]))
        configuration.relayIPv4 = .init(
            bind: .loopback(port: 0), advertised: SocketEndpoint(ipv4: publicAddress, port: 0))
        configuration.limits = limits
        let metering = RelayMetering()
        let relay = try await TURNRelay(
            configuration, meter: metering, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await body(relay, media, peer, metering)
        await relay.close()
        try await media.channel.close()
    }

    /// Gets an allocation, binds a channel, and sends a packet there and back.
    private func exchange<Pipe: PacketPipe>(
        _ pipe: Pipe, _ media: DatagramPipe, _ peer: SocketEndpoint
    ) async throws {
        var media = media
        var client = TURNTestClient(pipe)
        let allocated = try await client.allocate()
        #expect(allocated.message.messageClass == .successResponse)
        let address = allocated.attributes.address(.xorRelayedAddress, in: allocated.bytes.span.bytes)
        let relayed = try #require(address)
        #expect(relayed.address == "203.0.113.7")
        #expect(try await client.bind(0x4000, to: peer).message.messageClass == .successResponse)
        for payload: [UInt8] in [[1], [1, 2, 3, 4], [UInt8](repeating: 7, count: 1_200)] {
            try await client.send(payload, on: 0x4000)
            let (packet, source) = try await media.receiveWithSource()
            #expect(packet == payload)
            #expect(source.port == Int(relayed.port))
            try await media.send(payload + [9], to: source)
            let answer = try await client.pipe.receive()
            #expect(
                Array(answer.prefix(4)) == [0x40, 0, UInt8((payload.count + 1) >> 8), UInt8((payload.count + 1) & 255)])
            #expect(Array(answer.dropFirst(4)) == payload + [9])
        }
    }

    @Test("Over UDP")
    func udp() async throws {
        try await Self.withRelay { relay, media, peer, metering in
            let address = SocketAddress(.loopback(port: relay.port))
            try await exchange(try await DatagramPipe(to: address), media, peer)
            let counters = metering.counters
            #expect(counters.allocations == 1)
            #expect(counters.packetsToPeers == 3)
            #expect(counters.bytesToPeers == 1_205)
            #expect(counters.packetsToClients == 3)
            #expect(counters.bytesToClients == 1_208)
        }
    }

    @Test("Over TCP; with the connection the allocation ends")
    func tcp() async throws {
        try await Self.withRelay { relay, media, peer, metering in
            let pipe = try await StreamPipe(port: Int(relay.port), .turn)
            try await exchange(pipe, media, peer)
            #expect(metering.counters.allocations == 1)
            #expect(metering.counters.streamConnections == 1)
            try await pipe.channel.close()
            while metering.counters.streamConnections > 0 { await Task.yield() }
            #expect(metering.counters.allocations == 0)
        }
    }

    private static func hasIPv6() async -> Bool {
        let bootstrap = DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        guard let channel = try? await bootstrap.bind(host: "::1", port: 0).get() else { return false }
        try? await channel.close()
        return true
    }

    @Test("Relayed addresses of IPv6", .enabled("this machine has no IPv6") { await hasIPv6() })
    func ipv6() async throws {
        let media = SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 7, port: 40_000)
        let loopback = SocketEndpoint(ipv6High: 0, low: 1, port: 40_000)
        var configuration = TURNConfiguration(
            listen: .loopback(port: 0), realm: "example.com", secret: TURNTestClient<DatagramPipe>.secret,
            policy: TURNPeerPolicy(mediaPorts: [media: loopback]))
        configuration.relayIPv6 = .init(bind: loopback, advertised: media)
        let relay = try await TURNRelay(
            configuration, meter: RelayMetering(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var client = TURNTestClient(try await DatagramPipe(to: SocketAddress(.loopback(port: relay.port))))
        #expect(try await client.allocate().message.error?.code == 440)
        let allocated = try await client.allocate(family: 2)
        let address = allocated.attributes.address(.xorRelayedAddress, in: allocated.bytes.span.bytes)
        #expect(address?.isIPv6 == true)
        #expect(address?.low == 7)
        #expect(address?.port != 0)
        await relay.close()
    }

    @Test("A user has a share, and gets it back")
    func quota() async throws {
        var limits = RelayLimits().patient
        limits.allocationsPerUser = 1
        try await Self.withRelay(limits: limits) { relay, _, _, metering in
            let address = SocketAddress(.loopback(port: relay.port))
            var first = TURNTestClient(try await DatagramPipe(to: address))
            #expect(try await first.allocate().message.messageClass == .successResponse)
            var second = TURNTestClient(try await DatagramPipe(to: address))
            #expect(try await second.allocate().message.error?.code == 486)
            var other = TURNTestClient(try await DatagramPipe(to: address), user: "eve")
            #expect(try await other.allocate().message.messageClass == .successResponse)
            let ended = try await first.ask(.refresh) { builder, _ in builder.add(.lifetime, [0, 0, 0, 0]) }
            #expect(ended.message.messageClass == .successResponse)
            #expect(try await second.allocate().message.messageClass == .successResponse)
            #expect(metering.counters.refusedRequests == [486: 1])
            #expect(metering.counters.allocations == 2)
        }
    }

    @Test("A connection that speaks something else is closed")
    func otherProtocol() async throws {
        try await Self.withRelay { relay, _, _, metering in
            var pipe = try await StreamPipe(port: Int(relay.port), .turn)
            try await pipe.sendRaw(Array("GET / HTTP/1.1\r\n\r\n".utf8))
            await #expect(throws: PipeClosed.self) { try await pipe.receive() }
            #expect(metering.counters.refusedPackets == 1)
        }
    }

    @Test("An address has a share of the connections")
    func connections() async throws {
        var limits = RelayLimits().patient
        limits.connectionsPerAddress = 1
        try await Self.withRelay(limits: limits) { relay, _, _, metering in
            var first = TURNTestClient(try await StreamPipe(port: Int(relay.port), .turn))
            #expect(try await first.allocate().message.messageClass == .successResponse)
            var second = TURNTestClient(try await StreamPipe(port: Int(relay.port), .turn), user: "eve")
            await #expect(throws: PipeClosed.self) {
                _ = try await second.greet()
                while true { _ = try await second.pipe.receive() }
            }
            #expect(metering.counters.refusedConnections == 1)
            #expect(metering.counters.limitHits["turn.connectionsPerAddress"] == 1)
            #expect(try await first.greet().message.messageClass == .successResponse)
        }
    }

    @Test("A user has a share of the connections")
    func connectionsOfUser() async throws {
        var limits = RelayLimits().patient
        limits.allocationsPerUser = 1
        try await Self.withRelay(limits: limits) { relay, _, _, metering in
            var clients: [TURNTestClient<StreamPipe>] = []
            for _ in 0..<3 { clients.append(TURNTestClient(try await StreamPipe(port: Int(relay.port), .turn))) }
            for index in 0..<2 { #expect(try await clients[index].greet().message.messageClass == .successResponse) }
            await #expect(throws: PipeClosed.self) {
                _ = try await clients[2].greet()
                while true { _ = try await clients[2].pipe.receive() }
            }
            #expect(metering.counters.limitHits["turn.connectionsPerUser"] == 1)
        }
    }

    @Test("All users together have a share")
    func allocations() async throws {
        var limits = RelayLimits().patient
        limits.allocations = 1
        try await Self.withRelay(limits: limits) { relay, _, _, metering in
            let address = SocketAddress(.loopback(port: relay.port))
            var first = TURNTestClient(try await DatagramPipe(to: address))
            #expect(try await first.allocate().message.messageClass == .successResponse)
            var second = TURNTestClient(try await DatagramPipe(to: address), user: "eve")
            #expect(try await second.allocate().message.error?.code == 508)
            #expect(metering.counters.limitHits["turn.allocations"] == 1)
        }
    }

    @Test("Connections without credentials keep nobody out")
    func occupied() async throws {
        var limits = RelayLimits().patient
        limits.unprovedConnections = 4
        limits.connections = 1
        try await Self.withRelay(limits: limits) { relay, media, peer, metering in
            var idle: [StreamPipe] = []
            for _ in 0..<8 {
                idle.append(try await StreamPipe(port: Int(relay.port), .turn))
                try await idle[idle.count - 1].sendRaw([0])
            }
            try await exchange(try await StreamPipe(port: Int(relay.port), .turn), media, peer)
            await #expect(throws: PipeClosed.self) { try await idle[0].receive() }
            #expect((metering.counters.limitHits["turn.unprovedConnections"] ?? 0) >= 4)
        }
    }

    /// What anybody can send, whoever he is.
    enum Chatter: CaseIterable {
        case strayByte
        case bindingRequest
        case requestWithoutCredentials
        case wrongCredentials
        case channelData

        var bytes: [UInt8] {
            let id = STUNMessage.TransactionID(high: 1, low: 1)
            switch self {
            case .strayByte: return [0]
            case .bindingRequest: return STUNMessageBuilder(.request, transactionID: id).finish(integrityKey: nil)
            case .requestWithoutCredentials:
                return STUNMessageBuilder(.request, .allocate, transactionID: id).finish(integrityKey: nil)
            case .wrongCredentials:
                var builder = STUNMessageBuilder(.request, .allocate, transactionID: id)
                builder.add(username: "1:ada")
                builder.add(.realm, Array("example.com".utf8))
                builder.add(.nonce, Array("nonce".utf8))
                return builder.finish(integrityKey: [1])
            case .channelData: return [0x40, 0, 0, 0]
            }
        }
    }

    @Test("What proves nothing does not keep a connection", arguments: Chatter.allCases)
    func chatter(_ chatter: Chatter) async throws {
        var limits = RelayLimits()
        limits.proofTimeout = .milliseconds(200)
        try await Self.withRelay(limits: limits) { relay, _, _, metering in
            let pipe = try await StreamPipe(port: Int(relay.port), .turn)
            for _ in 0..<500 where pipe.channel.isActive {
                // A stray byte must not complete a message that ends the connection by itself.
                try? await pipe.sendRaw(chatter.bytes)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!pipe.channel.isActive)
            #expect(metering.counters.limitHits["turn.proofTime"] == 1)
        }
    }

    @Test("A message that is too long ends the connection")
    func longMessage() async throws {
        try await Self.withRelay { relay, _, _, metering in
            var pipe = try await StreamPipe(port: Int(relay.port), .turn)
            try await pipe.sendRaw([0, 1, 0x20, 0])
            await #expect(throws: PipeClosed.self) { try await pipe.receive() }
            #expect(metering.counters.limitHits["turn.messageBytes"] == 1)
        }
    }
}

@Suite("Quotas")
struct QuotaTests {
    @Test func takesAndGivesBack() {
        let quota = Quota<String>(each: 2, all: 3)
        #expect(quota.take("a") == .taken)
        #expect(quota.take("a") == .taken)
        #expect(quota.take("a") == .nameIsFull)
        #expect(quota.take("b") == .taken)
        #expect(quota.take("c") == .everythingIsFull)
        quota.giveBack("a")
        quota.giveBack("nobody")
        #expect(quota.take("c") == .taken)
        #expect(quota.take("b") == .everythingIsFull)
    }
}

@Suite("Addresses")
struct SocketAddressTests {
    @Test func everyFormSurvives() throws {
        let endpoints = [
            SocketEndpoint(ipv4: 0xc000_0201, port: 1), SocketEndpoint(ipv4: 0xffff_ffff, port: 65_535),
            SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 7, port: 443),
        ]
        for endpoint in endpoints {
            #expect(SocketAddress(endpoint).endpoint == endpoint)
            #expect(SocketAddress(endpoint, onIPv6Socket: true).endpoint == endpoint)
            #expect(SocketAddress(endpoint).port == Int(endpoint.port))
        }
        #expect(SocketAddress(endpoints[0]).ipAddress == "192.0.2.1")
        #expect(SocketAddress(endpoints[0], onIPv6Socket: true).ipAddress == "::ffff:192.0.2.1")
        #expect(SocketAddress(endpoints[2]).ipAddress == "2001:db8::7")
    }
}
