import ProtocolCore
import Testing

@testable import MediaWorker

@Suite("Overload of a worker")
struct WorkerLoadTests {
    /// A worker that is busy for a part of each tick of 10 ms.
    private struct Work {
        var load = WorkerLoad()
        var now = Instant.zero

        mutating func pass(_ seconds: Int, busy share: Double, late: Duration = .zero) -> Int {
            for _ in 0..<(seconds * 100) {
                now = now + .milliseconds(10)
                load.note(busy: .milliseconds(10) * share, late: late, now: now)
            }
            return load.level
        }
    }

    @Test("A worker that is too busy gives up more each second, and comes back by and by")
    func risesAndFalls() {
        var work = Work()
        let calm = work.pass(10, busy: 0.5)
        #expect(calm == 0)
        #expect(abs(work.load.share - 0.5) < 0.02)
        let soon = work.pass(2, busy: 0.9)
        #expect((1...2).contains(soon))
        let high = work.pass(5, busy: 0.95)
        #expect(high == WorkerLoad.highestLevel)
        let between = work.pass(20, busy: 0.7)
        #expect(between == WorkerLoad.highestLevel, "neither busy nor calm: it stays")
        let better = work.pass(6, busy: 0.3)
        #expect(better == WorkerLoad.highestLevel - 1)
        let well = work.pass(12, busy: 0.3)
        #expect(well == 0)
    }

    @Test("Late ticks count while the worker itself works, and not when the machine sleeps")
    func lateness() {
        var working = Work()
        let level = working.pass(3, busy: 0.6, late: .milliseconds(80))
        #expect(level > 0)
        var idle = Work()
        let none = idle.pass(3, busy: 0.1, late: .milliseconds(80))
        #expect(none == 0)
    }
}
