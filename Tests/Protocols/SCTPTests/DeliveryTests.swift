import NetworkEmulation
import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: delivery")
struct DeliveryTests {
    static let networks: [LinkConditions] = [
        LinkConditions(delay: .milliseconds(20)),
        LinkConditions(rate: 2_000_000, delay: .milliseconds(30), queueLimit: .time(.milliseconds(200))),
        LinkConditions(delay: .milliseconds(20), loss: .random(0.05)),
        LinkConditions(
            delay: .milliseconds(20), loss: .random(0.02),
            reordering: LinkConditions.Reordering(probability: 0.1, delay: .milliseconds(15))),
        LinkConditions(
            delay: .milliseconds(20), jitter: .milliseconds(20),
            loss: .bursts(LinkConditions.GilbertElliott(goodToBad: 0.01, badToGood: 0.3))),
    ]

    @Test(arguments: networks, [1, 2, 3] as [UInt64])
    func everythingArrivesOnceAndInOrder(network: LinkConditions, seed: UInt64) throws {
        let pair = Pair(network, seed: seed)
        var generator = SeededGenerator(seed: seed)
        pair.change = { _, _, packet in
            Int.random(in: 0..<20, using: &generator) == 0 ? [packet, packet] : [packet]
        }
        pair.connect([.left, .right])
        var sizes = SeededGenerator(seed: seed)
        var sent: [Pair.End: [UInt16: [[UInt8]]]] = [:]
        for index in 0..<150 {
            for end in Pair.End.allCases {
                let stream = UInt16(index % 5)
                let large = index % 20 == 0
                let bytes = pattern(Int.random(in: large ? 5000...20_000 : 4...1500, using: &sizes), index)
                let delivery: MessageDelivery = stream == 4 ? .unordered : .ordered
                try pair.send(bytes, from: end, stream: stream, delivery: delivery)
                sent[end, default: [:]][stream, default: []].append(bytes)
            }
        }
        pair.run(for: .seconds(300)) { $0.messages(at: .left).count >= 150 && $0.messages(at: .right).count >= 150 }
        // What comes twice would come now.
        pair.run(for: .seconds(20))
        for end in Pair.End.allCases {
            for stream in 0..<4 as Range<UInt16> {
                #expect(pair.messages(at: end.other, on: stream) == sent[end]?[stream])
            }
            #expect(Set(pair.messages(at: end.other, on: 4)) == Set(sent[end]?[4] ?? []))
            #expect(pair.messages(at: end.other).count == 150)
            #expect(pair[end].bufferedAmount == 0)
            #expect(pair[end].counters.malformedPackets == 0)
        }
        #expect(pair.largestPacket <= 1150)
    }

    @Test(arguments: [1, 2, 3, 4, 1117, 1122, 1123, 65_535, 65_536])
    func anySize(size: Int) throws {
        let pair = Pair()
        pair.connect()
        let bytes = pattern(size, size)
        try pair.send(bytes)
        try pair.send(bytes, delivery: .unordered)
        pair.run(for: .seconds(10))
        #expect(pair.messages(at: .right).map(\.bytes) == [bytes, bytes])
    }

    @Test func whatIsNotTaken() throws {
        let pair = Pair(configure: { _, configuration in configuration.largestOutgoingMessage = 1000 })
        #expect(throws: SCTPError.emptyMessage) { try pair.send([]) }
        #expect(throws: SCTPError.messageTooLarge(limit: 1000)) { try pair.send(pattern(1001, 1)) }
        #expect(throws: SCTPError.noSuchStream) { try pair.send([1], stream: 1024) }
        #expect(pair[.left].bufferedAmount == 0)
    }

    @Test func aMessageLargerThanAgreedEndsIt() throws {
        let pair = Pair(configure: { end, configuration in
            if end == .right { configuration.largestIncomingMessage = 4000 }
        })
        pair.connect()
        try pair.send(pattern(4001, 1))
        pair.run(for: .seconds(5))
        #expect(pair.events(at: .right).last == .closed(.protocolViolation(.messageTooLarge)))
        #expect(pair.events(at: .left).last == .closed(.abortedByPeer(cause: 13)))
        #expect(pair.messages(at: .right).isEmpty)
    }

