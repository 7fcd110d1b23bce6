import Conference
import Congestion
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import RTP
import Testing

/// Receivers without retransmission streams, and those that tell by REMB what they can take.
@Suite("Feedback of plain receivers")
struct RepairTests {
    private static let keyframe: [UInt8] = [0x67, 0x42, 0xe0, 0x1f, 1, 2, 3]
    private static let delta: [UInt8] = [0x41, 9, 8, 7, 6, 5]
    private static let slot = SyntheticDescription.slot(1, 3)

    private func sendVideo(_ call: inout SyntheticCall, _ sequence: UInt16, _ payload: [UInt8]) {
        payload.withUnsafeBytes {
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.camera(0), payloadType: SyntheticDescription.h264, sequence: sequence,
                timestamp: UInt32(sequence) * 3000, payload: $0)
        }
    }

    private func makeCall(_ change: (inout SyntheticDescription.Options) -> Void) throws -> SyntheticCall {
        var options = SyntheticDescription.Options()
        change(&options)
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1, options: options)
        call.show(0, of: 1)
        sendVideo(&call, 1, Self.keyframe)
        for sequence in UInt16(2)..<12 { sendVideo(&call, sequence, Self.delta) }
        call.step()
        return call
    }

    @Test("Without a retransmission stream a lost packet comes again on its own SSRC, the same to the last byte")
    func repairInPlace() throws {
        var call = try makeCall { $0.hasRetransmissions = false }
        call.peers[1].keepsDatagrams = true
        sendVideo(&call, 12, Self.delta)
        sendVideo(&call, 13, Self.keyframe)
        call.step()
        let first = call.peers[1].takeDatagrams()
        let numbers = call.peers[1].takeReceived().suffix(2).map(\.header.sequenceNumber)
        #expect(first.count == 2)
        call.advance(.milliseconds(30))
        _ = call.peers[1].takeDatagrams()
        call.peers[1].sendControl([.genericNACK(GenericNACK(sender: SSRC(1), media: Self.slot, lost: numbers))])
        call.step()
        let again = call.peers[1].takeDatagrams()
        #expect(again == first)
        #expect(call.core.totals.conferences.retransmissions == 2)
    }

    @Test("A storm of NACKs costs such a receiver no more than its budget")
    func storm() throws {
        var call = try makeCall { $0.hasRetransmissions = false }
        let numbers = call.peers[1].takeReceived().map(\.header.sequenceNumber)
        for _ in 0..<100 {
            call.advance(.milliseconds(20))
            call.peers[1].sendControl([.genericNACK(GenericNACK(sender: SSRC(1), media: Self.slot, lost: numbers))])
            call.peers[1].sendControl([.genericNACK(GenericNACK(sender: SSRC(1), media: Self.slot, lost: numbers))])
            call.core.readable(now: call.now)
        }
        let totals = call.core.totals.conferences
        #expect(totals.retransmissions + totals.refusedRetransmissions == UInt64(200 * numbers.count))
        // 160 at once and 320 a second, for two seconds.
        #expect(totals.retransmissions <= 160 + 640)
        #expect(totals.retransmissions > 160)
    }

    private func estimate(_ bitsPerSecond: UInt64, in call: inout SyntheticCall) {
        call.peers[1].sendControl([
            .receiverEstimatedMaximumBitrate(
                ReceiverEstimatedMaximumBitrate(sender: SSRC(1), bitsPerSecond: bitsPerSecond, sources: [Self.slot]))
        ])
        call.step()
    }

    private func budget(_ call: borrowing SyntheticCall) -> Int? {
        call.core.budget(of: "p1", in: SyntheticCall.name)
    }

    @Test("An estimate that was not negotiated changes nothing")
    func unasked() throws {
        var call = try makeCall { $0.numbersPackets = false }
        estimate(0, in: &call)
        #expect(budget(call) == nil)
    }

    @Test("An estimate that was negotiated holds for five seconds, and never means nothing at all")
    func negotiated() throws {
        var call = try makeCall {
            $0.numbersPackets = false
            $0.estimatesBitrate = true
        }
        estimate(700_000, in: &call)
        #expect(budget(call) == 700_000)
        estimate(0, in: &call)
        #expect(budget(call) == CongestionController.defaultMinimum.bitsPerSecond)
        call.advance(.milliseconds(4900))
        #expect(budget(call) != nil)
        call.advance(.milliseconds(400))
        #expect(budget(call) == nil)
    }

    @Test("Feedback by packet counts more than an estimate")
    func both() throws {
        var call = try makeCall { $0.estimatesBitrate = true }
        let before = budget(call)
        estimate(60_000, in: &call)
        #expect(budget(call) == before)
    }
}
