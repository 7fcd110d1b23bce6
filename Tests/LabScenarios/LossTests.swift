import MediaLab
import NetworkEmulation
import ProtocolCore
import Reception
import Testing

/// Links that lose packets at any rate.
@Suite("Lab: loss")
struct LossTests {
    @Test("At 10 % random loss 720p stays above 20 frames a second", arguments: 1...2 as ClosedRange<UInt64>)
    func randomLoss(seed: UInt64) throws {
        let (conference, _, grace) = try Lab.pair(Lab.link(4, loss: .random(0.1)), seed: seed)
        conference.run(for: .seconds(15))
        let start = conference.now
        let concealed = grace.audio.concealed
        conference.run(for: .seconds(20))
        let frames = grace.picture.frames(from: start, to: conference.now)
        #expect(frames > 20 * 20, "\(frames)")
        #expect(grace.picture.height(at: conference.now) == 720)
        #expect(grace.picture.corrupted == 0)
        let share = Double((grace.audio.concealed - concealed).nanoseconds) / 20e9
        #expect(share < 0.01, "\(share)")
    }

    @Test("Bursts of loss do not stop the picture for long")
    func burstyLoss() throws {
        let bursts = LinkConditions.GilbertElliott(goodToBad: 0.01, badToGood: 0.25, lossInBad: 0.8)
        let (conference, _, grace) = try Lab.pair(Lab.link(4, loss: .bursts(bursts)))
        conference.run(for: .seconds(10))
        let start = conference.now
        conference.run(for: .seconds(20))
        #expect(grace.picture.frames(from: start, to: conference.now) > 20 * 20)
        #expect(grace.picture.longestGap(from: start, to: conference.now) < .milliseconds(1500))
    }
}
