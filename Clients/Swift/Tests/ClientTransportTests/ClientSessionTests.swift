import ClientTransport
import Congestion
import ICE
import NetworkEmulation
import PayloadFormats
import ProtocolCore
import RTP
import SDP
import Testing

@Suite struct ClientSessionTests {
    let microphone = Mid("0")
    let camera = Mid("1")
    let audioSlot = Mid("3")
    let videoSlot = Mid("6")

    @Test func connectsInAFewRoundTrips() throws {
        let call = try VirtualCall()
        try call.negotiate()
        call.run(for: .milliseconds(240))
        #expect(call.isConnected)
        #expect(call.isServerConnected)
        #expect(call.events == [.connected])
        #expect(call.path?.remote == VirtualServer.endpoint)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func connectsOverALossyLink(seed: UInt64) throws {
        let call = try VirtualCall.connected(
            LinkConditions(delay: .milliseconds(50), loss: .random(0.15)), seed: seed)
        #expect(call.isServerConnected)
        #expect(call.events == [.connected])
    }

    @Test func sendsAudioThatSaysWhereItBelongs() throws {
        let call = try VirtualCall.connected()
        let stream = try #require(call.stream(microphone))
        var next: UInt8 = 0
        call.run(for: .seconds(2)) { call in
            guard (call.now - .zero).nanoseconds % 20_000_000 == 0 else { return }
            call.client.sendAudio(
                [0x78, next], on: stream, mediaTime: .milliseconds(20) * Int(next),
                level: AudioLevel(voiceActivity: true, level: 30), now: call.now, into: &call.datagrams)
            next += 1
        }
        call.run(for: .milliseconds(30))
        let audio = call.received
        #expect(audio.count == 100)
        #expect(audio.map(\.payload) == (0..<100).map { [0x78, $0] })
        #expect(audio.allSatisfy { $0.header.payloadType == PayloadType(111) })
        #expect(audio.first?.mid == "0")
        #expect(audio.first?.values.audioLevel == AudioLevel(voiceActivity: true, level: 30))
        // Once a report has named the stream, the line need not be named any more.
        #expect(audio.last?.mid == nil)
        for (one, other) in zip(audio, audio.dropFirst()) {
            #expect(other.header.timestamp.distance(from: one.header.timestamp) == 960)
            #expect(other.header.sequenceNumber.distance(from: one.header.sequenceNumber) == 1)
        }
        let reports = call.reports.compactMap { if case .senderReport(let report) = $0 { report } else { nil } }
        #expect(reports.contains { $0.ssrc == audio[0].header.ssrc && $0.packetCount > 0 })
        #expect(call.roundTrip.map { $0 > .milliseconds(38) && $0 < .milliseconds(45) } == true)
    }

    /// What a server would put together of video, with the packets that came again in their places.
    func payloads(_ call: VirtualCall) -> [UInt16: [UInt8]] {
        var found: [UInt16: [UInt8]] = [:]
        for packet in call.received {
            if packet.header.payloadType == PayloadType(102) {
                found[packet.header.sequenceNumber.rawValue] = packet.payload
            } else if packet.header.payloadType == PayloadType(103), packet.payload.count > 2, !packet.header.hasPadding
            {
                found[UInt16(packet.payload[0]) << 8 | UInt16(packet.payload[1])] = Array(packet.payload[2...])
            }
        }
        return found
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func repairsLostVideo(seed: UInt64) throws {
        let call = try VirtualCall.connected(LinkConditions(delay: .milliseconds(20)), seed: seed)
        call.up.change(to: LinkConditions(delay: .milliseconds(20), loss: .random(0.05)), at: call.now)
        let stream = try #require(call.stream(camera))
        var frame = 0
        var sent: [[UInt8]] = []
        call.run(for: .seconds(3)) { call in
            guard (call.now - .zero).nanoseconds % 40_000_000 == 0 else { return }
            let payloads = (0..<4).map { part in
                [UInt8](repeating: UInt8(truncatingIfNeeded: frame * 4 + part), count: 700)
            }
            let taken = call.client.sendFrame(
                payloads, isKeyframe: frame == 0, on: stream, mediaTime: .milliseconds(40) * frame, now: call.now,
                into: &call.datagrams)
            #expect(taken)
            sent += payloads
            frame += 1
        }
        call.up.change(to: LinkConditions(delay: .milliseconds(20)), at: call.now)
        call.run(for: .seconds(2))
        let arrived = payloads(call)
        #expect(call.counters.retransmittedPackets > 0)
        #expect(arrived.count == sent.count)
        // The stream's start is random; its order is not.
        let first = try #require(call.received.first { $0.header.payloadType == PayloadType(102) })
        let base = first.header.sequenceNumber
        let ordered = (0..<sent.count).map { arrived[(base + $0).rawValue] }
        #expect(ordered.compactMap { $0 } == sent)
    }

    @Test func deliversSlotsAndAsksForWhatIsMissing() throws {
        let call = try VirtualCall.connected()
        let slot = try #require(call.slot(videoSlot))
        call.down.change(to: LinkConditions(delay: .milliseconds(20), loss: .random(0.1)), at: call.now)
        var sequence: UInt16 = 300
        call.run(for: .seconds(3)) { call in
            guard (call.now - .zero).nanoseconds % 10_000_000 == 0 else { return }
            call.server.send(
                [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 600), ssrc: slot.ssrc, type: 102,
                sequence: sequence, timestamp: UInt32(sequence) &* 900)
            sequence &+= 1
        }
        call.down.change(to: LinkConditions(delay: .milliseconds(20)), at: call.now)
        call.run(for: .seconds(2))
        let first = try #require(call.delivered.first?.packet.sequence.rawValue)
        #expect(Set(call.delivered.map(\.packet.sequence.rawValue)) == Set(first..<sequence))
        #expect(call.delivered.contains { $0.packet.isRecovered })
        #expect(call.delivered.allSatisfy { $0.packet.mid == videoSlot && $0.packet.codec == .h264 })
        #expect(
            call.delivered.allSatisfy {
                $0.payload == [UInt8](repeating: UInt8(truncatingIfNeeded: $0.packet.sequence.rawValue), count: 600)
            })
        #expect(call.counters.sentNacks > 0)
        let feedback = call.reports.filter { if case .transportFeedback = $0 { true } else { false } }
        #expect(feedback.count > 20)
    }

