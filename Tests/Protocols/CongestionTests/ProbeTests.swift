import ProtocolCore
import Testing

@testable import Congestion

@Suite("Probes")
struct ProbeTests {
    private typealias Situation = ProbeController.Situation

    /// A controller whose first probes have gone and are over.
    private func begun(target: Bitrate = .megabits(1), needed: Bitrate = .megabits(10)) -> ProbeController {
        var probes = ProbeController(maximum: .megabits(20))
        _ = probes.poll(Situation(target: target, needed: needed, acknowledged: target), now: at(0))
        _ = probes.poll(Situation(target: target, needed: needed, acknowledged: target), now: at(2000))
        return probes
    }

    @Test("The first probes are at 3 and 6 times the start, once something is wanted")
    func start() {
        var probes = ProbeController(maximum: .megabits(20))
        #expect(probes.poll(Situation(target: .megabits(1), needed: .zero), now: at(0)).isEmpty)
        let clusters = probes.poll(Situation(target: .megabits(1), needed: .megabits(10)), now: at(10))
        #expect(clusters.map(\.rate) == [.megabits(3), .megabits(6)])
        #expect(clusters.map(\.reason) == [.start, .start])
        #expect(clusters.map(\.minimumBytes) == [5625, 11_250])
        #expect(Set(clusters.map(\.id)).count == 2)
        #expect(probes.poll(Situation(target: .megabits(1), needed: .megabits(10)), now: at(20)).isEmpty)
    }

