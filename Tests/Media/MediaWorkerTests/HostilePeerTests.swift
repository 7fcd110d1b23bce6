import Conference
import Congestion
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import RTP
import Testing

/// Peers with valid keys who mean no good: what they cause is bounded, is counted, and harms nobody else.
@Suite("Hostile peers")
struct HostilePeerTests {
    private static let keyframe: [UInt8] = [0x67, 0x42, 0xe0, 0x1f, 1, 2, 3]
    private static let delta: [UInt8] = [0x41, 9, 8, 7, 6, 5]
    private static let slot = SyntheticDescription.slot(1, 3)

    private var generator = SeededGenerator(seed: 11)

    /// One publishes, one watches; both may turn hostile. By default the link holds nothing back.
    private func makeCall(startBitrate: Bitrate = CongestionController.defaultMaximum) throws -> SyntheticCall {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1, startBitrate: startBitrate)
        call.show(0, of: 1)
        sendVideo(&call, 1, Self.keyframe)
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
        return call
    }

    private func sendVideo(
        _ call: inout SyntheticCall, _ sequence: UInt16, _ payload: [UInt8], descriptor: [UInt8]? = nil,
        transportSequence: UInt16? = nil
    ) {
        payload.withUnsafeBytes {
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.camera(0), payloadType: SyntheticDescription.h264, sequence: sequence,
                timestamp: UInt32(sequence) * 3000, dependencyDescriptor: descriptor,
                transportSequence: transportSequence, payload: $0)
        }
    }

    /// The publisher's next packet still reaches the watcher.
    private func expectMediaFlows(_ call: inout SyntheticCall, _ sequence: UInt16) {
        _ = call.peers[1].takeReceived()
        sendVideo(&call, sequence, Self.keyframe)
        call.advance(.milliseconds(50))
        #expect(call.peers[1].takeReceived().contains { $0.payload == Self.keyframe })
    }

    @Test("A storm of NACKs costs no more than its budget, and shows in the counters")
    func negativeAcknowledgements() throws {
        var call = try makeCall()
        for sequence in UInt16(2)..<200 {
            sendVideo(&call, sequence, Self.delta)
            call.advance(.milliseconds(10))
        }
        let numbers = call.peers[1].takeReceived().filter { $0.header.ssrc == Self.slot }.map(\.header.sequenceNumber)
        #expect(numbers.count == 198)
        for _ in 0..<50 {
            call.peers[1].sendControl([
                .genericNACK(GenericNACK(sender: SSRC(1), media: Self.slot, lost: numbers))
            ])
            call.step()
        }
        let totals = call.core.totals
        #expect(totals.peers.receivedNacks == 50 * 198)
        // 160 at once, and no time passes in which the budget would grow.
        #expect(totals.conferences.retransmissions == 160)
        #expect(totals.conferences.refusedRetransmissions == 50 * 198 - 160)
        expectMediaFlows(&call, 200)
    }

    @Test("A storm of keyframe requests reaches the publisher as one each interval, and shows in the counters")
    func keyframeRequests() throws {
        var call = try makeCall()
        let before = call.core.totals.peers.sentKeyframeRequests
        for _ in 0..<100 {
            for _ in 0..<10 {
                call.peers[1].sendControl([
                    .pictureLossIndication(PictureLossIndication(sender: SSRC(1), media: Self.slot))
                ])
            }
            call.advance(.milliseconds(10))
        }
        let totals = call.core.totals
        #expect(totals.peers.receivedKeyframeRequests == 1000)
        // A second of them: at 0, 300, 600 and 900 ms.
        #expect(totals.peers.sentKeyframeRequests - before <= 4)
        #expect(totals.peers.sentKeyframeRequests > before)
        expectMediaFlows(&call, 2)
    }

    @Test("Malformed reports are refused and counted")
    mutating func malformedReports() throws {
        var call = try makeCall()
        for _ in 0..<2000 {
            // Any type of RTCP, then anything.
            var bytes = [
                UInt8.random(in: 0x80...0xbf, using: &generator), UInt8.random(in: 192...223, using: &generator),
            ]
            let length = Int.random(in: 2...40, using: &generator) * 4 - 2
            bytes += (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            call.peers[1].sendControl(bytes)
            call.core.readable(now: call.now)
        }
        #expect(call.core.totals.peers.refusedPackets > 0)
        expectMediaFlows(&call, 2)
    }

    @Test("Feedback about packets that were never sent neither widens the link nor narrows it")
    func inventedFeedback() throws {
        var call = try makeCall(startBitrate: .megabits(10))
        for round in 0..<200 {
            call.peers[1].reportArrivals(
                from: UInt16(truncatingIfNeeded: 30_000 + round * 200), count: 100, at: call.now)
            call.advance(.milliseconds(10))
        }
        let budget = call.core.budget(of: "p1", in: SyntheticCall.name) ?? .max
        #expect((9_500_000...10_500_000).contains(budget))
        #expect(call.core.totals.peers.reportedLost == 0)
        expectMediaFlows(&call, 2)
    }

    @Test("Forged header extensions leave a stream whole, and feedback about it small")
    mutating func forgedExtensions() throws {
        var call = try makeCall()
        for sequence in UInt16(2)..<500 {
            let length = Int.random(in: 1...40, using: &generator)
            let descriptor = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            sendVideo(
                &call, sequence, Self.delta, descriptor: descriptor,
                transportSequence: UInt16.random(in: 0...65_535, using: &generator))
            call.advance(.milliseconds(10))
        }
        // A descriptor of less than three bytes is none, and its packet is refused. None is left out for the temporal layer
        // that another one claims.
        let forwarded = call.peers[1].takeReceived().count { $0.header.ssrc == Self.slot }
        let refused = call.core.totals.peers.refusedPackets
        #expect(refused < 50)
        #expect(forwarded + Int(refused) == 498)
        let feedbacks = call.peers[0].reports.count { if case .transportFeedback = $0 { true } else { false } }
        #expect(feedbacks <= 500)
        expectMediaFlows(&call, 500)
    }
}
