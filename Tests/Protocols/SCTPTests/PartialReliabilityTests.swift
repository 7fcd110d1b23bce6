import NetworkEmulation
import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: partial reliability")
struct PartialReliabilityTests {
    private static let once = MessageDelivery(reliability: .retransmissions(0))

    @Test(arguments: [true, false])
    func aMessageThatMayNotBeSentAgainIsPassedOver(isOrdered: Bool) throws {
        let pair = Pair()
        pair.connect()
        var isLost = false
        pair.change = { end, _, packet in
            guard end == .left, packet[12] == 0, !isLost else { return [packet] }
            isLost = true
            return []
        }
        let delivery = MessageDelivery(isOrdered: isOrdered, reliability: .retransmissions(0))
        try pair.send([1], delivery: delivery)
        pair.settle()
        for index in 2..<9 as Range<UInt8> {
            try pair.send([index], delivery: delivery)
            pair.settle()
        }
        pair.run(for: .seconds(5))
        #expect(pair.messages(at: .right).map(\.bytes) == (2..<9).map { [$0] })
        #expect(pair[.left].counters.abandonedMessages == 1)
        #expect(pair[.left].bufferedAmount == 0)
    }

    @Test func asManyRetransmissionsAsAllowed() throws {
        let pair = Pair()
        pair.connect()
        var transmissions = 0
        pair.change = { end, _, packet in
            guard end == .left, packet[12] == 0 else { return [packet] }
            transmissions += 1
            return []
        }
        try pair.send([1], delivery: MessageDelivery(reliability: .retransmissions(3)))
        pair.run(for: .seconds(30))
        #expect(transmissions == 4)
        #expect(pair[.left].isEstablished)
        #expect(pair[.left].counters.abandonedMessages == 1)
        pair.change = { _, _, packet in [packet] }
        try pair.send([2])
        pair.run(for: .seconds(5))
        #expect(pair.messages(at: .right).map(\.bytes) == [[2]])
    }

    @Test func whatComesTooLateIsNotSent() throws {
        let pair = Pair()
        let delivery = MessageDelivery(reliability: .lifetime(.milliseconds(50)))
        try pair.send([1], delivery: delivery)
        try pair.send([2])
        pair.run(for: .milliseconds(100))
        pair.connect()
        try pair.send([3], delivery: delivery)
        pair.run(for: .seconds(1))
        #expect(pair.messages(at: .right).map(\.bytes) == [[2], [3]])
        #expect(pair[.left].counters.abandonedMessages == 1)
    }

    /// A large message expires after its first parts have arrived: what is there is dropped, the rest never sent.
    @Test(arguments: [true, false])
    func aMessageExpiresHalfway(isOrdered: Bool) throws {
        let pair = Pair(LinkConditions(rate: 200_000, delay: .milliseconds(50)))
        pair.connect()
        let delivery = MessageDelivery(isOrdered: isOrdered, reliability: .lifetime(.milliseconds(400)))
        try pair.send(pattern(60_000, 1), delivery: delivery)
        try pair.send([2])
        pair.run(for: .seconds(30))
        #expect(pair.messages(at: .right).map(\.bytes) == [[2]])
        #expect(pair[.left].counters.abandonedMessages == 1)
        #expect(pair[.left].bufferedAmount == 0)
        #expect(pair[.right].reassembly.bufferedBytes == 0)
    }

    /// All parts that were sent have arrived when the rest is given up, so only the number of the rest can be passed over.
    @Test func theRestOfAMessageExpiresWhileNothingIsOnTheWay() throws {
        let pair = Pair()
        pair.connect()
        try pair.send(pattern(60_000, 1), delivery: MessageDelivery(reliability: .lifetime(.milliseconds(300))))
        // One flight, then the driver sends nothing for a while.
        var packet: [UInt8] = []
        while pair[.left].nextDataPacket(now: pair.now, into: &packet) {
            pair[.right].receive(packet.span.bytes, now: pair.now)
        }
        while pair[.right].nextControlPacket(now: pair.now, into: &packet) {
            pair[.left].receive(packet.span.bytes, now: pair.now)
        }
        #expect(pair[.left].outstanding.isEmpty)
        #expect(pair[.right].reassembly.bufferedBytes > 0)
        let later = pair.now + .milliseconds(400)
        #expect(!pair[.left].nextDataPacket(now: later, into: &packet))
        try #require(pair[.left].nextControlPacket(now: later, into: &packet))
        pair[.right].receive(packet.span.bytes, now: later)
        #expect(pair[.right].reassembly.bufferedBytes == 0)
        pair.run(for: .milliseconds(500))
        try pair.send([2])
        pair.run(for: .seconds(2))
        #expect(pair.messages(at: .right).map(\.bytes) == [[2]])
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func mixedStreamsOverABadNetwork(seed: UInt64) throws {
        let network = LinkConditions(
            delay: .milliseconds(20), loss: .random(0.1),
            reordering: LinkConditions.Reordering(probability: 0.1, delay: .milliseconds(15)))
        let pair = Pair(network, seed: seed)
        pair.connect()
        var sizes = SeededGenerator(seed: seed)
        let deliveries: [MessageDelivery] = [
            .ordered, Self.once, MessageDelivery(isOrdered: false, reliability: .retransmissions(1)),
            MessageDelivery(reliability: .lifetime(.milliseconds(120))),
        ]
        for index in 0..<400 {
            let size = Int.random(in: 4...(index.isMultiple(of: 10) ? 6000 : 600), using: &sizes)
            try pair.send(pattern(size, index), stream: UInt16(index % 4), delivery: deliveries[index % 4])
            if index % 8 == 0 { pair.run(for: .milliseconds(20)) }
        }
        pair.run(for: .seconds(60))
        for stream in 0..<4 {
            let numbers = pair.messages(at: .right, on: UInt16(stream)).map { number(of: $0) }
            #expect(Set(numbers).count == numbers.count, "each once")
            #expect(numbers.allSatisfy { $0 % 4 == stream })
            if deliveries[stream].isOrdered { #expect(numbers == numbers.sorted()) }
        }
        #expect(pair.messages(at: .right, on: 0).count == 100)
        let abandoned = pair[.left].counters.abandonedMessages
        #expect(abandoned > 0)
        #expect(pair.messages(at: .right).count >= 400 - abandoned)
        #expect(pair[.left].bufferedAmount == 0)
        #expect(pair[.right].reassembly.bufferedBytes == 0)
        // The ways are all open.
        for stream in 0..<4 as Range<UInt16> { try pair.send([9], stream: stream) }
        pair.run(for: .seconds(10))
        for stream in 0..<4 as Range<UInt16> { #expect(pair.messages(at: .right, on: stream).last == [9]) }
    }
}
