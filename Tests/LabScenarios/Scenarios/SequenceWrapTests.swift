import MediaLab
import ProtocolCore
import Testing

extension Story {
    static let sequenceWrap = Story("two minutes of 5 Mbit/s: numbers wrap") {
        let conference = try VirtualConference()
        // 5 Mbit/s: about 570 packets a second, which come round after two minutes.
        let ada = try conference.join(shape: Lab.talker(layers: [(720, 5_000_000)]))
        let grace = try conference.join(down: Lab.link(12), shape: Lab.watcher())
        conference.show(ada, of: grace)
        conference.run(for: .seconds(10))
        var observer = Observer(conference, grace, of: ada)
        let figures = observer.watch(.seconds(125))
        return Outcome(figures: figures)
    }
}

/// A call so long that the sequence numbers of its video come round.
@Suite("Lab: sequence wrap")
struct SequenceWrapTests {
    @Test("Nothing is lost or broken when the numbers begin again")
    func wrap() async throws {
        let figures = try await Story.sequenceWrap.outcome.figures
        #expect(figures.longestGap < .milliseconds(300))
        #expect(figures.corrupted == 0 && figures.refusedPackets == 0)
        #expect(figures.receivedPackets > 65_536)
    }
}
