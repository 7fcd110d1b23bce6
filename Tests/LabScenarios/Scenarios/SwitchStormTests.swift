import MediaLab
import ProtocolCore
import Testing

extension Story {
    static let viewStorm = Story("view changes size five times a second") {
        let (conference, ada, grace) = try Lab.pair(Lab.link(5))
        conference.run(for: .seconds(5))
        var observer = Observer(conference, grace, of: ada)
        let heights = [180, 720, 360, 90, 1080]
        var round = 0
        let start = conference.now
        let figures = observer.watch(.seconds(10)) { conference in
            guard conference.now >= start + .milliseconds(200) * round else { return }
            let height = heights[round % heights.count]
            conference.show(ada, of: grace, width: height * 16 / 9, height: height)
            round += 1
        }
        return Outcome(figures: figures)
    }

    static let sourceStorm = Story("another person in the slot twice a second") {
        let conference = try VirtualConference()
        let ada = try conference.join(shape: Lab.talker())
        let edsger = try conference.join(shape: Lab.talker())
        let grace = try conference.join(down: Lab.link(5), shape: Lab.watcher())
        var observer = Observer(conference, grace, of: ada)
        var round = 0
        let start = conference.now
        let figures = observer.watch(.seconds(20)) { conference in
            guard conference.now >= start + .milliseconds(500) * round else { return }
            conference.show(round % 2 == 0 ? ada : edsger, of: grace)
            round += 1
        }
        return Outcome(figures: figures)
    }
}

/// A receiver whose view changes size all the time, and one whose slot shows another person every half second.
@Suite("Lab: layer switch storms")
struct SwitchStormTests {
    @Test("A view that changes size five times a second costs few keyframes, and the picture goes on")
    func viewSizes() async throws {
        let figures = try await Story.viewStorm.outcome.figures
        // Three layers, each asked at most every 300 ms.
        #expect(figures.keyframeRequests <= 3 * 34)
        #expect(figures.frames > 200)
        #expect(figures.corrupted == 0 && figures.refusedPackets == 0)
    }

    @Test("One slot, two people in turn: a continuous stream without a broken picture")
    func people() async throws {
        let figures = try await Story.sourceStorm.outcome.figures
        #expect(figures.frames > 300)
        #expect(figures.corrupted == 0 && figures.refusedPackets == 0)
    }
}
