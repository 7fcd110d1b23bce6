import Conference
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import RTP
import Testing

/// The worker's whole path over loopback: ICE, DTLS, SRTP, slots, reports.
@Suite("Media worker")
struct WorkerTests {
    private static let keyframe: [UInt8] = [0x67, 0x42, 0xe0, 0x1f, 1, 2, 3]
    private static let delta: [UInt8] = [0x41, 9, 8, 7, 6, 5]

    private func sendVideo(
        _ call: inout SyntheticCall, from peer: Int, _ sequence: UInt16, _ payload: [UInt8], timestamp: UInt32 = 0
    ) {
        payload.withUnsafeBytes {
            call.peers[peer].sendMedia(
                ssrc: SyntheticDescription.camera(peer), payloadType: SyntheticDescription.h264, sequence: sequence,
                timestamp: timestamp, payload: $0)
        }
    }

    private func sendAudio(
        _ call: inout SyntheticCall, from peer: Int, _ sequence: UInt16, _ payload: [UInt8], level: UInt8 = 30
    ) {
        payload.withUnsafeBytes {
            call.peers[peer].sendMedia(
                ssrc: SyntheticDescription.microphone(peer), payloadType: SyntheticDescription.opus,
                sequence: sequence, timestamp: UInt32(sequence) * 960, audioLevel: level, payload: $0)
        }
    }

