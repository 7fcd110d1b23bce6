import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

extension Story {
    static let uplinkDrops = [uplinkDrop(seed: 1), uplinkDrop(seed: 2), uplinkDrop(seed: 3)]

    private static func uplinkDrop(seed: UInt64) -> Story {
        Story(seed == 1 ? "publisher's link 2, 0.5, 2 Mbit/s" : "publisher's link 2, 0.5, 2 Mbit/s, seed \(seed)") {
            let conference = try VirtualConference(seed: seed)
            let ada = try conference.join(up: Lab.link(2), shape: Lab.talker())
            let grace = try conference.join(shape: Lab.watcher())
            conference.show(ada, of: grace)
            let join = conference.now
            conference.run(for: .seconds(15))
            ada.up.change(to: Lab.link(0.5), at: conference.now)
            var observer = Observer(conference, grace, of: ada)
            let figures = observer.watch(.seconds(20))
            let rise = conference.now
            ada.up.change(to: Lab.link(2), at: rise)
            conference.run(for: .seconds(15))
            return Outcome(
                converged: grace.picture.reaches(720, after: join),
                recovered: grace.picture.reaches(720, after: rise), figures: figures)
        }
    }
}

/// The publisher's own link falls from 2 to 0.5 Mbit/s for twenty seconds and recovers.
@Suite("Lab: the publisher's link 2, 0.5, 2 Mbit/s")
struct UplinkDropTests {
    @Test("A smaller picture goes on within a second; ten seconds after the rise the best is back", arguments: 0..<3)
    func dropAndRise(index: Int) async throws {
        let outcome = try await Story.uplinkDrops[index].outcome
        #expect(outcome.figures.longestGap < .seconds(1))
        #expect(outcome.figures.finalHeight == 180, "with sound the layer of 360 lines does not fit")
        #expect(try #require(outcome.recovered) <= .seconds(10))
        #expect(outcome.figures.corrupted == 0)
    }
}
