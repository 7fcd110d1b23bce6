import MediaLab
import ProtocolCore
import Testing

/// Somebody comes to a call that has long been going on.
@Suite("Lab: late joiner")
struct LateJoinerTests {
    @Test("The first picture comes within half a second, the best layer within three; the others notice nothing")
    func lateJoiner() throws {
        let (conference, ada, grace) = try Lab.pair(Lab.link(5))
        conference.run(for: .seconds(10))
        let edsger = try conference.join(down: Lab.link(5), shape: Lab.watcher())
        conference.show(ada, of: edsger)
        let join = conference.now
        conference.run(for: .seconds(8))
        let first = try #require(edsger.picture.times.first)
        #expect(first - join <= .milliseconds(500), "\(first - join)")
        let best = edsger.picture.reaches(720, after: join)
        #expect(best.map { $0 <= .seconds(3) } ?? false, "\(String(describing: best))")
        #expect(grace.picture.longestGap(from: join, to: conference.now) < .milliseconds(200))
    }
}
