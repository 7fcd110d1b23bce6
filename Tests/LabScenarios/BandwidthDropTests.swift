import MediaLab
import NetworkEmulation
import ProtocolCore
import Testing

/// The link falls from 3 to 0.8 Mbit/s for twenty seconds and recovers.
@Suite("Lab: bandwidth 3, 0.8, 3 Mbit/s")
struct BandwidthDropTests {
    @Test(
        "The best layer is shown, falls with the link without a long freeze, and comes back",
        arguments: 1...3 as ClosedRange<UInt64>)
    func dropAndRise(seed: UInt64) throws {
        let (conference, _, grace) = try Lab.pair(Lab.link(3), seed: seed)
        conference.run(for: .seconds(15))
        #expect(grace.picture.height(at: conference.now) == 720)
        let drop = conference.now
        grace.down.change(to: Lab.link(0.8), at: drop)
        conference.run(for: .seconds(20))
        let rise = conference.now
        #expect(grace.picture.height(at: rise) == 360)
        let drain = grace.drainTime(after: drop, below: .milliseconds(100))
        #expect(drain.map { $0 <= .seconds(2) } ?? false, "\(String(describing: drain))")
        let freeze = grace.picture.longestGap(from: drop, to: rise)
        #expect(freeze <= .milliseconds(1000), "\(freeze)")
        grace.down.change(to: Lab.link(3), at: rise)
        conference.run(for: .seconds(20))
        let back = grace.picture.reaches(720, after: rise)
        #expect(back.map { $0 <= .seconds(10) } ?? false, "\(String(describing: back))")
        #expect(grace.picture.corrupted == 0)
    }
}
