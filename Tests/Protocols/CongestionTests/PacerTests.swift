import ProtocolCore
import Testing

@testable import Congestion

@Suite("Pacer")
struct PacerTests {
    @Test("Media leaves at 2.5 times the target, in bursts of 5 ms")
    func pace() {
        var pacer = Pacer(target: .megabits(4))
        var sent = 0
        for step in 0..<1000 {
            while pacer.budget(now: at(Double(step))) > 0 {
                pacer.spent(1000, now: at(Double(step)))
                sent += 1000
            }
        }
        // 10 Mbit/s for a second, and the first burst.
        #expect(abs(sent - 1_250_000) <= 3000)
        // After a pause one burst goes, not what was missed.
        #expect(pacer.budget(now: at(60_000)) == 6250)
    }

    @Test("A slow receiver gets a packet at a time, and the pacer says when")
    func slow() {
        var pacer = Pacer(target: .kilobits(48))
        #expect(pacer.budget(now: at(0)) == 1500)
        pacer.spent(1500, now: at(0))
        #expect(pacer.budget(now: at(0)) == 0)
        // 120 kbit/s: one byte in 67 µs.
        let next = pacer.nextBudget(after: at(0))
        #expect(next > at(0) && next < at(1))
        #expect(pacer.budget(now: next) > 0)
        pacer.spent(1500, now: next)
        #expect(pacer.nextBudget(after: next) > at(95))
    }

    @Test("Audio goes beyond the budget; the debt is limited")
    func debt() {
        var pacer = Pacer(target: .megabits(1))
        pacer.spent(10_000_000, now: at(0))
        #expect(pacer.budget(now: at(490)) == 0)
        #expect(pacer.budget(now: at(501)) > 0)
    }

    @Test("A probe leaves at its rate, and nothing else meanwhile")
    func probe() throws {
        var pacer = Pacer(target: .megabits(1))
        let cluster = ProbeCluster(id: .first, rate: .megabits(8), reason: .start)
        pacer.begin(cluster, now: at(0))
        #expect(pacer.nextProbe == at(0))
        #expect(pacer.activeProbe == cluster.id)
        var sent = 0
        var end = 0
        for step in 0..<100 {
            while let due = pacer.probe(now: at(Double(step))) {
                #expect(due.cluster == cluster)
                pacer.spent(1000, now: at(Double(step)))
                sent += 1000
                end = step
                if pacer.activeProbe != nil { #expect(pacer.budget(now: at(Double(step))) == 0) }
            }
        }
        #expect(sent == 15_000)
        #expect((8...15).contains(end))
        #expect(pacer.activeProbe == nil)
        #expect(pacer.nextProbe == nil)
        #expect(pacer.budget(now: at(1000)) > 0)
    }

    @Test("A probe that finds nothing to send is given up")
    func stale() {
        var pacer = Pacer(target: .megabits(1))
        pacer.begin(ProbeCluster(id: .first, rate: .megabits(8), reason: .start), now: at(0))
        #expect(pacer.probe(now: at(499)) != nil)
        #expect(pacer.probe(now: at(500)) == nil)
        #expect(pacer.activeProbe == nil)
        let cluster = ProbeCluster(id: .first, rate: .megabits(8), reason: .start)
        for _ in 0..<10 { pacer.begin(cluster, now: at(500)) }
        var count = 0
        for step in 0..<1000 {
            while pacer.probe(now: at(500 + Double(step))) != nil {
                pacer.spent(10_000, now: at(500 + Double(step)))
                count += 1
            }
        }
        #expect(count == 4 * cluster.minimumPackets)
    }
}
