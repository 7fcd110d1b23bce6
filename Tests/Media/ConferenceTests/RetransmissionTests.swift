import Conference
import ProtocolCore
import Testing

@Suite("Retransmission")
struct RetransmissionTests {
    @Test("A lost packet comes again on the retransmission stream, with its original number")
    func answersNack() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        fixture.send(10, from: ada, keyframe: true)
        let lost = try #require(fixture.send(11, timestamp: 5, from: ada, payload: [9, 8, 7]).first)
        fixture.send(12, from: ada)
        let again = try #require(fixture.nack([lost.sequence], by: grace).first)
        #expect(again.ssrc == ConferenceFixture.ssrc(grace, 3).rawValue + 100)
        #expect(again.payloadType == 103)
        #expect(again.originalSequence == lost.sequence)
        #expect(again.timestamp == lost.timestamp)
        #expect(again.payload == [9, 8, 7])
        let once = try #require(fixture.nack([lost.sequence], by: grace).first)
        #expect(once.sequence == again.sequence &+ 1)
    }

    @Test("What was never sent, is too old, or belongs to another source is refused")
    func refuses() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let edsger = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        let first = try #require(fixture.send(10, from: ada, keyframe: true).first)
        #expect(fixture.nack([first.sequence &+ 5, first.sequence &- 1], by: grace).isEmpty)
        for sequence in UInt16(11)...600 { fixture.send(sequence, from: ada) }
        #expect(fixture.nack([first.sequence], by: grace).isEmpty)
        fixture.show(edsger, of: grace)
        let other = try #require(fixture.send(10, from: edsger, keyframe: true).first)
        #expect(fixture.nack([other.sequence &- 1], by: grace).isEmpty)
        #expect(fixture.nack([other.sequence], by: grace).count == 1)
        #expect(fixture.conference.counters.refusedRetransmissions == 4)
    }

    @Test("Packets are kept for two seconds, and their buffers then serve for others, over the wrap of their numbers")
    func expiry() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        fixture.send(65_000, from: ada, keyframe: true)
        let before = fixture.buffers.taken
        // Twenty packets a second for a minute.
        var numbers: [UInt16] = []
        for index in 1...1200 {
            fixture.advance(.milliseconds(50))
            numbers += fixture.send(UInt16(truncatingIfNeeded: 65_000 + index), from: ada).map(\.sequence)
        }
        #expect(fixture.buffers.taken - before <= 45)
        #expect(fixture.nack([numbers[numbers.count - 30]], by: grace).count == 1)
        #expect(fixture.nack([numbers[numbers.count - 50]], by: grace).isEmpty)
    }

    @Test("A probe is filled with what was sent lately, or with padding where nothing was")
    func padding() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let empty = fixture.pad(1000, to: grace)
        #expect(empty.bytes >= 1000)
        #expect(empty.sent.allSatisfy { $0.payload.count == 240 && $0.payload.last == 240 })
        #expect(empty.sent.first?.ssrc == ConferenceFixture.ssrc(grace, 3).rawValue + 100)
        fixture.show(ada, of: grace)
        fixture.send(10, from: ada, keyframe: true, payload: [UInt8](repeating: 7, count: 1000))
        let repeated = fixture.pad(900, to: grace)
        #expect(repeated.sent.count == 1)
        #expect(repeated.sent.first?.payload.count == 1000)
        // Numbers of the retransmission stream are never used twice.
        let numbers = (empty.sent + repeated.sent).filter { $0.ssrc == empty.sent[0].ssrc }.map(\.sequence)
        #expect(Set(numbers).count == numbers.count)
        fixture.conference.setOnHold(true, grace, now: fixture.now)
        #expect(fixture.pad(900, to: grace).bytes == 0)
    }

    @Test("A storm of NACKs is answered within a budget, which time refills")
    func storm() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        let first = try #require(fixture.send(10, from: ada, keyframe: true).first)
        var answered = 0
        for _ in 0..<1000 { answered += fixture.nack([first.sequence], by: grace).count }
        #expect(answered == 160)
        fixture.advance(.milliseconds(100))
        answered = 0
        for _ in 0..<1000 { answered += fixture.nack([first.sequence], by: grace).count }
        #expect(answered == 32)
    }
}
