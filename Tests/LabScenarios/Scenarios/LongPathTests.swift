import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

extension Story {
    static let longPath = Story("300 ms round trip, 2 % loss, 4 Mbit/s") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(4, loss: .random(0.02), delay: .milliseconds(280)))
        let join = conference.now
        conference.run(for: .seconds(15))
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(10))
        return Outcome(converged: grace.picture.reaches(720, after: join), figures: figures)
    }
}

/// A path as long as to the other side of the world.
@Suite("Lab: 300 ms round trip")
struct LongPathTests {
    @Test("The best layer comes, and lost packets are repaired in time to be shown")
    func longPath() async throws {
        let outcome = try await Story.longPath.outcome
        #expect(outcome.figures.finalHeight == 720)
        #expect(outcome.figures.frames > 250)
        #expect(outcome.figures.corrupted == 0)
    }
}
