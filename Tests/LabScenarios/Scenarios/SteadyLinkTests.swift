import MediaLab
import ProtocolCore
import Testing

extension Story {
    /// The best layer just fits.
    static let steadyLink = Story("steady 1.9 Mbit/s") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(1.9))
        let join = conference.now
        conference.run(for: .seconds(15))
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(20))
        return Outcome(converged: grace.picture.reaches(720, after: join), figures: figures)
    }

    /// Nothing is in the way.
    static let wideLink = Story("steady 10 Mbit/s") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(10))
        let join = conference.now
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(15))
        return Outcome(converged: grace.picture.reaches(720, after: join), figures: figures)
    }
}

/// A link that stays as it is.
@Suite("Lab: steady links")
struct SteadyLinkTests {
    @Test("A link that the best layer almost fills is used to three quarters and more, without a freeze")
    func almostFull() async throws {
        let outcome = try await Story.steadyLink.outcome
        #expect(outcome.figures.finalHeight == 720)
        #expect(outcome.figures.linkShare ?? 0 > 0.75)
        #expect(outcome.figures.longestGap < .milliseconds(300))
        #expect(outcome.figures.audioGaps < 0.01)
    }

    @Test("On a wide link the best layer comes within three seconds and stays")
    func wide() async throws {
        let outcome = try await Story.wideLink.outcome
        #expect(try #require(outcome.converged) < .seconds(3))
        #expect(outcome.figures.meanLayer > 0.9)
        #expect(outcome.figures.corrupted == 0)
    }
}
