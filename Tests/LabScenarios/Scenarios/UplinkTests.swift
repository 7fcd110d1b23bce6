import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

extension Story {
    static let uplinkLoss = Story("publisher's link loses 30 % in bursts") {
        let conference = try VirtualConference(seed: 1)
        let ada = try conference.join(up: Lab.link(4), shape: Lab.talker())
        let grace = try conference.join(shape: Lab.watcher())
        conference.show(ada, of: grace)
        conference.run(for: .seconds(10))
        let bursts = LinkConditions.GilbertElliott(goodToBad: 0.02, badToGood: 0.05, lossInBad: 1)
        ada.up.change(to: Lab.link(4, loss: .bursts(bursts)), at: conference.now)
        var observer = Observer(conference, grace, of: ada)
        return Outcome(figures: observer.watch(.seconds(20)))
    }
}

/// What the publisher sends is short or late for everybody.
@Suite("Lab: the publisher's link")
struct UplinkTests {
    @Test("What is lost for good leads to a keyframe in less than a second")
    func loss() async throws {
        let figures = try await Story.uplinkLoss.outcome.figures
        #expect(figures.longestGap < .seconds(1))
        #expect(figures.corrupted == 0)
    }
}
