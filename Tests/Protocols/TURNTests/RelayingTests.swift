import ProtocolCore
import STUN
import Testing

@testable import TURN

@Suite("Relaying")
struct RelayingTests {
    private func send(_ payload: [UInt8], to peer: SocketEndpoint) -> [UInt8] {
        let id = STUNMessage.TransactionID(high: 1, low: 2)
        var builder = STUNMessageBuilder(.indication, .send, transactionID: id)
        builder.add(.xorPeerAddress, XORAddress.write(peer, for: id))
        builder.add(.data, payload)
        return builder.finish(integrityKey: nil)
    }

    private func payload(_ reaction: TURNReaction, of message: [UInt8]) -> [UInt8]? {
        guard case .relay(_, let range, _) = reaction else { return nil }
        return Array(message[range])
    }

    @Test("Send and Data indications, once there is a permission")
    func indications() throws {
        let (stage, relay) = try Stage.allocated()
        let message = send([1, 2, 3], to: Stage.media)
        #expect(stage.give(message) == .dropped(.noPermission))
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media)).error == nil)
        let reaction = stage.give(message)
        guard case .relay(relay.id, _, to: Stage.target) = reaction else {
            Issue.record("\(reaction)")
            return
        }
        #expect(payload(reaction, of: message) == [1, 2, 3])

        let delivery = stage.deliver([9, 8], from: Stage.target, on: relay)
        guard case .message(let bytes, to: Stage.client) = delivery, let reply = Stage.Reply(bytes) else {
            Issue.record("\(delivery)")
            return
        }
        #expect(reply.message.messageClass == .indication)
        #expect(reply.message.method == .data)
        #expect(reply.address(.xorPeerAddress) == Stage.media)
        #expect(reply.attributes[.data].map { Array(bytes[$0]) } == [9, 8])
    }

    @Test("A media port answers under the name by which it was last reached")
    func names() throws {
        let (stage, relay) = try Stage.allocated()
        _ = try stage.ask(.createPermission, Stage.name(Stage.media, Stage.alias))
        for name in [Stage.media, Stage.alias, Stage.media] {
            _ = stage.give(send([1], to: name))
            let delivery = stage.deliver([9], from: Stage.target, on: relay)
            guard case .message(let bytes, _) = delivery else {
                Issue.record("\(delivery)")
                return
            }
            let reply = try #require(Stage.Reply(bytes))
            #expect(reply.address(.xorPeerAddress) == name)
        }
    }

    @Test("Channels both ways")
    func channels() throws {
        let (stage, relay) = try Stage.allocated()
        let number = try #require(ChannelNumber(0x4001))
        #expect(stage.give([0x40, 1, 0, 1, 7]) == .dropped(.noPermission))
        #expect(try stage.ask(.channelBind, Stage.bind(0x4001, Stage.media)).error == nil)
        #expect(stage.give([0x40, 1, 0, 2, 7, 8]) == .relay(relay.id, payload: 4..<6, to: Stage.target))
        // Padding may follow, as on a stream.
        #expect(stage.give([0x40, 1, 0, 1, 7, 0, 0, 0]) == .relay(relay.id, payload: 4..<5, to: Stage.target))
        #expect(stage.give([0x40, 1, 0, 0]) == .relay(relay.id, payload: 4..<4, to: Stage.target))
        let delivery = stage.deliver([1], from: Stage.target, on: relay)
        #expect(delivery == .channelData(number, to: Stage.client))
        // What it does not know, or what is cut, goes nowhere.
        #expect(stage.give([0x40, 2, 0, 1, 7]) == .dropped(.noPermission))
        #expect(stage.give([0x50, 0, 0, 1, 7]) == .dropped(.unreadable))
        for message: [UInt8] in [[0x40], [0x40, 1], [0x40, 1, 0], [0x40, 1, 0, 2, 7]] {
            #expect(stage.give(message) == .dropped(.unreadable))
        }
        let other = TURNClient(Stage.client.endpoint, over: .tls)
        #expect(stage.give([0x40, 1, 0, 1, 7], from: other) == .dropped(.noAllocation))
    }

    @Test("A channel stays with its peer, and a peer with its channel")
    func bindings() throws {
        let (stage, _) = try Stage.allocated()
        #expect(try stage.ask(.channelBind, Stage.bind(0x4001, Stage.media)).error == nil)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4001, Stage.media)).error == nil)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4001, Stage.alias)).error?.code == 400)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4002, Stage.media)).error?.code == 400)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4002, Stage.alias)).error == nil)
        for number: UInt16 in [0x3fff, 0x5000, 0x7fff, 0xffff] {
            #expect(try stage.ask(.channelBind, Stage.bind(number, Stage.media)).error?.code == 400)
        }
        #expect(try stage.ask(.channelBind).error?.code == 400)
        #expect(try stage.ask(.createPermission).error?.code == 400)
        stage.now = stage.now + .seconds(599)
        _ = try stage.ask(.refresh)
        stage.now = stage.now + .seconds(1)
        // Both bindings are over: the numbers are free again.
        #expect(try stage.ask(.channelBind, Stage.bind(0x4001, Stage.alias)).error == nil)
    }

    @Test("A permission lasts 300 seconds, a channel 600")
    func expiry() throws {
        let (stage, relay) = try Stage.allocated()
        _ = try stage.ask(.refresh) { $0.add(.lifetime, [0, 0, 0x0e, 0x10]) }
        _ = try stage.ask(.channelBind, Stage.bind(0x4001, Stage.media))
        let data: [UInt8] = [0x40, 1, 0, 1, 7]
        let passed = TURNReaction.relay(relay.id, payload: 4..<5, to: Stage.target)
        stage.now = stage.now + .seconds(299)
        #expect(stage.give(data) == passed)
        stage.now = stage.now + .seconds(1)
        #expect(stage.give(data) == .dropped(.noPermission))
        #expect(
            stage.deliver([1], from: Stage.target, on: relay)
                == .dropped(.noPermission))
        _ = try stage.ask(.createPermission, Stage.name(Stage.media))
        #expect(stage.give(data) == passed)
        stage.now = stage.now + .seconds(299)
        #expect(stage.give(data) == passed)
        stage.now = stage.now + .seconds(1)
        _ = try stage.ask(.createPermission, Stage.name(Stage.media))
        #expect(stage.give(data) == .dropped(.noPermission), "the channel is over")
        #expect(stage.expire().isEmpty)
        #expect(stage.server.allocations[Stage.client]?.channels.isEmpty == true)
        #expect(stage.server.allocations[Stage.client]?.permissions.count == 1)
    }

    @Test("Only our media ports are reached")
    func policy() throws {
        let (stage, relay) = try Stage.allocated()
        #expect(try stage.ask(.createPermission, Stage.name(Stage.stranger)).error?.code == 403)
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media, Stage.stranger)).error?.code == 403)
        #expect(try stage.ask(.createPermission, Stage.name(Stage.target)).error?.code == 403)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4000, Stage.stranger)).error?.code == 403)
        var otherPort = Stage.media
        otherPort.port = 22
        #expect(try stage.ask(.channelBind, Stage.bind(0x4000, otherPort)).error?.code == 403)
        #expect(stage.give(send([1], to: Stage.media)) == .dropped(.noPermission), "a refused list permits nothing")
        // A permission is for an address; the port is looked at when something is sent.
        #expect(try stage.ask(.createPermission, Stage.name(otherPort)).error == nil)
        #expect(stage.give(send([1], to: otherPort)) == .dropped(.peerForbidden))
        #expect(
            stage.deliver([1], from: Stage.stranger, on: relay)
                == .dropped(.noPermission))
        #expect(
            stage.deliver([1], from: otherPort, on: relay)
                == .dropped(.peerForbidden))
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media6)).error?.code == 443)
    }

    @Test("Ranges open more, but never this machine or its link")
    func ranges() throws {
        let everything = try #require(AddressRange(SocketEndpoint(ipv4: 0, port: 0), prefixLength: 0))
        let (stage, relay) = try Stage.allocated(ranges: [everything])
        #expect(try stage.ask(.createPermission, Stage.name(Stage.stranger)).error == nil)
        let message = send([5], to: Stage.stranger)
        guard case .relay(relay.id, _, to: Stage.stranger) = stage.give(message) else {
            Issue.record("not relayed")
            return
        }
        let delivery = stage.deliver([1], from: Stage.stranger, on: relay)
        guard case .message = delivery else {
            Issue.record("\(delivery)")
            return
        }
        for address: UInt32 in [0x7f00_0001, 0x7fff_0001, 0xa9fe_a9fe, 0, 0xe000_0001, 0xffff_ffff] {
            let peer = SocketEndpoint(ipv4: address, port: 80)
            #expect(try stage.ask(.createPermission, Stage.name(peer)).error?.code == 403, "\(peer)")
        }
    }

    @Test("Addresses in ranges")
    func addressRanges() throws {
        let range = try #require(AddressRange(SocketEndpoint(ipv4: 0xcb00_7100, port: 0), prefixLength: 24))
        #expect(range.contains(Stage.media))
        #expect(!range.contains(Stage.stranger))
        #expect(!range.contains(Stage.media6))
        let wide = try #require(
            AddressRange(SocketEndpoint(ipv6High: 0x2001_0db8 << 32, low: 0, port: 0), prefixLength: 32))
        #expect(wide.contains(Stage.media6))
        let narrow = try #require(AddressRange(Stage.media6, prefixLength: 127))
        #expect(narrow.contains(SocketEndpoint(ipv6High: 0x2001_0db8 << 32, low: 6, port: 1)))
        #expect(!narrow.contains(SocketEndpoint(ipv6High: 0x2001_0db8 << 32, low: 8, port: 1)))
        #expect(AddressRange(Stage.media, prefixLength: 33) == nil)
        let policy = TURNPeerPolicy(
            mediaPorts: [:],
            ranges: [try #require(AddressRange(SocketEndpoint(ipv6High: 0, low: 0, port: 0), prefixLength: 0))])
        for (high, low): (UInt64, UInt64) in [
            (0, 1), (0, 0), (0, 0xffff_7f00_0001), (0xfe80 << 48, 1), (0xff02 << 48, 1),
            (0x0064_ff9b << 32, 0x7f00_0001),
            (0x2002_7f00 << 32, 1),
        ] {
            #expect(policy.target(of: SocketEndpoint(ipv6High: high, low: low, port: 80)) == nil)
        }
        #expect(policy.target(of: Stage.media6) == Stage.media6)
    }

    @Test("An allocation holds a bounded number of peers")
    func limits() throws {
        let range = try #require(AddressRange(SocketEndpoint(ipv4: 0xc633_0000, port: 0), prefixLength: 16))
        let (stage, _) = try Stage.allocated(ranges: [range])
        for index in 0..<128 {
            let peer = SocketEndpoint(ipv4: 0xc633_0000 + UInt32(index), port: 1)
            let number = 0x4000 + UInt16(index)
            #expect(try stage.ask(.channelBind, Stage.bind(number, peer)).error == nil)
        }
        let oneMore = SocketEndpoint(ipv4: 0xc633_0100, port: 1)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4100, oneMore)).error?.code == 508)
        #expect(try stage.ask(.createPermission, Stage.name(oneMore)).error?.code == 508)
    }

    @Test("Credentials are those that other servers of the scheme make")
    func scheme() {
        let credentials = TURNCredentials(user: "ada", expiringAt: 1_700_000_000, secret: Array("secret".utf8))
        #expect(credentials.username == "1700000000:ada")
        #expect(credentials.password == "lV8v9c9TsajfLXLkZIc5nnmtEng=")
    }

    @Test("A flood of random bytes never harms")
    func randomBytes() throws {
        let (stage, relay) = try Stage.allocated()
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0..<64, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if bytes.count >= 8, Bool.random(using: &generator) {
                bytes.replaceSubrange(
                    0..<8,
                    with: [
                        0, [0, 1][bytes.count % 2], 0, UInt8(truncatingIfNeeded: bytes.count - 20 & 0xfc), 0x21, 0x12,
                        0xa4, 0x42,
                    ])
            }
            _ = stage.give(bytes)
            _ = stage.deliver(bytes, from: Stage.target, on: relay)
        }
        #expect(stage.server.allocationCount == 1)
    }
}
