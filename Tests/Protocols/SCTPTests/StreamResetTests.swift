import NetworkEmulation
import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: stream reset and the end")
struct StreamResetTests {
    private let one = StreamIdentifier(1)

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func aStreamBeginsAnewAfterAllItsMessages(seed: UInt64) throws {
        let pair = Pair(LinkConditions(delay: .milliseconds(20), loss: .random(seed == 1 ? 0 : 0.15)), seed: seed)
        pair.connect()
        for index in 0..<20 { try pair.send(pattern(2000, index), stream: 1) }
        pair[.left].resetStreams([one, one], now: pair.now)
        #expect(throws: SCTPError.streamIsResetting) { try pair.send([1], stream: 1) }
        try pair.send([5], stream: 2)
        pair.run(for: .seconds(60)) { $0.events(at: .left).count == 2 }
        #expect(pair.events(at: .left).last == .outgoingReset([one]))
        #expect(pair.events(at: .right) == [.established, .streamsReset([one])])
        #expect(pair.messages(at: .right, on: 1).count == 20)
        for index in 20..<25 { try pair.send(pattern(100, index), stream: 1) }
        pair.run(for: .seconds(60)) { $0.messages(at: .right, on: 1).count == 25 }
        #expect(pair.messages(at: .right, on: 1).map { number(of: $0) } == Array(0..<25))
        #expect(pair.messages(at: .right, on: 2) == [[5]])
    }

    @Test func bothReset() throws {
        let pair = Pair()
        pair.connect()
        pair[.left].resetStreams([one], now: pair.now)
        pair[.right].resetStreams([one, StreamIdentifier(7)], now: pair.now)
        pair.run(for: .seconds(3))
        #expect(Set(pair.events(at: .left).dropFirst()) == [.outgoingReset([one]), .streamsReset([one, .init(7)])])
        #expect(Set(pair.events(at: .right).dropFirst()) == [.streamsReset([one]), .outgoingReset([one, .init(7)])])
    }

    @Test func manyStreamsInTurn() throws {
        let pair = Pair()
        pair.connect()
        let all = (0..<1000 as Range<UInt16>).map { StreamIdentifier($0) }
        pair[.left].resetStreams(all, now: pair.now)
        pair.run(for: .seconds(5))
        let reset = pair.events(at: .right).flatMap { event -> [StreamIdentifier] in
            if case .streamsReset(let streams) = event { streams } else { [] }
        }
        #expect(reset == all)
        #expect(pair.largestPacket <= 1150)
    }

    /// What was sent before the request comes after it: the answer waits (RFC 6525 §5.2.2).
    @Test func aRequestAheadOfItsDataWaits() throws {
        let pair = Pair()
        pair.connect()
        let number = pair[.right].resets.expectedPeerRequest
        let last = pair[.right].received.cumulative + 1
        func ask() -> ReconfigurationResult? {
            let chunk = ChunkWriter.reconfiguration(
                .outgoingReset(request: number, response: 0, lastTSN: last, streams: [one]))
            pair[.right].receive(rightPacket(pair, chunk).span.bytes, now: pair.now)
            var packet: [UInt8] = []
            while pair[.right].nextControlPacket(now: pair.now, into: &packet) {
                let chunks = (try? SCTPPacket(parsing: packet.span.bytes))?.chunks ?? []
                for case .reconfiguration(let parameters) in chunks {
                    for case .response(_, let result) in parameters { return result }
                }
            }
            return nil
        }
        #expect(ask() == .inProgress)
        try pair.send([1], stream: 1)
        pair.run(for: .milliseconds(100))
        #expect(ask() == .performed)
        #expect(ask() == .performed, "a copy is answered as the first")
        pair.settle()
        #expect(pair.events(at: .right).filter { $0 == .streamsReset([one]) }.count == 1)
    }

    /// A packet that claims to come from the left end.
    private func rightPacket(_ pair: Pair, _ chunk: [UInt8]) -> [UInt8] {
        var packet: [UInt8] = []
        PacketWriter.begin(&packet, from: 5000, to: 5000, tag: pair[.right].localTag)
        packet += chunk
        PacketWriter.finish(&packet)
        return packet
    }

    @Test func thePeerAsksUsToReset() throws {
        let pair = Pair()
        pair.connect()
        let number = pair[.right].resets.expectedPeerRequest
        let chunk = ChunkWriter.reconfiguration(.incomingReset(request: number, streams: [one]))
        pair[.right].receive(rightPacket(pair, chunk).span.bytes, now: pair.now)
        pair.run(for: .seconds(1))
        #expect(pair.events(at: .right).contains(.outgoingReset([one])))
        #expect(pair.events(at: .left).contains(.streamsReset([one])))
    }

    @Test func othersAreDenied() throws {
        let pair = Pair()
        pair.connect()
        let number = pair[.right].resets.expectedPeerRequest
        let chunk = ChunkWriter.reconfiguration(.otherRequest(request: number))
        pair[.right].receive(rightPacket(pair, chunk).span.bytes, now: pair.now)
        var packet: [UInt8] = []
        try #require(pair[.right].nextControlPacket(now: pair.now, into: &packet))
        #expect(
            try SCTPPacket(parsing: packet.span.bytes).chunks
                == [.reconfiguration([.response(request: number, result: .denied)])])
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func shutdownDeliversEverythingBefore(seed: UInt64) throws {
        let pair = Pair(LinkConditions(delay: .milliseconds(20), loss: .random(seed == 1 ? 0 : 0.1)), seed: seed)
        pair.connect()
        for index in 0..<30 {
            try pair.send(pattern(3000, index))
            try pair.send(pattern(3000, index), from: .right)
        }
        pair[.left].shutdown(now: pair.now)
        if seed.isMultiple(of: 2) { pair[.right].shutdown(now: pair.now) }
        #expect(throws: SCTPError.closed) { try pair.send([1]) }
        pair.run(for: .seconds(60))
        #expect(pair.messages(at: .right).count == 30)
        #expect(pair.messages(at: .left).count == 30)
        #expect(pair.events(at: .left).last == .closed(.shutdown))
        #expect(pair.events(at: .right).last == .closed(.shutdown))
        #expect(pair.ends.allSatisfy { $0.hasEnded && $0.deadline == nil })
    }

    @Test(arguments: 0..<8)
    func anyLostPacketOfTheEndIsRepeated(lost: Int) throws {
        let pair = Pair()
        pair.connect()
        var count = 0
        pair.change = { _, _, packet in
            defer { count += 1 }
            return count == lost ? [] : [packet]
        }
        try pair.send([1])
        pair[.left].shutdown(now: pair.now)
        pair.run(for: .seconds(30))
        #expect(pair.messages(at: .right).map(\.bytes) == [[1]])
        #expect(pair.events(at: .left).last == .closed(.shutdown))
        #expect(pair.events(at: .right).last == .closed(.shutdown))
    }

    @Test func anAbortEndsBoth() throws {
        let pair = Pair()
        pair.connect()
        try pair.send([1])
        pair[.left].abort(now: pair.now)
        pair.run(for: .seconds(1))
        #expect(pair.events(at: .left).last == .closed(.aborted))
        #expect(pair.events(at: .right).last == .closed(.abortedByPeer(cause: 12)))
    }
}
