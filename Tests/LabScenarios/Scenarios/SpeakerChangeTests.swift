import ClientTransport
import Conference
import MediaLab
import ProtocolCore
import Testing

/// Six people, of whom another one speaks every second.
@Suite("Lab: speaker changes every second")
struct SpeakerChangeTests {
    @Test("Whoever speaks is heard, without a gap in the stream")
    func speakerChanges() throws {
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
        // Three slots, fifty packets a second each.
        #expect(listener.audioPacketsReceived - before >= 3 * 50 * 11)
        #expect(listener.counters.refusedPackets == 0)
    }
}
