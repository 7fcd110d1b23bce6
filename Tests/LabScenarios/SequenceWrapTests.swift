import ClientTransport
import MediaLab
import ProtocolCore
import Testing

/// A call so long that the sequence numbers of its video come round.
@Suite("Lab: sequence wrap")
struct SequenceWrapTests {
    @Test("Nothing is lost or broken when the numbers begin again")
    func wrap() throws {
        let conference = try VirtualConference()
        // 5 Mbit/s: about 570 packets a second, which come round after two minutes.
        let ada = try conference.join(shape: Lab.talker(layers: [(720, 5_000_000)]))
        let grace = try conference.join(down: Lab.link(12), shape: Lab.watcher())
        conference.show(ada, of: grace)
        conference.run(for: .seconds(10))
        let start = conference.now
        conference.run(for: .seconds(125))
        #expect(grace.counters.receivedPackets > 65_536)
        #expect(grace.picture.longestGap(from: start, to: conference.now) < .milliseconds(300))
        #expect(grace.picture.corrupted == 0)
        #expect(grace.counters.refusedPackets == 0)
    }
}
