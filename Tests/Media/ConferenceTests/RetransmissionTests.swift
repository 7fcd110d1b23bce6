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
        #expect(fixture.conference.refusedRetransmissions == 4)
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
