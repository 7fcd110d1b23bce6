import Conference
import MediaLab
import MediaVocabulary
import ProtocolCore
import TestSupport
import Testing

/// As many people as a call may have: three speak, nine show themselves, all watch.
@Suite("Lab: 350 participants")
struct LargeCallTests {
    @Test("Everybody sees nine pictures and hears three voices")
    func largeCall() async throws {
        for person in try await LongWork.run(Self.audience) {
            #expect(person.isConnected)
            #expect(person.sounds > 100)
            #expect(person.frames.count == 9 && person.frames.allSatisfy { $0 > 5 })
            #expect(person.corrupted == 0)
        }
    }

    /// What one of the audience had of five seconds.
    private struct Impression {
        var isConnected: Bool
        var sounds: Int
        /// Of each picture.
        var frames: [Int]
        var corrupted: Int
    }

    @Sendable private static func audience() throws -> [Impression] {
        let conference = try VirtualConference()
        var stage: [VirtualClient] = []
        for index in 0..<9 {
            var shape = Lab.talker(layers: [(180, 100_000)])
            shape.frameRate = 10
            shape.videoSlots = 9
            if index >= 3 { shape.publishes = [.camera] }
            stage.append(try conference.join(shape: shape))
        }
        var audience: [VirtualClient] = []
        for _ in 0..<341 {
            audience.append(try conference.join(shape: Lab.watcher(videoSlots: 9)))
        }
        for person in audience {
            for (slot, publisher) in stage.enumerated() {
                conference.show(publisher, in: slot, of: person, width: 320, height: 180)
            }
        }
        conference.run(for: .seconds(5))
        return audience.map { person in
            Impression(
                isConnected: person.isConnected, sounds: person.audioPacketsReceived,
                frames: person.pictures.values.map(\.frames),
                corrupted: person.pictures.values.reduce(0) { $0 + $1.corrupted })
        }
    }
}