    @Test func asksForKeyframesNotTooOften() throws {
        let call = try VirtualCall.connected()
        for _ in 0..<5 { call.client.requestKeyframe(videoSlot, now: call.now, into: &call.datagrams) }
        call.transfer()
        call.run(for: .milliseconds(100))
        let requests = call.reports.filter { if case .pictureLossIndication = $0 { true } else { false } }
        #expect(requests.count == 1)
    }

    @Test func passesKeyframeRequestsOn() throws {
        let call = try VirtualCall.connected()
        let ssrc = try #require(call.session?.line(camera)?.publish?.streams.first?.ssrc)
        let request = RTCPPacket.pictureLossIndication(PictureLossIndication(sender: SSRC(1), media: ssrc))
        call.server.sendControl([request, request])
        call.run(for: .milliseconds(100))
        #expect(call.events == [.connected, .keyframeWanted(camera, nil)])
        #expect(call.counters.receivedKeyframeRequests == 2)
    }

    @Test func sendsLayersByTheirNames() throws {
        let layers = [Rid("q"), Rid("h"), Rid("f")]
        let call = try VirtualCall.connected(lines: ClientLine.usual(cameraLayers: layers))
        let streams = try layers.map { try #require(call.stream(camera, rid: $0)) }
        for (number, stream) in streams.enumerated() {
            call.client.sendFrame(
                [[UInt8(number), 1]], isKeyframe: true, on: stream, mediaTime: .zero, now: call.now,
                into: &call.datagrams)
        }
        call.run(for: .milliseconds(200))
        let video = call.received.filter { $0.header.payloadType == PayloadType(102) }
        #expect(video.map { $0.payload[0] } == [0, 1, 2])
        #expect(Set(video.map(\.header.ssrc)).count == 3)
        #expect(Set(video.map(\.header.timestamp)).count == 1)
        #expect(video.allSatisfy { $0.mid == "1" && $0.values.rid != nil })
    }

    @Test func sendsTheBestLayerToWhomTakesNoSimulcast() throws {
        let layers = [Rid("q"), Rid("f")]
        let call = try VirtualCall(lines: ClientLine.usual(cameraLayers: layers))
        let offer = call.client.offer(call.lines).description
        let answer = try call.server.answer(
            offer, purposes: Dictionary(uniqueKeysWithValues: call.lines.map { ($0.mid, $0.purpose) }))
        let plain = answer.split(separator: "\r\n").filter { !$0.contains("rid:") && !$0.contains("simulcast:") }
        try call.client.accept(plain.joined(separator: "\r\n") + "\r\n", now: .zero, into: &call.datagrams)
        #expect(call.stream(camera, rid: Rid("q")) == nil)
        #expect(call.stream(camera, rid: Rid("f")) != nil)
    }

    @Test func refusesAnAnswerThatIsNone() throws {
        let call = try VirtualCall()
        _ = call.client.offer(call.lines)
        #expect(throws: ClientSessionError.self) {
            try call.client.accept("nonsense", now: .zero, into: &call.datagrams)
        }
    }

    @Test func restartsICEWithoutLosingAPacket() throws {
        let call = try VirtualCall.connected()
        let stream = try #require(call.stream(microphone))
        var next = 0
        func speak(_ call: VirtualCall) {
            guard (call.now - .zero).nanoseconds % 20_000_000 == 0 else { return }
            call.client.sendAudio(
                [UInt8(next)], on: stream, mediaTime: .milliseconds(20) * next, now: call.now, into: &call.datagrams)
            next += 1
        }
        call.run(for: .seconds(1)) { speak($0) }
        try call.negotiate(restartingWith: ICECredentials(ufrag: "again", password: "anotherPassword0123456789"))
        call.run(for: .seconds(1)) { speak($0) }
        call.run(for: .milliseconds(50))
        #expect(call.received.count == next)
        #expect(call.events == [.connected])
    }

    @Test func tellsOfADeadPath() throws {
        let call = try VirtualCall.connected()
        call.up.change(to: LinkConditions(rate: 0, queueLimit: .bytes(0)), at: call.now)
        call.run(for: .seconds(40))
        #expect(call.events == [.connected, .interrupted, .pathLost, .pathLost])
        #expect(call.path == nil)
    }

    @Test func saysGoodbye() throws {
        let call = try VirtualCall.connected()
        call.client.close(now: call.now, into: &call.datagrams)
        call.transfer()
        call.run(for: .milliseconds(100))
        #expect(!call.isServerConnected)
        #expect(!call.isConnected)
    }

    /// Hundreds of sessions live in one process.
    @Test func isSmall() {
        #expect(MemoryLayout<ClientSession>.size < 40_000)
    }
}
