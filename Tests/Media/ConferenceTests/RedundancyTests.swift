import Conference
import MediaVocabulary
import PayloadFormats
import ProtocolCore
import Testing

@Suite("Redundant audio")
struct RedundancyTests {
    /// A publisher, a receiver that takes redundant audio, and one that does not.
    private func scene() -> ConferenceFixture {
        var fixture = ConferenceFixture()
        for red in [PayloadType(63), PayloadType(63), nil] { _ = fixture.join(red: red) }
        return fixture
    }

    private let red: [UInt8] = [0x80 | 111, 0, 0, 3, 111, 1, 2, 3, 9, 8]

    @Test("It passes to whoever takes it, and is stripped for the others; not at a switch")
    func passesAndStrips() {
        var fixture = scene()
        let first = fixture.send(1, from: 0, .microphone, level: 10, primaryOffset: 8, payload: red)
        #expect(first.map(\.payloadType) == [111, 111])
        #expect(first.map(\.payload) == [[9, 8], [9, 8]])
        let second = fixture.send(2, timestamp: 960, from: 0, .microphone, level: 10, primaryOffset: 8, payload: red)
        #expect(second.first { $0.receiver == 1 }?.payloadType == 63)
        #expect(second.first { $0.receiver == 1 }?.payload == red)
        #expect(second.first { $0.receiver == 2 }?.payload == [9, 8])
        #expect(second.first { $0.receiver == 1 }?.sequence == first.first.map { $0.sequence &+ 1 })
    }

    @Test("A narrow link gets none")
    func narrowLink() {
        var fixture = scene()
        fixture.conference.setBudget(200_000, for: 1)
        fixture.send(1, from: 0, .microphone, level: 10, primaryOffset: 8, payload: red)
        let sent = fixture.send(2, timestamp: 960, from: 0, .microphone, level: 10, primaryOffset: 8, payload: red)
        #expect(sent.allSatisfy { $0.payloadType == 111 })
    }

    @Test("Copies are made for who loses packets, of the two packets before")
    func makes() throws {
        var fixture = scene()
        fixture.conference.setBudget(2_000_000, lossShare: 0.1, for: 1)
        fixture.conference.setBudget(2_000_000, lossShare: 0.1, for: 2)
        fixture.send(1, timestamp: 0, from: 0, .microphone, level: 10, payload: [1, 2, 3])
        let sent = fixture.send(2, timestamp: 960, from: 0, .microphone, level: 10, payload: [4, 5])
        let made = try #require(sent.first { $0.receiver == 1 })
        #expect(made.payloadType == 63)
        let blocks = try RedundantAudio.blocks(in: made.payload.span.bytes)
        #expect(blocks.map { Array(made.payload[$0.range]) } == [[1, 2, 3], [4, 5]])
        #expect(blocks.map(\.timestampOffset) == [960, 0])
        #expect(sent.first { $0.receiver == 2 }?.payload == [4, 5])
        let next = try #require(
            fixture.send(3, timestamp: 1920, from: 0, .microphone, level: 10, payload: [8]).first { $0.receiver == 1 })
        let both = try RedundantAudio.blocks(in: next.payload.span.bytes)
        #expect(both.map { Array(next.payload[$0.range]) } == [[1, 2, 3], [4, 5], [8]])
        #expect(both.map(\.timestampOffset) == [1920, 960, 0])
        // After a gap there is nothing to copy.
        let late = fixture.send(5, timestamp: 3840, from: 0, .microphone, level: 10, payload: [6])
        #expect(late.allSatisfy { $0.payload == [6] })
        fixture.conference.setBudget(2_000_000, lossShare: 0, for: 1)
        let plain = fixture.send(6, timestamp: 4800, from: 0, .microphone, level: 10, payload: [7])
        #expect(plain.allSatisfy { $0.payload == [7] })
    }
}
