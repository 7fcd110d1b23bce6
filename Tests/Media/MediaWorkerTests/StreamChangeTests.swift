import MediaLab
import MediaWorker
import ProtocolCore
import RTP
import Testing

/// Streams whose SSRC is not the one that the offer announced (RFC 9143 §9.2).
@Suite("Streams that change their SSRC")
struct StreamChangeTests {
    private static let keyframe: [UInt8] = [0x67, 0x42, 0xe0, 0x1f, 1, 2, 3]
    private static let delta: [UInt8] = [0x41, 9, 8, 7, 6, 5]

    private func send(
        _ call: inout SyntheticCall, _ ssrc: SSRC, _ sequence: UInt16, _ payload: [UInt8], mid: String? = "v",
        type: UInt8 = SyntheticDescription.h264
    ) {
        payload.withUnsafeBytes {
            call.peers[0].sendMedia(
                ssrc: ssrc, payloadType: type, sequence: sequence, timestamp: UInt32(sequence) * 3000, mid: mid,
                payload: $0)
        }
    }

    @Test("A stream with the right mid is taken though another SSRC was announced, from the start")
    func unannouncedFromTheStart() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        send(&call, SSRC(4242), 1, Self.keyframe)
        for sequence in UInt16(2)..<42 {
            send(&call, SSRC(4242), sequence, Self.delta)
            call.advance(.milliseconds(10))
        }
        #expect(call.peers[1].failures.isEmpty)
        #expect(call.core.totals.peers.refusedPackets == 0)
        #expect(call.peers[1].takeReceived().count == 41)
        #expect(call.core.totals.peers.unknownStreamPackets == 0)
    }

    @Test("A sender that changes its SSRC goes on in the same slot, whose numbers do not jump", arguments: ["v", nil])
    func changedOnTheWay(mid: String?) throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        var numbers: [UInt16] = []
        for (generation, ssrc) in [SyntheticDescription.camera(0), SSRC(777), SSRC(778)].enumerated() {
            send(&call, ssrc, UInt16(generation) * 7000, Self.keyframe, mid: mid)
            for sequence in UInt16(1)..<10 {
                send(&call, ssrc, UInt16(generation) * 7000 + sequence, Self.delta, mid: mid)
            }
            call.advance(.milliseconds(20))
            let packets = call.peers[1].takeReceived()
            #expect(Set(packets.map(\.header.ssrc)) == [SyntheticDescription.slot(1, 3)])
            numbers += packets.map(\.header.sequenceNumber.rawValue)
        }
        #expect(numbers.count == 30)
        for (left, right) in zip(numbers, numbers.dropFirst()) { #expect(right == left &+ 1) }
        #expect(call.peers[1].failures.isEmpty)
    }

    @Test("A microphone may change its SSRC too")
    func audio() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        for sequence in UInt16(0)..<10 {
            [7, 7, 7].withUnsafeBytes {
                call.peers[0].sendMedia(
                    ssrc: SSRC(909), payloadType: SyntheticDescription.opus, sequence: sequence,
                    timestamp: UInt32(sequence) * 960, audioLevel: 20, mid: "a", payload: $0)
            }
            call.step()
        }
        #expect(call.peers[1].takeReceived().count == 10)
    }

    @Test("A mid that nobody negotiated binds nothing")
    func unknownMid() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        send(&call, SSRC(4242), 1, Self.keyframe, mid: "x")
        call.step()
        #expect(call.peers[1].takeReceived().isEmpty)
        #expect(call.core.totals.peers.unknownStreamPackets == 1)
    }

    @Test("A new offer that announces the same leaves a stream alone that was learnt meanwhile")
    func sameOfferAgain() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        send(&call, SSRC(4242), 1, Self.keyframe)
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
        try call.negotiate(0)
        send(&call, SSRC(4242), 2, Self.delta)
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
    }

    @Test("Who begins anew with every packet is held to so many changes; the rest is counted and costs no keyframes")
    func endlessChanges() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        for number in UInt32(0)..<500 {
            send(&call, SSRC(5000 + number), 1, Self.keyframe)
            call.core.readable(now: call.now)
        }
        #expect(call.core.totals.refusedStreams == 500 - 64)
        #expect(call.peers[1].failures.isEmpty)
        call.advance(.seconds(1))
        _ = call.peers[1].takeReceived()
        send(&call, SSRC(6000), 1, Self.keyframe)
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
    }
}
