import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

extension Story {
    static let outage = Story("five seconds without a network, 5 Mbit/s") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(5))
        let join = conference.now
        conference.run(for: .seconds(10))
        var dead = Lab.link(5)
        dead.rate = 0
        dead.queueLimit = .bytes(20_000)
        grace.down.change(to: dead, at: conference.now)
        conference.run(for: .seconds(5))
        let end = conference.now
        grace.down.change(to: Lab.link(5), at: end)
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(10))
        return Outcome(
            converged: grace.picture.reaches(720, after: join), recovered: grace.picture.reaches(720, after: end),
            figures: figures)
    }
}

/// A tunnel, a lift: nothing passes for a while.
@Suite("Lab: outage")
struct OutageTests {
    @Test("The picture is back within a second, without what was to be seen meanwhile, and soon at its best")
    func outage() async throws {
        let outcome = try await Story.outage.outcome
        // Counted from the end of the outage.
        #expect(outcome.figures.longestGap <= .seconds(1))
        #expect(try #require(outcome.recovered) <= .seconds(3))
        #expect(outcome.figures.corrupted == 0)
        // Asked for once it was of use, not all the while.
        #expect(outcome.figures.keyframeRequests <= 8)
    }
}
