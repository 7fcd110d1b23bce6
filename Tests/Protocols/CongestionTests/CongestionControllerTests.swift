import NetworkEmulation
import ProtocolCore
import RTP
import Testing

@testable import Congestion

@Suite("Congestion controller")
struct CongestionControllerTests {
    @Test("It begins at the start rate, within its bounds")
    func start() {
        func target(startingAt start: Bitrate) -> Bitrate {
            CongestionController(start: start).target
        }
        #expect(target(startingAt: .megabits(2)) == .megabits(2))
        #expect(target(startingAt: .megabits(90)) == CongestionController.defaultMaximum)
        #expect(target(startingAt: .zero) == CongestionController.defaultMinimum)
    }

    @Test("A link is probed as soon as somebody wants more, even before anything flows; for nobody it is not")
    func noProbe() {
        var controller = CongestionController()
        controller.needed = .megabits(5)
        #expect(controller.poll(now: at(0)).count == 2)
        var idle = CongestionController()
        idle.sent(transportSequence: 0, bytes: 100, at: at(1))
        #expect(idle.poll(now: at(10)).isEmpty)
    }

    @Test("Without feedback the target shrinks every second, to the minimum")
    func missingFeedback() {
        var controller = CongestionController(start: .megabits(1))
        controller.sent(transportSequence: 0, bytes: 100, at: at(0))
        _ = controller.poll(now: at(1490))
        #expect(controller.target == .megabits(1))
        _ = controller.poll(now: at(1500))
        #expect(controller.target == .kilobits(800))
        #expect(controller.state == .feedbackMissing)
        _ = controller.poll(now: at(2490))
        #expect(controller.target == .kilobits(800))
        _ = controller.poll(now: at(2500))
        #expect(controller.target == .kilobits(640))
        for second in 4...60 { _ = controller.poll(now: at(Double(second) * 1000)) }
        #expect(controller.target == CongestionController.defaultMinimum)
        _ = controller.receive(feedback(from: 0, ticks: [0]), at: at(61_000))
        #expect(controller.state != .feedbackMissing)
    }

    @Test("Silence with nothing on the way is no lack of feedback")
    func idle() {
        var controller = CongestionController(start: .megabits(1))
        controller.sent(transportSequence: 0, bytes: 100, at: at(0))
        _ = controller.receive(feedback(from: 0, ticks: [0]), at: at(100))
        _ = controller.poll(now: at(60_000))
        #expect(controller.target == .megabits(1))
        #expect(controller.isApplicationLimited == true)
        #expect(controller.state == .applicationLimited)
    }

    @Test("Feedback that makes no sense does no harm")
    func nonsense() {
        var controller = CongestionController(start: .megabits(1))
        controller.needed = .megabits(5)
        var generator = SeededGenerator(seed: 9)
        var sequence: UInt16 = 0
        for round in 0..<2000 {
            let now = at(Double(round) * 7)
            for _ in 0..<3 {
                controller.sent(
                    transportSequence: sequence, bytes: Int.random(in: 0...70_000, using: &generator), at: now)
                sequence &+= 1
            }
            let ticks = (0..<8).map { _ in
                Bool.random(using: &generator) ? Int16.random(in: .min ... .max, using: &generator) : nil
            }
            let packets = ticks.enumerated().map { index, tick in
                TransportFeedback.Packet(
                    sequence: SequenceNumber(sequence) + Int.random(in: -20...5, using: &generator)
                        + index, deltaTicks: tick)
            }
            let reference = Int32.random(in: -0x80_0000...0x7f_ffff, using: &generator)
            _ = controller.receive(
                TransportFeedback(
                    sender: SSRC(1), media: SSRC(2), feedbackCount: 0, referenceTime: reference, packets: packets),
                at: now)
            _ = controller.poll(now: now)
            #expect(controller.target >= CongestionController.defaultMinimum)
            #expect(controller.target <= CongestionController.defaultMaximum)
        }
    }
}
