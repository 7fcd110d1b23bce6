import MediaLab
import ProtocolCore
import Testing

extension Story {
    static let lateJoiner = Story("late joiner, 5 Mbit/s") {
        let (conference, ada, _) = try Lab.pair(Lab.link(5))
        conference.run(for: .seconds(10))
        let edsger = try conference.join(down: Lab.link(5), shape: Lab.watcher())
        conference.show(ada, of: edsger)
        let join = conference.now
        var observer = Observer(conference, edsger, of: ada)
        let figures = observer.watch(.seconds(8))
        return Outcome(converged: edsger.picture.reaches(720, after: join), figures: figures)
    }

    /// The same, as those see it who are there already.
    static let othersAtJoin = Story("somebody else joins") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(5))
        conference.run(for: .seconds(10))
        let edsger = try conference.join(down: Lab.link(5), shape: Lab.watcher())
        conference.show(ada, of: edsger)
        var observer = Observer(conference, grace, of: ada)
        return Outcome(figures: observer.watch(.seconds(8)))
    }
}

/// Somebody comes to a call that has long been going on.
@Suite("Lab: late joiner")
struct LateJoinerTests {
    @Test("The first picture comes within half a second, the best layer within three")
    func lateJoiner() async throws {
        let outcome = try await Story.lateJoiner.outcome
        // Nothing is shown before the first picture: the longest gap is the wait for it.
        #expect(outcome.figures.longestGap <= .milliseconds(500))
        #expect(try #require(outcome.converged) <= .seconds(3))
        #expect(outcome.figures.corrupted == 0)
    }

    @Test("Those who are there notice nothing")
    func others() async throws {
        let figures = try await Story.othersAtJoin.outcome.figures
        #expect(figures.longestGap < .milliseconds(200))
        #expect(figures.meanLayer > 0.999)
    }
}
