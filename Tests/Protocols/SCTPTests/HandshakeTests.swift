import NetworkEmulation
import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: handshake")
struct HandshakeTests {
    @Test(arguments: [[Pair.End.left], [.right], [.left, .right]])
    func establishes(initiators: [Pair.End]) throws {
        let pair = Pair()
        pair.connect(initiators)
        #expect(pair.bothEstablished)
        #expect(pair.now <= .zero + .milliseconds(80))
        try pair.send([1, 2, 3])
        try pair.send([4, 5], from: .right)
        pair.run(for: .seconds(1))
        #expect(pair.events(at: .left) == [.established])
        #expect(pair.events(at: .right) == [.established])
        #expect(pair.messages(at: .right).map(\.bytes) == [[1, 2, 3]])
        #expect(pair.messages(at: .left).map(\.bytes) == [[4, 5]])
    }

    /// The peer's INIT arrives while our own is under way, at every stage (RFC 9260 §5.2.1).
    @Test(arguments: 0..<12)
    func bothBeginAtDifferentTimes(step: Int) throws {
        let pair = Pair()
        pair[.left].connect(now: pair.now)
        pair.run(for: .milliseconds(10 * step))
        pair[.right].connect(now: pair.now)
        try pair.send([1])
        try pair.send([2], from: .right)
        pair.run(for: .seconds(5))
        #expect(pair.bothEstablished)
        #expect(pair.events(at: .left) == [.established])
        #expect(pair.events(at: .right) == [.established])
        #expect(pair.messages(at: .left).map(\.bytes) == [[2]])
        #expect(pair.messages(at: .right).map(\.bytes) == [[1]])
    }

    @Test(arguments: [[Pair.End.left], [.left, .right]], 0..<8)
    func anyLostPacketIsRepeated(initiators: [Pair.End], lost: Int) throws {
        let pair = Pair()
        var count = 0
        pair.change = { _, _, packet in
            defer { count += 1 }
            return count == lost ? [] : [packet]
        }
        for end in initiators { pair[end].connect(now: pair.now) }
        try pair.send([7])
        pair.run(for: .seconds(8))
        #expect(pair.bothEstablished)
        #expect(pair.messages(at: .right).map(\.bytes) == [[7]])
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func aThirdOfAllPacketsLost(seed: UInt64) throws {
        let pair = Pair(LinkConditions(delay: .milliseconds(20), loss: .random(0.33)), seed: seed)
        pair[.left].connect(now: pair.now)
        if seed.isMultiple(of: 2) { pair[.right].connect(now: pair.now) }
        try pair.send([7])
        pair.run(for: .seconds(100)) { !$0.messages(at: .right).isEmpty }
        #expect(pair.messages(at: .right).map(\.bytes) == [[7]])
    }

    @Test func everyPacketTwiceDoesNoHarm() throws {
        let pair = Pair()
        pair.change = { _, _, packet in [packet, packet] }
        pair.connect([.left, .right])
        try pair.send([7])
        pair.run(for: .seconds(2))
        #expect(pair.bothEstablished)
        #expect(pair.messages(at: .right).map(\.bytes) == [[7]])
    }

    @Test func silenceEndsIt() {
        let pair = Pair()
        pair.change = { _, _, _ in [] }
        pair[.left].connect(now: pair.now)
        pair.run()
        #expect(pair.events(at: .left) == [.closed(.handshakeTimedOut)])
        #expect(pair.packetCounts[0] == 9, "once, and eight times again")
        #expect(pair[.left].deadline == nil)
    }

    @Test func aCookieThatWeDidNotMakeIsNotTaken() {
        let pair = Pair()
        pair.change = { end, _, packet in
            guard end == .left, packet[12] == ChunkType.cookieEcho.rawValue else { return [packet] }
            var packet = packet
            packet[20] ^= 1
            PacketWriter.finish(&packet)
            return [packet]
        }
        pair[.left].connect(now: pair.now)
        pair.run(for: .seconds(3))
        #expect(!pair[.right].isEstablished)
        #expect(pair[.right].counters.invalidCookies > 0)
    }

    @Test func anOldCookieIsRefusedAndTheHandshakeBeginsAgain() {
        let pair = Pair(configure: { _, configuration in configuration.timing.cookieLifetime = .milliseconds(500) })
        var count = 0
        pair.change = { end, _, packet in
            guard end == .left, packet[12] == ChunkType.cookieEcho.rawValue else { return [packet] }
            count += 1
            return count == 1 ? [] : [packet]
        }
        pair[.left].connect(now: pair.now)
        pair.run(for: .seconds(5)) { $0.bothEstablished }
        #expect(pair.bothEstablished)
        #expect(pair[.right].counters.invalidCookies == 1)
    }

    @Test func aRestartIsRefused() throws {
        let pair = Pair()
        pair.connect()
        var stranger = SCTPAssociation(SCTPConfiguration(seed: 99))
        stranger.connect(now: pair.now)
        var packet: [UInt8] = []
        try #require(stranger.nextControlPacket(now: pair.now, into: &packet))
        pair[.right].receive(packet.span.bytes, now: pair.now)
        #expect(pair[.right].isEstablished)
        try #require(pair[.right].nextControlPacket(now: pair.now, into: &packet))
        #expect(packet[12] == ChunkType.abort.rawValue)
        stranger.receive(packet.span.bytes, now: pair.now)
        #expect(stranger.poll() == .closed(.abortedByPeer(cause: 13)))
    }

    @Test func streamsAreWhatBothHave() throws {
        let pair = Pair(configure: { end, configuration in
            if end == .right { configuration.incomingStreams = 4 }
        })
        try pair.send([1], stream: 3)
        try pair.send([2], stream: 4)
        pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair[.left].outgoingStreamLimit == 4)
        #expect(pair.messages(at: .right).map(\.bytes) == [[1]])
        #expect(throws: SCTPError.noSuchStream) { try pair.send([3], stream: 4) }
    }
}
