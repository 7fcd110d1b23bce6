import NetworkEmulation
import ProtocolCore
import SCTP
import Testing

@testable import DataChannels

@Suite("Data channels: transport")
struct DataChannelTransportTests {
    @Test func aChannelFromOpeningToClosing() throws {
        let pair = ChannelPair()
        let id = try pair.open("chat", protocol: "json")
        try pair.send(.text("before"), on: id)
        pair.connect()
        pair.run(for: .seconds(1))
        #expect(id.rawValue == 0)
        #expect(
            pair.events(at: .right) == [
                .established, .opened(id: id, label: "chat", protocol: "json", delivery: .ordered),
                .message(id, .text("before")),
            ])
        #expect(pair.events(at: .left) == [.established, .acknowledged(id)])
        let all: [ChannelData] = [.text(""), .binary([]), .text("Grüße"), .binary([0]), .binary([1, 2])]
        for data in all {
            try pair.send(data, on: id)
            try pair.send(data, on: id, from: .right)
        }
        pair.run(for: .seconds(1))
        #expect(pair.messages(at: .right, on: id).dropFirst() == all[...])
        #expect(pair.messages(at: .left, on: id) == all)
        try pair.send(.text("last"), on: id)
        try pair[.left].close(id, now: pair.now)
        #expect(throws: DataChannelError.channelIsClosing) { try pair.send(.text("no"), on: id) }
        pair.run(for: .seconds(2))
        #expect(pair.messages(at: .right, on: id).last == .text("last"))
        #expect(pair.events(at: .left).last == .closed(id))
        #expect(pair.events(at: .right).last == .closed(id))
        #expect(!pair[.left].isOpen(id) && !pair[.right].isOpen(id))
        #expect(throws: DataChannelError.noSuchChannel) { try pair.send(.text("no"), on: id) }
        // The number is free again.
        #expect(try pair.open("again") == id)
        pair.run(for: .seconds(1))
        #expect(pair.events(at: .right).last == .opened(id: id, label: "again", protocol: "", delivery: .ordered))
    }

    @Test func numbersGoByRole() throws {
        let pair = ChannelPair()
        #expect(try (0..<3).map { _ in try pair.open().rawValue } == [0, 2, 4])
        #expect(try (0..<3).map { _ in try pair.open(from: .right).rawValue } == [1, 3, 5])
        pair.connect()
        pair.run(for: .seconds(1))
        for id in 0..<6 as Range<UInt16> {
            #expect(pair[.left].isOpen(ChannelID(id)) && pair[.right].isOpen(ChannelID(id)))
        }
    }

    @Test func agreedChannelsNeedNoWords() throws {
        let pair = ChannelPair()
        let id = ChannelID(7)
        for end in ChannelPair.End.allCases { try pair[end].addNegotiated(id: id, delivery: .unordered) }
        #expect(throws: DataChannelError.identifierInUse) { try pair[.left].addNegotiated(id: id) }
        #expect(throws: DataChannelError.transport(.noSuchStream)) {
            try pair[.left].addNegotiated(id: ChannelID(1024))
        }
        try pair.send(.binary([1]), on: id)
        pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair.events(at: .right) == [.established, .message(id, .binary([1]))])
        #expect(pair.events(at: .left) == [.established])
    }

    /// Messages of an unordered channel do not overtake its opening (RFC 8832 §6).
    @Test func nothingOvertakesTheOpening() throws {
        let pair = ChannelPair()
        pair.connect()
        let id = try pair.open("game", delivery: .unordered)
        var isFirst = true
        pair.change = { end, packet in
            defer { if end == .left { isFirst = false } }
            return end == .left && isFirst ? [] : [packet]
        }
        pair.settle()
        try pair.send(.text("early"), on: id)
        pair.run(for: .seconds(3))
        #expect(
            pair.events(at: .right).dropFirst() == [
                .opened(id: id, label: "game", protocol: "", delivery: .unordered), .message(id, .text("early")),
            ])
        #expect(pair[.right].counters.strayMessages == 0)
    }

    @Test func bothCloseAtOnce() throws {
        let pair = ChannelPair()
        let id = try pair.open()
        pair.connect()
        pair.run(for: .seconds(1))
        for end in ChannelPair.End.allCases { try pair[end].close(id, now: pair.now) }
        pair.run(for: .seconds(3))
        for end in ChannelPair.End.allCases {
            #expect(pair.events(at: end).filter { $0 == .closed(id) }.count == 1)
        }
    }

    @Test func surplusChannelsAreClosed() throws {
        let pair = ChannelPair(configure: { _, configuration in configuration.largestPeerChannelCount = 3 })
        let ids = try (0..<5).map { try pair.open("\($0)") }
        pair.connect()
        pair.run(for: .seconds(5))
        #expect(ids.map { pair[.right].isOpen($0) } == [true, true, true, false, false])
        #expect(ids.map { pair[.left].isOpen($0) } == [true, true, true, false, false])
        #expect(pair.events(at: .left).contains(.closed(ids[3])) && pair.events(at: .left).contains(.closed(ids[4])))
        #expect(pair[.right].counters.refusedChannels == 2)
        try pair[.left].close(ids[0], now: pair.now)
        pair.run(for: .seconds(3))
        let next = try pair.open("after")
        pair.run(for: .seconds(1))
        #expect(pair[.right].isOpen(next))
        #expect(pair[.right].channels.count == 3, "nothing is kept of those refused")
    }

    @Test func aNumberThatIsNotThePeersIsRefused() throws {
        let pair = ChannelPair(configure: { _, configuration in configuration.role = .client })
        let id = try pair.open()
        pair.connect()
        pair.run(for: .seconds(3))
        #expect(pair[.right].counters.refusedChannels == 1)
        #expect(pair.events(at: .left).last == .closed(id))
    }

    @Test func longNamesAreRefused() throws {
        let pair = ChannelPair(configure: { end, configuration in
            if end == .right { configuration.largestName = 10 }
        })
        let id = try pair.open("longer than ten bytes")
        pair.connect()
        pair.run(for: .seconds(3))
        #expect(!pair[.right].isOpen(id))
        #expect(pair[.right].counters.malformedMessages == 1)
        #expect(pair.events(at: .left).last == .closed(id))
        #expect(throws: DataChannelError.nameTooLong) { try pair.open("longer than ten bytes", from: .right) }
    }

    @Test func numbersRunOut() throws {
        let pair = ChannelPair(configure: { _, configuration in configuration.association.outgoingStreams = 4 })
        #expect(try pair.open().rawValue == 0)
        #expect(try pair.open().rawValue == 2)
        #expect(throws: DataChannelError.noFreeIdentifier) { try pair.open() }
    }

    @Test func channelsForWhichThePeerHasNoStreamsAreClosed() throws {
        let pair = ChannelPair(configure: { end, configuration in
            if end == .right { configuration.association.incomingStreams = 3 }
        })
        let ids = try (0..<3).map { _ in try pair.open() }
        pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair.events(at: .left).prefix(2) == [.established, .closed(ids[2])])
        #expect(ids.map { pair[.right].isOpen($0) } == [true, true, false])
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func manyChannelsOverABadNetwork(seed: UInt64) throws {
        let network = LinkConditions(
            delay: .milliseconds(20), loss: .random(0.1),
            reordering: LinkConditions.Reordering(probability: 0.1, delay: .milliseconds(15)))
        let pair = ChannelPair(network, seed: seed)
        var ids: [ChannelID] = []
        for end in ChannelPair.End.allCases {
            for index in 0..<10 {
                let id = try pair.open("\(index)", from: end)
                ids.append(id)
                for number in 0..<10 { try pair.send(.text("\(number)"), on: id, from: end) }
            }
        }
        pair.connect()
        pair.run(for: .seconds(30))
        for id in ids {
            let end: ChannelPair.End = id.rawValue.isMultiple(of: 2) ? .right : .left
            #expect(pair.messages(at: end, on: id) == (0..<10).map { .text("\($0)") })
            try pair[end].close(id, now: pair.now)
        }
        pair.run(for: .seconds(60))
        for end in ChannelPair.End.allCases {
            #expect(
                Set(ids).isSubset(
                    of: Set(
                        pair.events(at: end).compactMap { event in
                            if case .closed(let id) = event { id } else { nil }
                        })))
            #expect(pair[end].channels.isEmpty)
        }
    }

    @Test func theEnd() throws {
        let pair = ChannelPair()
        let id = try pair.open()
        pair.connect()
        pair.run(for: .seconds(1))
        try pair.send(.text("last"), on: id)
        pair[.left].shutdown(now: pair.now)
        pair.run(for: .seconds(3))
        #expect(pair.messages(at: .right, on: id) == [.text("last")])
        for end in ChannelPair.End.allCases {
            #expect(pair.events(at: end).last == .ended(.shutdown))
            #expect(pair[end].hasEnded)
        }
        #expect(throws: DataChannelError.noSuchChannel) { try pair.send(.text("x"), on: id) }
        #expect(throws: DataChannelError.transport(.closed)) { try pair.open() }
    }
}
