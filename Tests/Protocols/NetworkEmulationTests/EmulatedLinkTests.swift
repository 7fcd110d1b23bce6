import NetworkEmulation
import ProtocolCore
import Testing

@Suite("Emulated link")
struct EmulatedLinkTests {
    private func at(_ milliseconds: Double) -> Instant {
        Instant(nanoseconds: 7_000_000_000 + Int64(milliseconds * 1e6))
    }

    private func arrivals(_ link: inout EmulatedLink<Int>, until end: Instant) -> [(Int, Double)] {
        var found: [(Int, Double)] = []
        while let next = link.nextEvent, next <= end {
            for delivery in link.poll(now: next) {
                #expect(delivery.at == next)
                found.append((delivery.payload, (delivery.at - at(0)).milliseconds))
            }
        }
        return found
    }

    @Test("A packet takes size / rate, then the delay; the next one waits for it")
    func rateAndDelay() {
        var link = EmulatedLink<Int>(LinkConditions(rate: 1_000_000, delay: .milliseconds(20)), seed: 1)
        for index in 0..<3 { link.send(index, size: 1250, at: at(0)) }
        #expect(link.queuedBytes == 3750)
        #expect(link.queueDelay == .milliseconds(30))
        #expect(arrivals(&link, until: at(1000)).map(\.1) == [30, 40, 50])
        #expect(link.nextEvent == nil)
        #expect(link.queueDelay == .zero)
        #expect(link.counters.deliveredBytes == 3750)
    }

    @Test("Without a rate only the delay counts")
    func unlimited() {
        var link = EmulatedLink<Int>(LinkConditions(delay: .milliseconds(5)), seed: 1)
        link.send(1, size: 1_000_000, at: at(3))
        #expect(arrivals(&link, until: at(100)).map(\.1) == [8])
    }

    @Test("A change of rate in the midst of a packet counts from then on")
    func rateChange() {
        var link = EmulatedLink<Int>(LinkConditions(rate: 1_000_000), seed: 1)
        link.change(to: LinkConditions(rate: 500_000), at: at(5))
        link.change(to: LinkConditions(rate: 0), at: at(20))
        link.change(to: LinkConditions(rate: 2_000_000), at: at(30))
        // 10 ms at the first rate: half of it then, the rest in 10 ms; the next one gets 5 ms, a pause, 3.75 ms.
        link.send(0, size: 1250, at: at(0))
        link.send(1, size: 1250, at: at(0))
        #expect(arrivals(&link, until: at(1000)).map(\.1) == [15, 33.75])
    }

    @Test("A full queue drops what comes last")
    func tailDrop() {
        var link = EmulatedLink<Int>(LinkConditions(rate: 1_000_000, queueLimit: .bytes(2500)), seed: 1)
        #expect(link.send(0, size: 1250, at: at(0)) == .queued)
        #expect(link.send(1, size: 1250, at: at(0)) == .queued)
        #expect(link.send(2, size: 1, at: at(0)) == .dropped)
        #expect(link.send(3, size: 1250, at: at(10)) == .queued)
        #expect(arrivals(&link, until: at(1000)).map(\.0) == [0, 1, 3])
        #expect(link.counters.droppedPackets == 1)
        var timed = EmulatedLink<Int>(LinkConditions(rate: 1_000_000, queueLimit: .time(.milliseconds(15))), seed: 1)
        #expect(timed.send(0, size: 5000, at: at(0)) == .queued)
        #expect(timed.send(1, size: 1, at: at(0)) == .dropped)
        #expect(timed.send(2, size: 1250, at: at(40)) == .queued)
        #expect(timed.send(3, size: 626, at: at(40)) == .dropped)
        #expect(timed.send(4, size: 625, at: at(40)) == .queued)
    }

    @Test("Jitter keeps the order and stays within its bound")
    func jitter() {
        var link = EmulatedLink<Int>(LinkConditions(delay: .milliseconds(10), jitter: .milliseconds(8)), seed: 4)
        for index in 0..<500 { link.send(index, size: 100, at: at(Double(index))) }
        let found = arrivals(&link, until: at(2000))
        #expect(found.map(\.0) == Array(0..<500))
        let delays = found.map { $0.1 - Double($0.0) }
        #expect((delays.min() ?? 0) >= 10 && (delays.max() ?? 99) <= 18)
        #expect((delays.max() ?? 0) - (delays.min() ?? 0) > 6)
    }

    @Test("Reordered packets are overtaken")
    func reordering() {
        var link = EmulatedLink<Int>(
            LinkConditions(
                delay: .milliseconds(10), reordering: .init(probability: 0.2, delay: .milliseconds(3))), seed: 4)
        for index in 0..<200 { link.send(index, size: 100, at: at(Double(index))) }
        let found = arrivals(&link, until: at(2000))
        #expect(found.count == 200)
        let late = found.filter { $0.1 - Double($0.0) > 12 }.count
        #expect((20...60).contains(late))
        #expect(found.map(\.0) != Array(0..<200))
        #expect(found.map(\.1) == found.map(\.1).sorted())
    }

    private func lossPattern(_ loss: LinkConditions.Loss, count: Int, seed: UInt64 = 2) -> [Bool] {
        var link = EmulatedLink<Int>(LinkConditions(loss: loss), seed: seed)
        var lost = [Bool](repeating: true, count: count)
        for index in 0..<count {
            link.send(index, size: 100, at: at(Double(index)))
            for delivery in link.poll(now: at(Double(index))) { lost[delivery.payload] = false }
        }
        #expect(link.counters.lostPackets == lost.count { $0 })
        return lost
    }

    @Test("Random loss has its mean, bursty loss its mean and its bursts")
    func loss() {
        let random = lossPattern(.random(0.1), count: 20_000)
        #expect(abs(Double(random.count { $0 }) / 20_000 - 0.1) < 0.01)
        let model = LinkConditions.GilbertElliott(goodToBad: 0.01, badToGood: 0.25)
        #expect(abs(model.meanLoss - 0.01 / 0.26) < 1e-12)
        let bursty = lossPattern(.bursts(model), count: 50_000)
        #expect(abs(Double(bursty.count { $0 }) / 50_000 - model.meanLoss) < 0.01)
        let bursts = bursty.split(separator: false)
        let mean = Double(bursts.reduce(0) { $0 + $1.count }) / Double(max(bursts.count, 1))
        #expect(abs(mean - 4) < 0.4)
        #expect(lossPattern(.none, count: 100).allSatisfy { !$0 })
    }

    @Test("The seed decides")
    func seeds() {
        let once = lossPattern(.random(0.3), count: 200, seed: 5)
        #expect(once == lossPattern(.random(0.3), count: 200, seed: 5))
        #expect(once != lossPattern(.random(0.3), count: 200, seed: 6))
    }
}
