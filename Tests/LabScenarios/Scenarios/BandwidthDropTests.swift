import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

extension Story {
    static let bandwidthDrops = [bandwidthDrop(seed: 1), bandwidthDrop(seed: 2), bandwidthDrop(seed: 3)]

    private static func bandwidthDrop(seed: UInt64) -> Story {
        Story(seed == 1 ? "3, 0.8, 3 Mbit/s" : "3, 0.8, 3 Mbit/s, seed \(seed)") {
            let (conference, ada, grace) = try Lab.pair(Lab.link(3), seed: seed)
            let join = conference.now
            conference.run(for: .seconds(15))
            let drop = conference.now
            grace.down.change(to: Lab.link(0.8), at: drop)
            var observer = Observer(conference, grace, of: ada)
            let figures = observer.watch(.seconds(20))
            let rise = conference.now
            grace.down.change(to: Lab.link(3), at: rise)
            conference.run(for: .seconds(15))
            return Outcome(
                converged: grace.picture.reaches(720, after: join),
                drained: grace.drainTime(after: drop, below: .milliseconds(100)),
                recovered: grace.picture.reaches(720, after: rise), figures: figures)
        }
    }
}

/// The link falls from 3 to 0.8 Mbit/s for twenty seconds and recovers.
@Suite("Lab: bandwidth 3, 0.8, 3 Mbit/s")
struct BandwidthDropTests {
    @Test("The picture follows the link down without a long freeze, and is back ten seconds after it", arguments: 0..<3)
    func dropAndRise(index: Int) async throws {
        let outcome = try await Story.bandwidthDrops[index].outcome
        #expect(try #require(outcome.drained) <= .seconds(2))
        #expect(outcome.figures.finalHeight == 720, "the publisher sends the best size at the rate that fits")
        #expect(outcome.figures.longestGap <= .milliseconds(500))
        #expect(outcome.figures.linkShare ?? 0 > 0.7, "the smaller size alone has 500 of 800 kbit/s")
        #expect(try #require(outcome.recovered) <= .seconds(10))
        #expect(outcome.figures.corrupted == 0)
    }
}
