import ProtocolCore
import RTP

/// A datagram of control packets. What could be read can be written, and reads the same again.
func testRTCP(_ compound: RawSpan) {
    guard let packets = try? RTCPCompound.parse(compound) else { return }
    var known: [RTCPPacket] = []
    var written: [UInt8] = []
    for packet in packets {
        switch packet {
        case .unknown: break
        case .congestionControlFeedback(let feedback):
            // We only read it.
            check(feedback)
        case .senderReport, .receiverReport, .sourceDescription, .goodbye, .genericNACK, .pictureLossIndication,
            .fullIntraRequest, .transportFeedback, .receiverEstimatedMaximumBitrate, .extendedReport:
            known.append(packet)
            packet.append(to: &written)
        }
    }
    if known.isEmpty { return }
    guard let again = try? RTCPCompound.parse(written.span.bytes) else {
        fatalError("what was read can be written and read: \(known)")
    }
    check(again.map(comparable) == known.map(comparable), "what was read reads the same again: \(known)")
}

/// A feedback by stream, after another one whose time wraps.
private func check(_ feedback: CongestionControlFeedback) {
    var feedback = feedback
    var time: Int64? = 0xffff_ffff
    feedback.extendTimeLine(after: &time)
    check(time != nil, "a feedback has a time")
    for packet in feedback.packets { check(packet.hasArrived || packet.arrival == nil, "what is lost has no arrival") }
}

/// The packet without what writing may change: names are cut to 255 bytes, and lost packets put in order.
private func comparable(_ packet: RTCPPacket) -> RTCPPacket {
    switch packet {
    case .sourceDescription(var description):
        for index in description.chunks.indices {
            description.chunks[index].canonicalName = ""
        }
        return .sourceDescription(description)
    case .genericNACK(var nack):
        nack.lost = Set(nack.lost.map(\.rawValue)).sorted().map { SequenceNumber($0) }
        return .genericNACK(nack)
    case .senderReport, .receiverReport, .goodbye, .pictureLossIndication, .fullIntraRequest, .transportFeedback,
        .receiverEstimatedMaximumBitrate, .extendedReport, .congestionControlFeedback, .unknown:
        return packet
    }
}

/// The input as the body of a transport feedback, and as the arrivals that feedbacks are made of.
func testTransportFeedback(_ input: RawSpan) {
    var packet: [UInt8] = [0x80 | 15, 205]
    packet.append(bigEndian: UInt16(truncatingIfNeeded: (input.byteCount + 3) / 4))
    packet += input.withUnsafeBytes { Array($0) }
    packet += repeatElement(0, count: (4 - packet.count % 4) % 4)
    testRTCP(packet.span.bytes)
    if case .transportFeedback(let feedback)? = try? RTCPCompound.parse(packet.span.bytes).first {
        check(feedback.arrivals.count == feedback.packets.count, "every packet has its line")
    }
    recordArrivals(InputReader(input))
}

/// A sequence number comes from the peer; two bytes of it and one or two of time make an arrival.
private func recordArrivals(_ reader: InputReader) {
    var reader = reader
    var recorder = TransportFeedbackRecorder(sender: SSRC(1), media: SSRC(2))
    var now = Instant.zero
    while !reader.isAtEnd {
        recorder.record(transportSequence: reader.uint16(), at: now)
        let wait = Int(reader.byte())
        // Mostly a fraction of a millisecond apart, now and then seconds.
        now = now + (wait < 0xf0 ? .microseconds(wait * 10) : .milliseconds((wait - 0xef) * 1000 + Int(reader.byte())))
        while let feedback = recorder.poll(now: now) {
            var bytes: [UInt8] = []
            RTCPPacket.transportFeedback(feedback).append(to: &bytes)
            let read = try? RTCPCompound.parse(bytes.span.bytes)
            check(read == [.transportFeedback(feedback)], "a feedback reads as it was made: \(feedback)")
        }
    }
}