    @Test("Handshakes end on both sides, and the application hears of it once")
    func connects() throws {
        let call = try SyntheticCall.make(peers: 3, videoSlots: 1)
        var connected: [ParticipantID] = []
        for case .media(.connected(_, let participant)) in call.core.events { connected.append(participant) }
        #expect(connected == ["p0", "p1", "p2"])
        #expect(call.core.counters.handshakes == 3)
        for index in 0..<3 { #expect(call.peers[index].failures.isEmpty) }
    }

    @Test("Audio arrives in an audio slot, decrypted, with its level and a transport-wide number")
    func audio() throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 1)
        for sequence in UInt16(0)..<10 {
            sendAudio(&call, from: 0, sequence, [UInt8](repeating: UInt8(sequence), count: 80))
            call.step()
        }
        for receiver in 1...2 {
            let packets = call.peers[receiver].takeReceived()
            #expect(packets.count == 10)
            #expect(packets.map(\.payload.first) == (0..<10).map { UInt8($0) })
            #expect(Set(packets.map(\.header.ssrc)) == [SyntheticDescription.slot(receiver, 0)])
            #expect(packets.first?.audioLevel == 30)
            #expect(packets.compactMap(\.transportSequence) == (0..<10).map { UInt16($0) })
        }
        #expect(call.peers[0].takeReceived().isEmpty)
    }

    @Test(
        "Video begins at a keyframe and is asked for; bursts arrive in order with and without segmentation",
        arguments: [true, false])
    func video(segmentation: Bool) throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 1, usesSegmentation: segmentation)
        call.show(0, of: 1)
        call.show(0, of: 2)
        sendVideo(&call, from: 0, 1, Self.delta)
        call.step()
        call.advance(.milliseconds(20))
        let asked = call.peers[0].reports.contains {
            if case .pictureLossIndication(let request) = $0 {
                request.media == SyntheticDescription.camera(0)
            } else {
                false
            }
        }
        #expect(asked)
        sendVideo(&call, from: 0, 2, Self.keyframe)
        for sequence in UInt16(3)..<33 {
            sendVideo(&call, from: 0, sequence, Self.delta + [UInt8](repeating: 1, count: Int(sequence % 3)))
        }
        call.step()
        for receiver in 1...2 {
            let packets = call.peers[receiver].takeReceived()
            #expect(packets.count == 31)
            #expect(packets.first?.payload == Self.keyframe)
            let numbers = packets.map(\.header.sequenceNumber)
            for (left, right) in zip(numbers, numbers.dropFirst()) { #expect(right.distance(from: left) == 1) }
            #expect(call.peers[receiver].failures.isEmpty)
        }
    }

    @Test("A receiver's NACK is answered, a publisher's gap is asked for and its repair forwarded")
    func losses() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        sendVideo(&call, from: 0, 1, Self.keyframe)
        sendVideo(&call, from: 0, 2, Self.delta)
        call.step()
        let first = try #require(call.peers[1].takeReceived().last)
        call.peers[1].sendControl([
            .genericNACK(
                GenericNACK(
                    sender: SSRC(1), media: SyntheticDescription.slot(1, 3), lost: [first.header.sequenceNumber]))
        ])
        call.step()
        let again = try #require(call.peers[1].takeReceived().first)
        #expect(again.header.payloadType.rawValue == SyntheticDescription.h264Retransmission)
        #expect(
            again.payload == [
                UInt8(first.header.sequenceNumber.rawValue >> 8), UInt8(first.header.sequenceNumber.rawValue & 0xff),
            ] + Self.delta)

        sendVideo(&call, from: 0, 4, Self.delta)
        call.step()
        call.advance(.milliseconds(100))
        var nacked: [SequenceNumber] = []
        for case .genericNACK(let nack) in call.peers[0].reports { nacked += nack.lost }
        #expect(nacked.contains(SequenceNumber(3)))
        ([0, 3] + [UInt8]([0x41, 3, 3, 3])).withUnsafeBytes {
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.cameraRetransmission(0),
                payloadType: SyntheticDescription.h264Retransmission, sequence: 77, timestamp: 0, payload: $0)
        }
        call.step()
        let repaired = call.peers[1].takeReceived()
        #expect(repaired.map(\.payload).contains([0x41, 3, 3, 3]))
        #expect(
            repaired.map(\.header.sequenceNumber.rawValue).sorted().count
                == Set(repaired.map(\.header.sequenceNumber)).count)
    }

    @Test("Publishers get transport-wide feedback and receiver reports, receivers sender reports")
    func reports() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        sendVideo(&call, from: 0, 1, Self.keyframe)
        call.peers[0].sendControl([
            .senderReport(
                SenderReport(
                    ssrc: SyntheticDescription.camera(0), ntpTime: NTPTimestamp(sinceUnixEpoch: .seconds(5)),
                    rtpTime: RTPTimestamp(0), packetCount: 1, octetCount: 7, reports: []))
        ])
        call.step()
        call.advance(.milliseconds(1500))
        var feedback = 0
        var lastReport: CompactNTP?
        for report in call.peers[0].reports {
            if case .transportFeedback(let value) = report { feedback += value.packets.count }
            if case .receiverReport(let value) = report { lastReport = value.reports.first?.lastSenderReport }
        }
        #expect(feedback == 1)
        #expect(lastReport == NTPTimestamp(sinceUnixEpoch: .seconds(5)).compact)
        let senderReports = call.peers[1].reports.filter { if case .senderReport = $0 { true } else { false } }
        #expect(!senderReports.isEmpty)
    }

    @Test("Silence is reported as an interruption, and the end of it too")
    func interruption() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        call.core.events = []
        call.advance(.seconds(11))
        var interrupted: Set<ParticipantID> = []
        for case .media(.interrupted(_, let participant)) in call.core.events { interrupted.insert(participant) }
        #expect(interrupted == ["p0", "p1"])
        call.core.events = []
        sendAudio(&call, from: 0, 1, [1, 2, 3])
        call.step()
        call.advance(.milliseconds(20))
        var connected: [ParticipantID] = []
        for case .media(.connected(_, let participant)) in call.core.events { connected.append(participant) }
        #expect(connected == ["p0"])
    }

    @Test("Strangers, garbage and tampered packets are counted and change nothing")
    func hostility() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let length = Int.random(in: 1...200, using: &generator)
            call.peers[0].send((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
            call.core.readable(now: call.now)
        }
        call.step()
        #expect(call.peers[1].takeReceived().isEmpty)
        sendAudio(&call, from: 0, 1, [5])
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
    }

    @Test("Who leaves is forgotten: his packets are strays, his buffers and index are free")
    func leaving() throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 1)
        let taken = call.core.buffers.taken
        call.show(0, of: 1)
        sendVideo(&call, from: 0, 1, Self.keyframe)
        call.step()
        #expect(call.core.buffers.taken > taken)
        call.core.disconnect("p0", from: SyntheticCall.name, now: call.now)
        #expect(call.core.buffers.taken == taken)
        #expect(call.core.peerCount == 2)
        let strays = call.core.counters.strayDatagrams
        sendVideo(&call, from: 0, 2, Self.keyframe)
        call.core.readable(now: call.now)
        #expect(call.core.counters.strayDatagrams == strays + 1)
    }

    @Test("A stream that was not announced is known by its mid; a new one takes its place, numbers go on")
    func unannouncedStreams() throws {
        var options = SyntheticDescription.Options()
        options.announces = false
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1, options: options)
        call.show(0, of: 1)
        var numbers: [UInt16] = []
        for generation in UInt32(0)..<40 {
            for sequence in UInt16(0)..<2 {
                Self.keyframe.withUnsafeBytes {
                    call.peers[0].sendMedia(
                        ssrc: SSRC(777 + generation), payloadType: SyntheticDescription.h264, sequence: sequence,
                        timestamp: 0, mid: "v", payload: $0)
                }
            }
            call.advance(.milliseconds(20))
            numbers += call.peers[1].takeReceived().map(\.header.sequenceNumber.rawValue)
        }
        #expect(numbers.count == 80)
        for (left, right) in zip(numbers, numbers.dropFirst()) { #expect(right == left &+ 1) }
        #expect(call.peers[1].failures.isEmpty)
    }

    @Test("Forged packets of an unknown stream, from the right address, do not push the real one aside")
    func forgedStreams() throws {
        var options = SyntheticDescription.Options()
        options.announces = false
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1, options: options)
        call.show(0, of: 1)
        func send(_ call: inout SyntheticCall, _ sequence: UInt16) {
            Self.keyframe.withUnsafeBytes {
                call.peers[0].sendMedia(
                    ssrc: SSRC(777), payloadType: SyntheticDescription.h264, sequence: sequence, timestamp: 0,
                    mid: "v", payload: $0)
            }
        }
        send(&call, 1)
        call.step()
        for ssrc in UInt8(0)..<100 {
            // An RTP header with a mid extension ("v", id 4) and rubbish for a payload.
            call.peers[0].send(
                [
                    0x90, SyntheticDescription.h264, 0, ssrc, 0, 0, 0, 0, 9, 9, 9, ssrc, 0xbe, 0xde, 0, 1, 0x40, 0x76,
                    0, 0,
                ]
                    + [UInt8](repeating: ssrc, count: 60))
        }
        send(&call, 2)
        call.step()
        #expect(call.peers[1].takeReceived().count == 2)
    }

    @Test("A client that checks from many addresses keeps its place in the address table within bounds")
    func manyAddresses() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        for _ in 0..<50 { try call.checkFromAnotherAddress(0) }
        sendAudio(&call, from: 0, 1, [1, 2, 3])
        call.step()
        #expect(call.core.addressCount <= 2 + Int(WorkerCore.addressesPerPeer))
        #expect(call.peers[1].takeReceived().count <= 1)
    }

    @Test("What a receiver was sent while it could not be reached is lost: its picture begins with a new keyframe")
    func reachable() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        call.advance(.seconds(31))
        sendVideo(&call, from: 0, 1, Self.keyframe)
        call.step()
        #expect(call.peers[1].takeReceived().isEmpty)
        call.check(0)
        call.check(1)
        call.advance(.milliseconds(20))
        sendVideo(&call, from: 0, 2, Self.delta)
        call.step()
        #expect(call.peers[1].takeReceived().isEmpty)
        sendVideo(&call, from: 0, 3, Self.keyframe)
        call.step()
        #expect(call.peers[1].takeReceived().map(\.payload) == [Self.keyframe])
    }

    @Test("Nothing is sent to a client that has not consented for 30 seconds, and all is well when it checks again")
    func consent() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        call.advance(.seconds(31))
        sendAudio(&call, from: 0, 1, [1])
        call.step()
        #expect(call.peers[1].takeReceived().isEmpty)
        call.check(1)
        sendAudio(&call, from: 0, 2, [2])
        call.step()
        #expect(call.peers[1].takeReceived().map(\.payload) == [[2]])
    }
}
