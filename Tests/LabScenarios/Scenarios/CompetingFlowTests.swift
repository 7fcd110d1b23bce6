import MediaLab
import ProtocolCore
import Testing

extension Story {
    static let competingFlow = Story("competing flow of 1.5 in 2.5 Mbit/s") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(2.5))
        let join = conference.now
        conference.run(for: .seconds(10))
        grace.crossTraffic = 1_500_000
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(20))
        grace.crossTraffic = 0
        let end = conference.now
        conference.run(for: .seconds(20))
        return Outcome(
            converged: grace.picture.reaches(720, after: join), recovered: grace.picture.reaches(720, after: end),
            figures: figures)
    }
}

/// Somebody else takes a part of the link for a while.
@Suite("Lab: competing flow")
struct CompetingFlowTests {
    @Test("Less is sent while half of the link is gone, after one short fall the best size at the rate that is left")
    func competingFlow() async throws {
        let outcome = try await Story.competingFlow.outcome
        #expect(try #require(outcome.converged) < .seconds(5))
        #expect(outcome.figures.linkShare ?? 1 < 0.45, "1 of 2.5 Mbit/s is left")
        #expect(outcome.figures.finalHeight == 720)
        #expect(outcome.figures.frames > 20 * 20)
        #expect(outcome.figures.longestGap < .seconds(1))
        #expect(try #require(outcome.recovered) < .seconds(15))
        #expect(outcome.figures.corrupted == 0)
    }
}
