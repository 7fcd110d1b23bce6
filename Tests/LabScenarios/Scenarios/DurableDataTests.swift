import DataChannels
import MediaLab
import MediaWorker
import NetworkEmulation
import ProtocolCore
import Testing

/// Durable messages to people whose channels are still opening, or who have only just come.
@Suite("Lab: durable messages")
struct DurableDataTests {
    private static func person(hasData: Bool = true) -> VirtualClient.Shape {
        var shape = VirtualClient.Shape()
        shape.publishes = []
        shape.hasData = hasData
        shape.wantsReceipts = true
        return shape
    }

    private static func message(_ number: Int, size: Int = 20) -> DataEnvelope {
        DataEnvelope(channel: 7, sequence: UInt32(number), payload: [UInt8](repeating: 1, count: size))
    }

    private func numbers(_ client: VirtualClient) -> [UInt32] {
        client.data.map(\.envelope.sequence)
    }

    /// Sends messages 0... at once.
    private func send(_ count: Int, from client: VirtualClient, in conference: VirtualConference, first: Int = 0) {
        for number in first..<(first + count) {
            #expect(client.sendData(Self.message(number), .durable, now: conference.now))
        }
    }

    @Test("Three messages sent while the channels of the others are opening come once, in order")
    func openingChannels() throws {
        let conference = try VirtualConference(seed: 21)
        let ada = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        let grace = try conference.join(shape: Self.person())
        let edsger = try conference.join(shape: Self.person())
        #expect(!grace.isDataOpen)
        send(3, from: ada, in: conference)
        conference.run(for: .seconds(2))
        send(2, from: ada, in: conference, first: 3)
        conference.run(for: .seconds(1))
        #expect(numbers(grace) == [0, 1, 2, 3, 4])
        #expect(numbers(edsger) == [0, 1, 2, 3, 4])
        #expect(ada.receipts == (0..<5).map { DataReceipt(channel: 7, sequence: UInt32($0), refusal: nil) })
        #expect(numbers(ada).isEmpty)
    }

    @Test("Who listens later gets what was said since he came, and nothing from before")
    func laterListener() throws {
        let conference = try VirtualConference(seed: 22)
        let ada = try conference.join(shape: Self.person())
        let alan = try conference.join(shape: Self.person(hasData: false))
        conference.run(for: .seconds(2))
        send(1, from: ada, in: conference)
        conference.run(for: .seconds(1))
        let grace = try conference.join(shape: Self.person(hasData: false))
        send(2, from: ada, in: conference, first: 1)
        conference.run(for: .seconds(5))
        try conference.openData(of: grace)
        conference.run(for: .seconds(2))
        #expect(numbers(grace) == [1, 2])
        #expect(alan.data.isEmpty)
    }

    @Test("A greeting to somebody who is named, and not yet connected, reaches him once he is")
    func newcomer() throws {
        let conference = try VirtualConference(seed: 23)
        let ada = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        send(1, from: ada, in: conference)
        conference.run(for: .seconds(1))
        // Named to the others while it rings; a transport comes later, and the call after that.
        conference.expect(conference.nextName)
        send(1, from: ada, in: conference, first: 1)
        conference.run(for: .seconds(20))
        let grace = try conference.join(shape: Self.person(), isConnected: false)
        conference.run(for: .seconds(2))
        #expect(grace.isDataOpen)
        #expect(numbers(grace).isEmpty)
        send(1, from: ada, in: conference, first: 2)
        conference.run(for: .seconds(1))
        conference.connect(grace)
        conference.run(for: .seconds(1))
        #expect(numbers(grace) == [1, 2])
    }

    @Test("Whoever is not in the call yet, or on hold, is told that nobody gets what he sends")
    func senderOutside() throws {
        let conference = try VirtualConference(seed: 24)
        let ada = try conference.join(shape: Self.person(), isConnected: false)
        let grace = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        send(1, from: ada, in: conference)
        conference.run(for: .seconds(1))
        conference.connect(ada)
        send(1, from: ada, in: conference, first: 1)
        conference.run(for: .seconds(1))
        conference.setOnHold(true, ada)
        send(1, from: ada, in: conference, first: 2)
        conference.run(for: .seconds(1))
        #expect(ada.receipts.map(\.refusal) == [.notConnected, nil, .onHold])
        #expect(numbers(grace) == [1])
    }

    @Test("What is said to somebody on hold is not kept for him")
    func receiverOnHold() throws {
        let conference = try VirtualConference(seed: 25)
        let ada = try conference.join(shape: Self.person())
        let grace = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        conference.setOnHold(true, grace)
        send(1, from: ada, in: conference)
        conference.run(for: .seconds(1))
        conference.setOnHold(false, grace)
        conference.run(for: .seconds(1))
        send(1, from: ada, in: conference, first: 1)
        conference.run(for: .seconds(1))
        #expect(numbers(grace) == [1])
    }

    @Test("Only who is named gets a message that was kept")
    func recipients() throws {
        let conference = try VirtualConference(seed: 26)
        let ada = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        let grace = try conference.join(shape: Self.person())
        let edsger = try conference.join(shape: Self.person())
        conference.setDataRecipients([edsger], ofChannel: 7, by: ada)
        send(1, from: ada, in: conference)
        conference.run(for: .seconds(2))
        #expect(numbers(edsger) == [0])
        #expect(grace.data.isEmpty)
    }

    @Test("What waits for a channel that does not open is bounded, and the sender is told")
    func durableMessagesAreBounded() throws {
        var dead = LinkConditions(delay: .milliseconds(20))
        dead.loss = .random(1)
        let conference = try VirtualConference(seed: 27)
        let ada = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        let grace = try conference.join(up: dead, shape: Self.person())
        var sent = 0
        conference.run(for: .seconds(20)) { conference in
            if sent < 60, ada.sendData(Self.message(sent, size: 30_000), .durable, now: conference.now) { sent += 1 }
        }
        #expect(sent == 60)
        let refused = ada.receipts.filter { $0.refusal != nil }
        #expect(ada.receipts.first?.refusal == nil)
        #expect(refused.allSatisfy { $0.refusal == .tooManyWaiting })
        #expect(!refused.isEmpty)
        #expect(conference.core.totals.refusedDurableMessages == UInt64(refused.count))
        #expect(grace.data.isEmpty)
        // Nobody waits for a channel for ever: the oldest make room again.
        conference.run(for: .seconds(25))
        let before = ada.receipts.count
        #expect(ada.sendData(Self.message(1000), .durable, now: conference.now))
        conference.run(for: .seconds(2))
        #expect(ada.receipts.dropFirst(before).last?.refusal == nil)
    }

    @Test("Names of those who never come do not pile up")
    func namesAreBounded() throws {
        let conference = try VirtualConference(seed: 28)
        for number in 0..<5000 { conference.expect("n\(number)") }
        let ada = try conference.join(shape: Self.person())
        conference.run(for: .seconds(2))
        for number in 0..<5000 { conference.expect("n\(number)", false) }
        send(3, from: ada, in: conference)
        conference.run(for: .seconds(1))
        #expect(ada.receipts.map(\.refusal) == [nil, nil, nil])
    }
}
