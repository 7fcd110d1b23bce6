import Conference
import Foundation
import MediaLab
import ProtocolCore
import Testing

/// As many people as a call may have: three speak, nine show themselves, all watch.
///
/// By default with fewer, for time's sake; `SWITCHBOARD_LARGE_LAB=1 swift test -c release` takes all 350.
@Suite("Lab: 350 participants")
struct LargeCallTests {
    static let isWhole = ProcessInfo.processInfo.environment["SWITCHBOARD_LARGE_LAB"] != nil

    @Test("Everybody sees nine pictures and hears three voices")
    func largeCall() throws {
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
        for _ in 0..<(Self.isWhole ? 341 : 6) {
            audience.append(try conference.join(shape: Lab.watcher(videoSlots: 9)))
        }
        for person in audience {
            for (slot, publisher) in stage.enumerated() {
                conference.show(publisher, in: slot, of: person, width: 320, height: 180)
            }
        }
        conference.run(for: .seconds(5))
        for person in audience {
            #expect(person.isConnected)
            #expect(person.pictures.count == 9)
            #expect(person.audioPacketsReceived > 100)
            #expect(person.pictures.values.allSatisfy { $0.corrupted == 0 && $0.frames > 5 })
        }
    }
}