    @Test func theSendBufferIsBounded() throws {
        let pair = Pair(configure: { _, configuration in configuration.sendBuffer = 10_000 })
        try pair.send(pattern(6000, 1))
        #expect(throws: SCTPError.sendBufferFull) { try pair.send(pattern(4001, 2)) }
        try pair.send(pattern(4000, 3), stream: 1)
        #expect(pair[.left].bufferedAmount == 10_000)
        #expect(pair[.left].bufferedAmount(of: StreamIdentifier(1)) == 4000)
        pair.connect()
        pair.run(for: .seconds(5))
        #expect(pair[.left].bufferedAmount == 0)
        #expect(pair[.left].bufferedAmount(of: StreamIdentifier(1)) == 0)
        #expect(pair.messages(at: .right).count == 2)
    }

    @Test func highPriorityOvertakesAtTheNextMessage() throws {
        let pair = Pair()
        for index in 0..<3 { try pair.send(pattern(3000, index), stream: 0, priority: .normal) }
        try pair.send(pattern(10, 10), stream: 1, priority: .high)
        try pair.send(pattern(10, 11), stream: 2, priority: .extraHigh)
        try pair.send(pattern(10, 12), stream: 3, priority: .belowNormal)
        try pair.send(pattern(10, 13), stream: 4, priority: .normal)
        pair.connect()
        pair.run(for: .seconds(5))
        #expect(pair.messages(at: .right).map { number(of: $0.bytes) } == [11, 10, 0, 13, 1, 2, 12])
    }

    @Test func streamsOfOnePriorityTakeTurns() throws {
        let pair = Pair()
        for index in 0..<12 { try pair.send(pattern(2000, index), stream: UInt16(index / 4)) }
        pair.connect()
        pair.run(for: .seconds(5))
        #expect(
            pair.messages(at: .right).map { number(of: $0.bytes) } == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
    }

    /// Ordered messages wait for those before them, unordered ones do not (RFC 9260 §6.6).
    @Test func unorderedMessagesDoNotWait() throws {
        let pair = Pair()
        pair.connect()
        pair.change = { end, _, packet in
            end == .left && packet[12] == 0 && packet[13] & 4 == 0 && pair.messages(at: .right).isEmpty ? [] : [packet]
        }
        try pair.send([1], stream: 0)
        pair.settle()
        try pair.send([2], stream: 1, delivery: .unordered)
        pair.run(for: .milliseconds(100))
        #expect(pair.messages(at: .right).map(\.bytes) == [[2]])
        pair.run(for: .seconds(3))
        #expect(pair.messages(at: .right).map(\.bytes) == [[2], [1]])
    }

    /// A full queue of small messages takes time in proportion to its length.
    @Test func manySmallMessages() throws {
        let pair = Pair()
        pair.connect()
        for index in 0..<20_000 { try pair.send(pattern(8, index), stream: UInt16(index % 100)) }
        pair.run(for: .seconds(100)) { $0.messages(at: .right).count == 20_000 }
        #expect(pair.messages(at: .right).count == 20_000)
        #expect(pair.packetCounts[0] < 1000, "messages share packets")
    }

    /// The time line may have any origin.
    @Test(arguments: [Int64.min / 4, -1, 1 << 60])
    func timersFollowTheToldTime(origin: Int64) throws {
        let start = Instant(nanoseconds: origin)
        let pair = Pair(LinkConditions(delay: .milliseconds(20), loss: .random(0.1)), origin: start)
        pair.connect()
        try pair.send(pattern(30_000, 1))
        pair.run(for: .seconds(100)) { !$0.messages(at: .right).isEmpty }
        #expect(pair.messages(at: .right).map(\.bytes) == [pattern(30_000, 1)])
    }
}
