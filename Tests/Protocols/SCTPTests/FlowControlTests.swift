import NetworkEmulation
import ProtocolCore
import Testing

@testable import SCTP

@Suite("SCTP: flow and congestion")
struct FlowControlTests {
    /// The receiver takes nothing for a minute; then everything arrives.
    @Test func aFullReceiverIsWaitedFor() throws {
        let pair = Pair(configure: { _, configuration in
            configuration.receiveWindow = 100_000
            configuration.largestIncomingMessage = 10_000
        })
        pair.connect()
        pair.polls[1] = false
        for index in 0..<60 { try pair.send(pattern(8000, index)) }
        pair.run(for: .seconds(60))
        #expect(pair[.right].openWindow < 10_000)
        #expect(pair[.right].undeliveredBytes <= 110_000)
        #expect(pair.messages(at: .right).isEmpty)
        #expect(pair[.left].isEstablished, "a closed window is no failure")
        pair.polls[1] = true
        pair.run(for: .seconds(30)) { $0.messages(at: .right).count == 60 }
        #expect(pair.messages(at: .right).map { number(of: $0.bytes) } == Array(0..<60))
    }

    @Test func theWindowGrowsFromItsBeginning() {
        var window = CongestionWindow(packetSize: 1138)
        #expect(window.size == 4404)
        window.acknowledged(2000, inFlight: 1000, advances: true)
        #expect(window.size == 4404, "it was not used")
        window.acknowledged(2000, inFlight: 4404, advances: true)
        #expect(window.size == 4404 + 1138)
        window.enterRecovery(until: TransmissionSequenceNumber(10))
        #expect(window.size == 4 * 1138)
        window.acknowledged(2000, inFlight: 9000, advances: true)
        #expect(window.size == 4 * 1138, "not during recovery")
        window.advanced(to: TransmissionSequenceNumber(9))
        #expect(window.recoveryExit != nil)
        window.advanced(to: TransmissionSequenceNumber(10))
        #expect(window.recoveryExit == nil)
        window.timedOut()
        #expect(window.size == 1138)
        window.acknowledged(3000, inFlight: 1138, advances: true)
        #expect(window.size == 2276)
    }

    @Test func beyondTheThresholdItGrowsByAPacketPerRoundTrip() {
        var window = CongestionWindow(packetSize: 1000)
        window.enterRecovery(until: TransmissionSequenceNumber(1))
        window.advanced(to: TransmissionSequenceNumber(1))
        #expect(window.size == 4000)
        window.acknowledged(1000, inFlight: 4000, advances: true)
        #expect(window.size == 5000)
        for _ in 0..<4 { window.acknowledged(1000, inFlight: 5000, advances: true) }
        #expect(window.size == 5000)
        window.acknowledged(1000, inFlight: 5000, advances: true)
        #expect(window.size == 6000)
    }

    @Test func timeoutsFollowTheRoundTrip() {
        var timer = RetransmissionTimer(SCTPTiming())
        #expect(timer.timeout == .seconds(1))
        timer.measured(.milliseconds(200))
        #expect(timer.timeout == .milliseconds(600))
        timer.backOff()
        #expect(timer.timeout == .milliseconds(1200))
        timer.measured(.milliseconds(200))
        #expect(timer.timeout == .milliseconds(500))
        for _ in 0..<50 { timer.measured(.milliseconds(10)) }
        #expect(timer.timeout == .milliseconds(400))
        for _ in 0..<10 { timer.backOff() }
        #expect(timer.timeout == .seconds(10))
    }

    @Test func lossIsFoundByWhatArrivesBehindIt() throws {
        let pair = Pair()
        pair.connect()
        var count = 0
        pair.change = { end, _, packet in
            guard end == .left, packet[12] == 0 else { return [packet] }
            count += 1
            return count == 2 ? [] : [packet]
        }
        for index in 0..<20 { try pair.send(pattern(1000, index)) }
        pair.run(for: .milliseconds(300))
        #expect(pair.messages(at: .right).count == 20)
        #expect(pair[.left].counters.fastRetransmissions == 1)
        #expect(pair[.left].counters.timedOutRetransmissions == 0)
    }

    @Test func theLastPacketIsSentAgainAfterTheTimeout() throws {
        let pair = Pair()
        pair.connect()
        var count = 0
        pair.change = { end, _, packet in
            guard end == .left, packet[12] == 0 else { return [packet] }
            count += 1
            return count == 1 ? [] : [packet]
        }
        try pair.send([1])
        pair.run(for: .milliseconds(900))
        #expect(pair.messages(at: .right).isEmpty)
        pair.run(for: .milliseconds(400))
        #expect(pair.messages(at: .right).map(\.bytes) == [[1]])
        #expect(pair[.left].counters.timedOutRetransmissions == 1)
    }

    /// Fair use of a narrow link: it is filled, and its short queue does not ruin it.
    @Test func aNarrowLinkIsFilled() throws {
        let pair = Pair(
            LinkConditions(rate: 1_000_000, delay: .milliseconds(25), queueLimit: .time(.milliseconds(100))))
        pair.connect()
        var count = 0
        pair.refill = { pair in
            while count < 400, pair[.left].bufferedAmount < 100_000 {
                try? pair.send(pattern(5000, count))
                count += 1
            }
        }
        let start = pair.now
        pair.run(for: .seconds(60)) { $0.messages(at: .right).count == 400 }
        #expect(pair.messages(at: .right).count == 400)
        // 16 Mbit at 1 Mbit/s.
        #expect(pair.now - start < .seconds(22))
        #expect(pair.links[0].counters.droppedPackets > 0, "the link was full")
    }

    @Test func aDeadPeerIsNoticed() throws {
        let pair = Pair()
        pair.connect()
        try pair.send([1])
        pair.change = { _, _, _ in [] }
        pair.run(for: .seconds(120))
        #expect(pair.events(at: .left).last == .closed(.timedOut))
        #expect(throws: SCTPError.closed) { try pair.send([2]) }
    }

    @Test func aQuietPeerIsAskedAndAnswers() throws {
        let pair = Pair()
        pair.connect()
        let before = pair.packetCounts
        pair.run(for: .seconds(300))
        #expect(pair.bothEstablished)
        #expect(pair.packetCounts[0] - before[0] >= 10)
        pair.change = { _, _, _ in [] }
        pair.run(for: .seconds(200))
        #expect(pair.events(at: .left).last == .closed(.timedOut))
        #expect(pair.events(at: .right).last == .closed(.timedOut))
    }

    @Test func aNetworkThatComesBackWithinAMinuteFindsItAlive() throws {
        let pair = Pair()
        pair.connect()
        try pair.send([1])
        pair.change = { _, _, _ in [] }
        pair.run(for: .seconds(60))
        pair.change = { _, _, packet in [packet] }
        pair.run(for: .seconds(12))
        #expect(pair.messages(at: .right).map(\.bytes) == [[1]])
    }

    @Test func acknowledgementsShareDataPackets() throws {
        let pair = Pair()
        pair.connect()
        let before = pair.packetCounts
        for index in 0..<20 {
            try pair.send([UInt8(index)])
            try pair.send([UInt8(index)], from: .right)
            pair.run(for: .milliseconds(30))
        }
        let sent = pair.packetCounts[0] - before[0] + pair.packetCounts[1] - before[1]
        #expect(sent <= 44)
        #expect(pair.messages(at: .left).count == 20)
        #expect(pair.messages(at: .right).count == 20)
    }
}
