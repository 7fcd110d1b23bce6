import ClientTransport
import PayloadFormats
import ProtocolCore
import RTP
import Reception
import SDP
import Synchronization
import Testing

@testable import CallingClient

/// What arrives in slots, by participant.
@Suite struct SlotReceiverTests {
    final class Recorder: IncomingMediaReceiver {
        let pictures = Mutex<[(participant: String, type: MediaStreamType, isKeyframe: Bool)]>([])
        let samples = Mutex<[String: Int]>([:])

        func receiveVideo(_ accessUnit: VideoAccessUnit, from participant: String, _ type: MediaStreamType) {
            pictures.withLock { $0.append((participant, type, accessUnit.isKeyframe)) }
        }

        func receiveAudio(_ samples: [Int16], from participant: String) {
            self.samples.withLock { $0[participant, default: 0] += samples.count }
        }
    }

    final class Decoder: AudioDecoding {
        func decodePacket(_ packet: [UInt8]) throws -> [Int16] { Array(repeating: 1, count: 960) }
        func decodeLostFrame(_ duration: Duration, from next: [UInt8]) throws -> [Int16] { concealed(duration) }
        func concealFrame(_ duration: Duration) throws -> [Int16] { concealed(duration) }

        private func concealed(_ duration: Duration) -> [Int16] {
            Array(repeating: 2, count: Int(duration.nanoseconds * 48 / 1_000_000))
        }
    }

    let recorder = Recorder()
    let slot = Mid("6")

    func receiver() -> SlotReceiver {
        SlotReceiver(IncomingMediaOptions(receiver: recorder, makeAudioDecoder: { Decoder() })) { _ in }
    }

    /// Sends pictures into a slot, numbered on.
    func send(_ count: Int, _ source: inout SyntheticH264, _ sequence: inout UInt16, to receiver: SlotReceiver) {
        for _ in 0..<count {
            let now = Instant.zero + .milliseconds(33) * Int(sequence)
            var accessUnit: [UInt8] = []
            _ = source.next(into: &accessUnit, now: now)
            let payloads = H264Packetizer.payloads(of: accessUnit, maximumPayloadSize: 60_000)
            for (position, payload) in payloads.enumerated() {
                let packet = ReceivedPacket(
                    mid: slot, purpose: .videoSlot, ssrc: SSRC(1), codec: .h264, sequence: SequenceNumber(sequence),
                    timestamp: RTPTimestamp(UInt32(now.nanoseconds / 11_111)),
                    marker: position == payloads.count - 1, audioLevel: nil, orientation: nil, arrival: now,
                    isRecovered: false)
                payload.withUnsafeBytes { receiver.receive(packet, payload: $0) }
                sequence += 1
            }
        }
    }

    @Test func namesWhoeverIsInTheSlot() {
        let receiver = receiver()
        var source = SyntheticH264()
        var sequence: UInt16 = 0
        receiver.setContent(.init(participant: "ada", source: "camera"), of: slot)
        send(3, &source, &sequence, to: receiver)
        receiver.setContent(.init(participant: "grace", source: "screen"), of: slot)
        // The rest of the one before does not count for the next.
        send(2, &source, &sequence, to: receiver)
        #expect(receiver.tick(now: .zero + .seconds(1)) == [slot])
        source.requestKeyframe()
        send(2, &source, &sequence, to: receiver)
        let pictures = recorder.pictures.withLock { $0 }
        #expect(pictures.map(\.participant) == ["ada", "ada", "ada", "grace", "grace"])
        #expect(pictures.map(\.type) == [.camera, .camera, .camera, .screen, .screen])
        #expect(pictures.map(\.isKeyframe) == [true, false, false, true, false])
        #expect(receiver.tick(now: .zero + .seconds(1)).isEmpty)
    }

    @Test func playsEvenlyWhateverIsLost() {
        let receiver = receiver()
        let mid = Mid("3")
        receiver.setContent(.init(participant: "ada", source: "microphone"), of: mid)
        // One second, every tenth packet lost.
        for tick in 0..<400 {
            let now = Instant.zero + .milliseconds(5) * tick
            if tick % 4 == 0, tick < 200, tick % 40 != 36 {
                let packet = ReceivedPacket(
                    mid: mid, purpose: .audioSlot, ssrc: SSRC(2), codec: .opus,
                    sequence: SequenceNumber(UInt16(tick / 4)), timestamp: RTPTimestamp(UInt32(tick / 4 * 960)),
                    marker: false, audioLevel: nil, orientation: nil, arrival: now, isRecovered: false)
                // A 20 ms frame of CELT, fullband (RFC 6716 table 2: configuration 31).
                [UInt8(31 << 3), 1, 2, 3, 4].withUnsafeBytes { receiver.receive(packet, payload: $0) }
            }
            _ = receiver.tick(now: now)
        }
        // Two seconds were played, sound or silence, less what the first tick leaves over.
        let played = recorder.samples.withLock { $0["ada"] ?? 0 }
        #expect((95_000...97_000).contains(played), "\(played)")
    }
}
