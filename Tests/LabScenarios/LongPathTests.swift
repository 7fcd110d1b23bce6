import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

/// A path as long as to the other side of the world.
@Suite("Lab: 300 ms round trip")
struct LongPathTests {
    @Test("The best layer comes, and lost packets are repaired in time to be shown")
    func longPath() throws {
        let (conference, _, grace) = try Lab.pair(Lab.link(4, loss: .random(0.02), delay: .milliseconds(280)))
        conference.run(for: .seconds(15))
        let start = conference.now
        conference.run(for: .seconds(10))
        #expect(grace.picture.height(at: conference.now) == 720)
        #expect(grace.picture.frames(from: start, to: conference.now) > 250)
        #expect(grace.picture.corrupted == 0)
    }
}
