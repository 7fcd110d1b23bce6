import Conference
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import RTP
import Testing

/// Peers that say themselves that they are gone.
@Suite("Peers that say goodbye")
struct GoodbyeTests {
    private func closings(_ call: borrowing SyntheticCall) -> [String] {
        call.core.events.compactMap { event in
            guard case .media(.closed(_, let participant, let isGoodbye)) = event else { return nil }
            return "\(participant) \(isGoodbye ? "goodbye" : "closed")"
        }
    }

    private func sendSound(_ call: inout SyntheticCall, _ sequence: UInt16) {
        [UInt8](repeating: 1, count: 80).withUnsafeBytes { payload in
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.microphone(0), payloadType: SyntheticDescription.opus, sequence: sequence,
                timestamp: UInt32(sequence) * 960, audioLevel: 30, payload: payload)
        }
    }

    private func sendPicture(_ call: inout SyntheticCall, _ sequence: UInt16) {
        [UInt8]([0x67, 0x42, 0xe0, 0x1f, 1, 2, 3]).withUnsafeBytes { payload in
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.camera(0), payloadType: SyntheticDescription.h264, sequence: sequence,
                timestamp: 0, payload: payload)
        }
    }

    @Test("A close_notify is told at once, and once")
    func closeNotify() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.peers[1].close()
        call.advance(.seconds(1))
        #expect(closings(call) == ["p1 closed"])
        var connected: [ParticipantID] = []
        for case .media(.connected(_, let participant)) in call.core.events { connected.append(participant) }
        #expect(connected == ["p0", "p1"])
    }

    @Test("A goodbye counts when it is for all streams that flow")
    func goodbyeOfAllStreams() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        sendSound(&call, 1)
        sendPicture(&call, 1)
        call.step()
        call.peers[0].sendControl([.goodbye(Goodbye(sources: [SyntheticDescription.microphone(0)]))])
        call.step()
        #expect(closings(call).isEmpty)
        // The stream goes on after all.
        sendSound(&call, 2)
        call.step()
        call.peers[0].sendControl([.goodbye(Goodbye(sources: [SyntheticDescription.camera(0), SSRC(99)]))])
        call.step()
        #expect(closings(call).isEmpty)
        call.peers[0].sendControl([.goodbye(Goodbye(sources: [SyntheticDescription.microphone(0)]))])
        call.step()
        #expect(closings(call) == ["p0 goodbye"])
    }

    @Test("A peer that sends nothing says goodbye as a receiver")
    func goodbyeOfAReceiver() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.peers[1].sendControl([.goodbye(Goodbye(sources: [SSRC(1)]))])
        call.step()
        #expect(closings(call) == ["p1 goodbye"])
    }
}
