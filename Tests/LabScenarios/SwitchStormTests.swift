import ClientTransport
import MediaLab
import ProtocolCore
import Testing

/// A receiver whose view changes size all the time, and one whose slot shows another person every half second.
@Suite("Lab: layer switch storms")
struct SwitchStormTests {
    @Test("A view that changes size five times a second costs few keyframes, and the picture goes on")
    func viewSizes() throws {
        let (conference, ada, grace) = try Lab.pair(Lab.link(5))
        conference.run(for: .seconds(5))
        let asked = ada.counters.receivedKeyframeRequests
        let start = conference.now
        let heights = [180, 720, 360, 90, 1080]
        for round in 0..<50 {
            let height = heights[round % heights.count]
            conference.show(ada, of: grace, width: height * 16 / 9, height: height)
            conference.run(for: .milliseconds(200))
        }
        // Three layers, each asked at most every 300 ms.
        #expect(ada.counters.receivedKeyframeRequests - asked <= 3 * 34)
        #expect(grace.picture.frames(from: start, to: conference.now) > 200)
        #expect(grace.picture.corrupted == 0)
        #expect(grace.counters.refusedPackets == 0)
    }

    @Test("One slot, two people in turn: a continuous stream without a broken picture")
    func people() throws {
        let conference = try VirtualConference()
        let ada = try conference.join(shape: Lab.talker())
        let edsger = try conference.join(shape: Lab.talker())
        let grace = try conference.join(down: Lab.link(5), shape: Lab.watcher())
        for round in 0..<40 {
            conference.show(round % 2 == 0 ? ada : edsger, of: grace)
            conference.run(for: .milliseconds(500))
        }
        #expect(grace.picture.frames > 300)
        #expect(grace.picture.corrupted == 0)
        #expect(grace.counters.refusedPackets == 0)
    }
}
