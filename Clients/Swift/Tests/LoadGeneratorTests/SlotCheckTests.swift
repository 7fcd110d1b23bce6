import PayloadFormats
import ProtocolCore
import RTP
import Testing

@testable import LoadGenerator

/// What the checks say of streams with known faults, in virtual time.
@Suite struct SlotCheckTests {
    private struct Packet {
        var sequence: SequenceNumber
        var timestamp: RTPTimestamp
        var marker: Bool
        var payload: [UInt8]
        var frame: UInt32
        var at: Instant
    }

    private static let delay: Duration = .milliseconds(7)

    /// Packets of so many frames, one every 33 ms from 1 s on, arriving 7 ms after capture, 100 µs apart.
    private func stream(
        frames: Int, from publisher: Int = 3, sequence: Int = 65_500, begin: Instant = .zero + .seconds(1)
    ) -> [Packet] {
        var source = SyntheticH264(seed: 5)
        var packets: [Packet] = []
        var accessUnit: [UInt8] = []
        var next = SequenceNumber(UInt16(truncatingIfNeeded: sequence))
        for number in 0..<frames {
            let now = begin + .milliseconds(33 * number)
            let frame = source.next(
                into: &accessUnit, now: SourceMark(publisher: publisher, layer: 0).marking(now))
            let payloads = H264Packetizer.payloads(of: accessUnit, maximumPayloadSize: 1100)
            for (position, payload) in payloads.enumerated() {
                packets.append(
                    Packet(
                        sequence: next, timestamp: RTPTimestamp(UInt32(number) &* 2970),
                        marker: position == payloads.count - 1, payload: payload, frame: frame.number,
                        at: now + Self.delay + .microseconds(100 * position)))
                next = next + 1
            }
        }
        return packets
    }

    private func feed(_ packets: [Packet], to check: inout VideoSlotCheck) {
        for packet in packets {
            check.insert(
                sequence: packet.sequence, timestamp: packet.timestamp, marker: packet.marker, isRecovered: false,
                payload: packet.payload.span.bytes, arrival: packet.at)
        }
    }

    private func counting() -> VideoSlotCheck {
        var check = VideoSlotCheck()
        check.startCounting(at: .zero + .milliseconds(500))
        return check
    }

    @Test func aPerfectStream() throws {
        let packets = stream(frames: 90)
        var check = counting()
        feed(packets, to: &check)
        let result = check.result
        #expect(result.videoFrames == 90)
        #expect(result.videoPackets == packets.count)
        #expect(result.bytes == packets.reduce(0) { $0 + $1.payload.count })
        #expect(result.lostPackets == 0)
        #expect(result.missingFrames == 0)
        #expect(result.corruptedFrames == 0)
        let first = try #require(result.firstPacketLatency.maximum)
        #expect(first >= Self.delay - .microseconds(17) && first <= Self.delay + .microseconds(17))
        let whole = try #require(result.frameLatency.quantile(0.5))
        #expect(whole > Self.delay + .microseconds(300))
        #expect(check.hasStarted)
    }

    @Test func aLostPacketIsOneAndItsFramesAreMissing() {
        let packets = stream(frames: 60)
        let lost = packets.firstIndex { $0.frame == 20 } ?? 0
        var check = counting()
        feed(Array(packets[..<lost] + packets[(lost + 1)...]), to: &check)
        let result = check.result
        #expect(result.lostPackets == 1)
        #expect(result.videoFrames == 20)
        #expect(result.corruptedFrames == 0)
        let wantsKeyframe = check.wantsKeyframe(now: packets[packets.count - 1].at + .seconds(1))
        #expect(wantsKeyframe)
    }

    @Test func aLatePacketIsNotLost() {
        var packets = stream(frames: 60)
        let late = packets.firstIndex { $0.frame == 20 } ?? 0
        let packet = packets.remove(at: late)
        packets.insert(packet, at: late + 9)
        var check = counting()
        feed(packets, to: &check)
        #expect(check.result.lostPackets == 0)
        #expect(check.result.videoFrames == 60)
        #expect(check.result.missingFrames == 0)
    }

    @Test func aFrameThatWasLeftOutIsMissing() {
        // The numbers of the packets go on, as when a server leaves out a picture.
        var packets = stream(frames: 60).filter { $0.frame != 30 && $0.frame != 31 }
        for index in packets.indices { packets[index].sequence = SequenceNumber(UInt16(index)) }
        var check = counting()
        feed(packets, to: &check)
        #expect(check.result.lostPackets == 0)
        #expect(check.result.videoFrames == 58)
        #expect(check.result.missingFrames == 2)
    }

    @Test func aWrongByteIsFound() {
        var packets = stream(frames: 60)
        let index = packets.firstIndex { $0.frame == 20 } ?? 0
        packets[index].payload[packets[index].payload.count / 2] ^= 1
        var check = counting()
        feed(packets, to: &check)
        #expect(check.result.corruptedFrames == 1)
        #expect(check.result.videoFrames == 59)
    }

    @Test func anotherPublisherInTheSlotMissesNothing() {
        let first = stream(frames: 40, sequence: 100)
        let next = Int(first[first.count - 1].sequence.rawValue) + 1
        let second = stream(frames: 20, from: 9, sequence: next, begin: .zero + .seconds(5))
        var check = counting()
        feed(first + second, to: &check)
        #expect(check.result.missingFrames == 0)
        #expect(check.result.videoFrames == 60)
        #expect(check.result.lostPackets == 0)
    }

    @Test func whatCameBeforeIsNotCounted() {
        let packets = stream(frames: 60)
        let half = packets.firstIndex { $0.frame == 30 } ?? 0
        var check = VideoSlotCheck()
        feed(Array(packets[..<half]), to: &check)
        check.startCounting(at: packets[half].at + .milliseconds(-8))
        feed(Array(packets[half...]), to: &check)
        #expect(check.result.videoFrames == 30)
        #expect(check.result.videoPackets == packets.count - half)
        #expect(check.result.lostPackets == 0)
        #expect(check.result.missingFrames == 0)
    }

    @Test func soundIsCountedAndChecked() throws {
        var check = AudioSlotCheck()
        check.startCounting()
        for number in 0..<100 where number != 40 {
            let sentAt = Instant.zero + .milliseconds(20 * number)
            var payload = SyntheticAudio(number: UInt32(number), capturedAt: sentAt).payload
            if number == 50 { payload[60] ^= 0x10 }
            check.insert(
                sequence: SequenceNumber(UInt16(number)), payload: payload.span.bytes,
                arrival: sentAt + .milliseconds(3))
        }
        #expect(check.result.audioPackets == 99)
        #expect(check.result.lostPackets == 1)
        #expect(check.result.corruptedFrames == 1)
        #expect(check.result.audioLatency.quantile(0.5) == .milliseconds(3))
    }
}