    @Test("Probes go to twice what is wanted, and to the maximum")
    func ceiling() {
        var probes = ProbeController(maximum: .megabits(20))
        let first = probes.poll(Situation(target: .megabits(1), needed: .megabits(2)), now: at(0))
        #expect(first.map(\.rate) == [.megabits(3), .megabits(4)])
        var bounded = ProbeController(maximum: .megabits(2.5))
        #expect(
            bounded.poll(Situation(target: .megabits(1), needed: .megabits(9)), now: at(0)).map(\.rate)
                == [.megabits(2.5)])
    }

    @Test("A success is followed by one at twice the measurement")
    func followUp() {
        var probes = ProbeController(maximum: .megabits(20))
        _ = probes.poll(Situation(target: .megabits(1), needed: .megabits(10)), now: at(0))
        probes.measured(.megabits(4.1), now: at(200))
        #expect(probes.poll(Situation(target: .megabits(4.1), needed: .megabits(10)), now: at(210)).isEmpty)
        probes.measured(.megabits(4.3), now: at(220))
        let next = probes.poll(Situation(target: .megabits(4.3), needed: .megabits(10)), now: at(230))
        #expect(next.map(\.rate) == [.megabits(8.6)])
        #expect(next.first?.reason == .followUp)
        probes.measured(.megabits(8.6), now: at(1300))
        #expect(probes.poll(Situation(target: .megabits(8.6), needed: .megabits(10)), now: at(1310)).isEmpty)
    }

    @Test("A self-limited application's link is probed every 5 s, at twice the target")
    func applicationLimited() {
        var probes = begun()
        let situation = Situation(target: .megabits(1), needed: .megabits(10), isApplicationLimited: true)
        #expect(probes.poll(situation, now: at(4990)).isEmpty)
        let clusters = probes.poll(situation, now: at(5000))
        #expect(clusters.map(\.rate) == [.megabits(2)])
        #expect(clusters.first?.reason == .applicationLimited)
        #expect(probes.poll(situation, now: at(9990)).isEmpty)
        #expect(!probes.poll(situation, now: at(10_010)).isEmpty)
    }

    @Test("Enough is enough: without need there is no probe")
    func satisfied() {
        var probes = begun(target: .megabits(1), needed: .megabits(1))
        for second in 3...60 {
            let situation = Situation(target: .megabits(1), needed: .megabits(1), isApplicationLimited: true)
            #expect(probes.poll(situation, now: at(Double(second) * 1000)).isEmpty)
        }
    }

    @Test("New demand is probed for at once, to twice the target")
    func demand() {
        var probes = begun(target: .megabits(1), needed: .megabits(1))
        let wanted = Situation(target: .megabits(1), needed: .megabits(1.8), isApplicationLimited: true)
        #expect(probes.poll(wanted, now: at(2500)).map(\.rate) == [.megabits(1.8)])
        let more = Situation(target: .megabits(1), needed: .megabits(4), isApplicationLimited: true)
        #expect(probes.poll(more, now: at(3000)).isEmpty)
        let clusters = probes.poll(more, now: at(3510))
        #expect(clusters.map(\.rate) == [.megabits(2)])
        #expect(clusters.first?.reason == .demand)
    }

    @Test("Demand that is not met is probed for every 5 s, as long as queues do not grow")
    func unmetDemand() {
        var probes = begun(target: .megabits(1), needed: .megabits(3))
        let waiting = Situation(target: .megabits(1), needed: .megabits(1.6))
        #expect(probes.poll(waiting, now: at(4900)).isEmpty)
        let clusters = probes.poll(waiting, now: at(5100))
        #expect(clusters.map(\.rate) == [.megabits(1.6)])
        #expect(clusters.first?.reason == .demand)
        let full = Situation(target: .megabits(1), needed: .megabits(1.6), isOverusing: true)
        #expect(probes.poll(full, now: at(8000)).isEmpty)
        #expect(probes.poll(waiting, now: at(12_900)).isEmpty)
        #expect(!probes.poll(waiting, now: at(13_100)).isEmpty)
    }

    @Test("The first probes wait until enough is wanted for them to tell anything")
    func lateBeginning() {
        var probes = ProbeController(maximum: .megabits(20))
        let audio = Situation(target: .megabits(1), needed: .kilobits(48), isApplicationLimited: true)
        for step in 0..<100 { #expect(probes.poll(audio, now: at(Double(step) * 100)).isEmpty) }
        let video = Situation(target: .megabits(1), needed: .megabits(1.6))
        let clusters = probes.poll(video, now: at(10_000))
        #expect(clusters.map(\.rate) == [.megabits(3), .megabits(3.2)])
        #expect(clusters.allSatisfy { $0.reason == .start })
    }

    @Test("After a drop 85 % of what arrived before is probed every 5 s, later every 10 s")
    func recovery() {
        var probes = begun(target: .megabits(3))
        probes.fell(from: .megabits(3), to: .megabits(2.4), now: at(2200))
        probes.fell(from: .megabits(2.4), to: .megabits(0.8), now: at(2400))
        let situation = Situation(target: .megabits(0.8), needed: .megabits(4), acknowledged: .megabits(0.8))
        var times: [Double] = []
        for second in stride(from: 2500.0, through: 100_000, by: 100) {
            for cluster in probes.poll(situation, now: at(second)) where cluster.reason == .recovery {
                #expect(cluster.rate == .megabits(2.55))
                times.append(second)
            }
        }
        #expect(times.first == 5000)
        #expect(times[1] - times[0] == 5000)
        #expect(times[times.count - 1] - times[times.count - 2] == 10_000)
        // Recovered.
        for (target, time) in [(2.6, 120_000.0), (1, 121_000)] {
            let later = probes.poll(Situation(target: .megabits(target), needed: .megabits(4)), now: at(time))
            #expect(!later.contains { $0.reason == .recovery })
        }
    }

    @Test("What never arrived is not recovered")
    func unprovenRate() {
        var probes = ProbeController(maximum: .megabits(20))
        let before = Situation(target: .megabits(3), needed: .megabits(4), acknowledged: .megabits(1))
        _ = probes.poll(before, now: at(0))
        probes.fell(from: .megabits(3), to: .megabits(0.8), now: at(1500))
        let after = Situation(target: .megabits(0.8), needed: .megabits(4), acknowledged: .megabits(0.8))
        for step in 15...150 {
            let clusters = probes.poll(after, now: at(Double(step) * 100))
            #expect(!clusters.contains { $0.reason == .recovery })
        }
    }

    @Test("Without movement for 15 s twice the target is probed")
    func stagnation() {
        var probes = begun()
        func situation(_ target: Double, isOverusing: Bool = false) -> Situation {
            Situation(
                target: .megabits(target), needed: .megabits(3), acknowledged: .megabits(target * 0.65),
                isOverusing: isOverusing)
        }
        #expect(probes.poll(situation(1.1, isOverusing: true), now: at(12_000)).isEmpty)
        #expect(probes.poll(situation(1.1), now: at(14_900)).isEmpty)
        let clusters = probes.poll(situation(1.1), now: at(15_100))
        #expect(clusters.map(\.rate) == [.megabits(2.2)])
        #expect(clusters.first?.reason == .stagnation)
    }

    @Test("Not while queues grow or loss lowers the rate; and with restraint while loss limits")
    func suppression() {
        var probes = begun()
        var situation = Situation(target: .megabits(1), needed: .megabits(10), isApplicationLimited: true)
        situation.isOverusing = true
        #expect(probes.poll(situation, now: at(6000)).isEmpty)
        situation.isOverusing = false
        #expect(probes.poll(situation, now: at(6900)).isEmpty)
        situation.isLossDecreasing = true
        #expect(probes.poll(situation, now: at(7100)).isEmpty)
        situation.isLossDecreasing = false
        situation.isLossLimited = true
        #expect(probes.poll(situation, now: at(7200)).map(\.rate) == [.megabits(1.5)])
    }

    private func measure(
        rate: Bitrate, packets: Int, sendGap: Double, arrivalGap: Double, keep: (Int) -> Bool = { _ in true }
    ) -> Bitrate? {
        var estimator = ProbeEstimator()
        let cluster = ProbeCluster(id: .first, rate: rate, reason: .start)
        estimator.expect(cluster)
        var measured: Bitrate?
        for index in 0..<packets where keep(index) {
            let result = PacketResult(
                sentAt: at(Double(index) * sendGap), bytes: 1000, arrival: at(500 + Double(index) * arrivalGap),
                probe: cluster.id)
            if let news = estimator.add(result) { measured = news.rate }
        }
        return measured
    }

    @Test("A link that keeps up shows the probe's rate, a full one 95 % of what it carried")
    func estimator() {
        // 8 packets of 1000 bytes, 2 ms apart: 4 Mbit/s.
        #expect(measure(rate: .megabits(4), packets: 8, sendGap: 2, arrivalGap: 2) == .megabits(4))
        #expect(measure(rate: .megabits(4), packets: 8, sendGap: 2, arrivalGap: 4) == .megabits(2) * 0.95)
        // Sent at once, as a driver does that reads the clock once per burst.
        #expect(measure(rate: .megabits(4), packets: 8, sendGap: 0, arrivalGap: 4) == .megabits(2) * 0.95)
        #expect(measure(rate: .megabits(4), packets: 8, sendGap: 0, arrivalGap: 0.5) == .megabits(4))
    }

    @Test("Too little says nothing")
    func estimatorNeedsEnough() {
        #expect(measure(rate: .megabits(4), packets: 3, sendGap: 2, arrivalGap: 2) == nil)
        #expect(measure(rate: .megabits(8), packets: 8, sendGap: 1, arrivalGap: 1) == nil)
        // 15 packets make the probe; of these 20 % may be lost.
        #expect(measure(rate: .megabits(8), packets: 15, sendGap: 1, arrivalGap: 1) { $0 % 5 != 1 } != nil)
        #expect(measure(rate: .megabits(8), packets: 15, sendGap: 1, arrivalGap: 1) { $0 % 3 != 1 } == nil)
        // Arrived much faster than sent, or all at one instant: an artefact.
        #expect(measure(rate: .megabits(4), packets: 8, sendGap: 4, arrivalGap: 1) == nil)
        #expect(measure(rate: .megabits(4), packets: 8, sendGap: 2, arrivalGap: 0) == nil)
    }

    @Test("Ids come round without zero")
    func ids() {
        var id = ProbeCluster.ID.first
        for _ in 0..<254 { id = id.next }
        #expect(id.rawValue == 255)
        #expect(id.next == .first)
        #expect(ProbeCluster.ID(rawValue: 0) == nil)
    }
}
