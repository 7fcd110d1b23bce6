import ClientTransport
import Conference
import MediaLab
import MediaVocabulary
import ProtocolCore
import TestSupport
import Testing

/// Six people, of whom another one speaks every second.
@Suite("Lab: speaker changes every second")
struct SpeakerChangeTests {
    @Test("Whoever speaks is heard, without a gap in the stream")
    func speakerChanges() async throws {
        let (received, refused) = try await LongWork.run(Self.listen)
        // Three slots, fifty packets a second each.
        #expect(received >= 3 * 50 * 11)
        #expect(refused == 0)
    }

    /// Packets of sound that a listener gets in twelve seconds, and those that do not authenticate.
    @Sendable private static func listen() throws -> (received: Int, refused: Int) {
        let conference = try VirtualConference()
        var shape = VirtualClient.Shape()
        shape.publishes = [.microphone]
        var people: [VirtualClient] = []
        for _ in 0..<6 { people.append(try conference.join(shape: shape)) }
        conference.run(for: .seconds(2))
        let listener = people[0]
        let before = listener.audioPacketsReceived
        for round in 0..<12 {
            for (index, person) in people.enumerated() { person.level = index == 1 + round % 5 ? 15 : 127 }
            conference.run(for: .seconds(1))
        }
        return (listener.audioPacketsReceived - before, listener.counters.refusedPackets)
    }
}
