import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

extension Story {
    static let randomLosses = [randomLoss(seed: 1), randomLoss(seed: 2)]

    private static func randomLoss(seed: UInt64) -> Story {
        Story(seed == 1 ? "10 % random loss, 4 Mbit/s" : "10 % random loss, 4 Mbit/s, seed \(seed)") {
            try lossy(Lab.link(4, loss: .random(0.1)), seed: seed)
        }
    }

    static let burstyLoss = Story("bursty loss, 3 % on average, 4 Mbit/s") {
        let bursts = LinkConditions.GilbertElliott(goodToBad: 0.01, badToGood: 0.25, lossInBad: 0.8)
        return try lossy(Lab.link(4, loss: .bursts(bursts)), seed: 1)
    }

    private static func lossy(_ link: LinkConditions, seed: UInt64) throws -> Outcome {
        let (conference, ada, grace) = try Lab.pair(link, seed: seed)
        let join = conference.now
        conference.run(for: .seconds(15))
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(20))
        return Outcome(converged: grace.picture.reaches(720, after: join), figures: figures)
    }
}

/// Links that lose packets at any rate.
@Suite("Lab: loss")
struct LossTests {
    @Test("At 10 % random loss 720p stays above 20 frames a second, and sound is whole", arguments: 0..<2)
    func randomLoss(index: Int) async throws {
        let figures = try await Story.randomLosses[index].outcome.figures
        #expect(figures.frames > 20 * 20)
        #expect(figures.finalHeight == 720)
        #expect(figures.corrupted == 0)
        #expect(figures.audioGaps < 0.01)
    }

    @Test("Bursts of loss do not stop the picture for long")
    func burstyLoss() async throws {
        let figures = try await Story.burstyLoss.outcome.figures
        #expect(figures.frames > 20 * 20)
        #expect(figures.longestGap < .milliseconds(1000))
        #expect(figures.corrupted == 0)
    }
}
