import MediaLab
import ProtocolCore
import Testing

/// Somebody else takes a part of the link for a while.
@Suite("Lab: competing flow")
struct CompetingFlowTests {
    @Test("The picture gets smaller while half of the link is gone, and recovers")
    func competingFlow() throws {
        let (conference, _, grace) = try Lab.pair(Lab.link(2.5))
        conference.run(for: .seconds(10))
        #expect(grace.picture.height(at: conference.now) == 720)
        grace.crossTraffic = 1_500_000
        conference.run(for: .seconds(20))
        let end = conference.now
        #expect(grace.picture.height(at: end).map { $0 < 720 } ?? false)
        #expect(grace.picture.frames(from: end + .seconds(-5), to: end) > 100)
        grace.crossTraffic = 0
        conference.run(for: .seconds(25))
        #expect(grace.picture.height(at: conference.now) == 720)
    }
}
