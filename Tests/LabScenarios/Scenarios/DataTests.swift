import DataChannels
import MediaLab
import MediaVocabulary
import MediaWorker
import NetworkEmulation
import ProtocolCore
import Testing

/// Data channels beside pictures.
@Suite("Lab: data channels")
struct DataTests {
    private static func person(publishes: Bool = false) -> VirtualClient.Shape {
        var shape = VirtualClient.Shape()
        shape.hasData = true
        if !publishes { shape.publishes = [] }
        return shape
    }

    private static func lossy(_ share: Double) -> LinkConditions {
        var conditions = Lab.link(5)
        conditions.loss = .random(share)
        return conditions
    }

    private static func message(_ number: Int, channel: UInt16 = 7, size: Int = 2000) -> DataEnvelope {
        DataEnvelope(
            channel: channel, sequence: UInt32(number),
            payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
    }

    @Test("Durable messages come once, whole and in order over links that lose five per cent, and pictures go on")
    func durable() throws {
        let conference = try VirtualConference(seed: 7)
        let ada = try conference.join(up: Self.lossy(0.05), shape: Self.person(publishes: true))
        let grace = try conference.join(down: Self.lossy(0.05), shape: Self.person())
        conference.show(ada, of: grace)
        conference.run(for: .seconds(3))
        #expect(ada.isDataOpen && grace.isDataOpen)
        var sent = 0
        conference.run(for: .seconds(30)) { conference in
            if sent < 300, ada.sendData(Self.message(sent), .durable, now: conference.now) { sent += 1 }
        }
        #expect(sent == 300)
        #expect(grace.data.map(\.envelope.sequence) == (0..<300).map { UInt32($0) })
        #expect(grace.data.allSatisfy { $0.envelope.payload.count == 2000 && $0.envelope.sender == ada.name.rawValue })
        #expect(grace.data.allSatisfy { $0.kind == .durable && $0.envelope.channel == 7 })
        let picture = try #require(grace.pictures.values.first)
        #expect(picture.frames > 25 * 20)
        #expect(picture.corrupted == 0)
    }

    @Test("Messages of 30 kB come whole, no faster than a sender may")
    func large() throws {
        let conference = try VirtualConference(seed: 8)
        let ada = try conference.join(shape: Self.person())
        let grace = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        for number in 0..<20 {
            #expect(ada.sendData(Self.message(number, size: 30_000), .durable, now: conference.now))
        }
        conference.run(for: .seconds(4))
        // 500 kbit/s, and a burst of two messages before that.
        #expect((6...12).contains(grace.data.count))
        conference.run(for: .seconds(8))
        #expect(grace.data.map(\.envelope.payload.count) == Array(repeating: 30_000, count: 20))
    }

    @Test("Lossy messages are not sent again: some are missing, none comes twice")
    func lossy() throws {
        let conference = try VirtualConference(seed: 9)
        let ada = try conference.join(shape: Self.person())
        let grace = try conference.join(down: Self.lossy(0.1), shape: Self.person())
        conference.run(for: .seconds(3))
        #expect(grace.isDataOpen)
        var sent = 0
        conference.run(for: .seconds(12)) { conference in
            guard sent < 500, conference.now.nanoseconds % 20_000_000 == 0 else { return }
            if ada.sendData(Self.message(sent, size: 500), .lossy, now: conference.now) { sent += 1 }
        }
        #expect(sent == 500)
        let numbers = grace.data.map(\.envelope.sequence)
        #expect(Set(numbers).count == numbers.count)
        #expect((400..<490).contains(numbers.count))
    }

    @Test("Only those get a message who are named, and have channels; nobody gets his own")
    func recipients() throws {
        let conference = try VirtualConference(seed: 10)
        let ada = try conference.join(shape: Self.person())
        let grace = try conference.join(shape: Self.person())
        let edsger = try conference.join(shape: Self.person())
        var deaf = Self.person()
        deaf.hasData = false
        let alan = try conference.join(shape: deaf)
        conference.run(for: .seconds(2))
        conference.setDataRecipients([edsger], ofChannel: 7, by: ada)
        #expect(ada.sendData(Self.message(0), .durable, now: conference.now))
        #expect(ada.sendData(Self.message(1, channel: 8), .durable, now: conference.now))
        #expect(!alan.sendData(Self.message(0), .durable, now: conference.now))
        conference.run(for: .seconds(1))
        #expect(edsger.data.map(\.envelope.channel) == [7, 8])
        #expect(grace.data.map(\.envelope.channel) == [8])
        #expect(ada.data.isEmpty)
        conference.setDataRecipients(nil, ofChannel: 7, by: ada)
        #expect(ada.sendData(Self.message(2), .durable, now: conference.now))
        conference.run(for: .seconds(1))
        #expect(grace.data.map(\.envelope.sequence) == [1, 2])
    }

    @Test("What names a sender, or is no message at all, is refused and counted")
    func forged() throws {
        let conference = try VirtualConference(seed: 11)
        let ada = try conference.join(shape: Self.person())
        let grace = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        var forged = Self.message(0)
        forged.sender = grace.name.rawValue
        #expect(ada.sendData(forged, .durable, now: conference.now))
        conference.run(for: .seconds(1))
        #expect(grace.data.isEmpty)
        #expect(conference.core.totals.peers.refusedDataMessages == 1)
    }
}
