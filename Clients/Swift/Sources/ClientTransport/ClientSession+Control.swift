internal import Congestion
internal import ICE
public import ProtocolCore
public import RTP
internal import SRTP

/// Reports and requests, both ways.
extension ClientSession {
    /// A keyframe is asked for at most so often per slot.
    static let keyframeRequestInterval: Duration = .milliseconds(300)
    /// Report blocks in one packet (RFC 3550 §6.4.1).
    private static let mostReportBlocks = 31
    /// Control packets are cut into datagrams below this size.
    private static let largestCompound = 1100

    /// Asks the peer for a keyframe in a slot; asked again too soon it does nothing.
    public mutating func requestKeyframe(
        _ mid: Mid, now: Instant, into output: inout DatagramBuffer
    ) {
        guard isConnected, let path = ice.path else { return }
        for stream in incoming.all where stream.repairs == nil && stream.mid == mid {
            if let request = keyframeRequest(stream, now: now) { sendControl([request], path: path, into: &output) }
        }
    }

    /// How the clock of a slot's stream relates to its sender's wall clock; nil before the first report.
    public func clock(of mid: Mid) -> (ntpTime: NTPTimestamp, rtpTime: RTPTimestamp)? {
        incoming.all.first { $0.mid == mid && $0.repairs == nil }?.clock
    }

    private mutating func keyframeRequest(_ stream: IncomingStream, now: Instant) -> RTCPPacket? {
        if let last = stream.lastKeyframeRequest, now - last < Self.keyframeRequestInterval { return nil }
        stream.lastKeyframeRequest = now
        counters.sentKeyframeRequests += 1
        return .pictureLossIndication(PictureLossIndication(sender: controlSSRC, media: stream.ssrc))
    }

    var wallClock: Duration { configuration.wallClockAtZero }

    private func ntpTime(_ now: Instant) -> NTPTimestamp {
        NTPTimestamp(sinceUnixEpoch: wallClock + (now - .zero))
    }

    // MARK: In

    mutating func receiveControl(
        _ datagram: UnsafeRawBufferPointer, now: Instant, into output: inout DatagramBuffer
    ) {
        let packets: [RTCPPacket]
        do {
            guard let compound = try receiver?.unprotectRTCP(datagram.bytes) else { return }
            packets = try RTCPCompound.parse(compound.span.bytes)
        } catch {
            counters.refusedPackets += 1
            return
        }
        for packet in packets { handle(packet, now: now) }
        if !repairs.isEmpty, let path = ice.path { flushVideo(now: now, path: path, into: &output) }
    }

    private mutating func handle(_ packet: RTCPPacket, now: Instant) {
        switch packet {
        case .senderReport(let report):
            incoming[report.ssrc]?.clock = (report.ntpTime, report.rtpTime)
            incoming[report.ssrc]?.statistics.recordSenderReport(ntpTime: report.ntpTime, at: now)
            report.reports.forEach { take($0, now: now) }
        case .receiverReport(let report):
            report.reports.forEach { take($0, now: now) }
        case .genericNACK(let nack):
            queueRepairs(nack)
        case .pictureLossIndication(let request):
            if let index = outgoing.firstIndex(where: { $0.ssrc == request.media }) { keyframeRequested(index) }
        case .fullIntraRequest(let request):
            for entry in request.entries {
                guard let index = outgoing.firstIndex(where: { $0.ssrc == entry.ssrc }) else { continue }
                // A repeated number is the same command (RFC 5104 §4.3.1.2).
                if nextIntraRequests.updateValue(entry.sequence, forKey: entry.ssrc) != entry.sequence {
                    keyframeRequested(index)
                }
            }
        case .transportFeedback(let feedback):
            controller.receive(feedback, at: now)
            pacer.target = controller.target
        case .extendedReport(let report):
            if let time = report.referenceTime { peerReference = (report.ssrc, time, now) }
        case .sourceDescription, .goodbye, .receiverEstimatedMaximumBitrate, .congestionControlFeedback, .unknown:
            break
        }
    }

    private mutating func take(_ block: ReportBlock, now: Instant) {
        guard let index = outgoing.firstIndex(where: { $0.ssrc == block.ssrc }) else { return }
        outgoing[index].isKnownToPeer = true
        outgoing[index].fractionLost = block.fractionLost
        if let time = block.roundTripTime(arrival: ntpTime(now)) {
            roundTrip = time
            for stream in incoming.all { stream.losses.roundTripTime = time }
        }
    }

    private mutating func queueRepairs(_ nack: GenericNACK) {
        guard let index = outgoing.firstIndex(where: { $0.ssrc == nack.media }) else { return }
        for sequence in nack.lost {
            guard repairs.count < Self.mostRepairs, let kept = outgoing[index].index(of: sequence) else { continue }
            repairs.append(Repair(stream: index, index: kept))
        }
    }

    private mutating func keyframeRequested(_ index: Int) {
        counters.receivedKeyframeRequests += 1
        wantKeyframe(index)
    }

    mutating func wantKeyframe(_ index: Int) {
        let event = Event.keyframeWanted(outgoing[index].mid, outgoing[index].rid)
        // What was not fetched yet need not be said twice.
        guard !events[nextEvent...].contains(event) else { return }
        events.append(event)
    }

    // MARK: Out

    /// Asks for what is missing and tells the peer what has arrived, when it is time.
    mutating func sendFeedback(now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer) {
        var packets: [RTCPPacket] = []
        while let feedback = arrivals.poll(now: now) { packets.append(.transportFeedback(feedback)) }
        if hasLosses { packets += repairRequests(now: now) }
        sendControl(packets, path: path, into: &output)
    }

    /// What is asked of the peer because of packets that are missing now.
    private mutating func repairRequests(now: Instant) -> [RTCPPacket] {
        var packets: [RTCPPacket] = []
        hasLosses = false
        for stream in incoming.all where stream.isRepaired {
            if let due = stream.losses.deadline, due <= now {
                let lost = stream.losses.poll(now: now)
                if !lost.isEmpty {
                    counters.sentNacks += 1
                    packets.append(.genericNACK(GenericNACK(sender: controlSSRC, media: stream.ssrc, lost: lost)))
                }
            }
            if stream.losses.needsKeyframe, let request = keyframeRequest(stream, now: now) {
                stream.losses.needsKeyframe = false
                packets.append(request)
            }
            hasLosses = hasLosses || stream.hasLosses
        }
        return packets
    }

    /// One sender report for each stream that flows, and one block for each stream that arrives.
    mutating func sendReports(now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer) {
        var blocks: [ReportBlock] = []
        for stream in incoming.all where stream.repairs == nil {
            guard blocks.count < Self.mostReportBlocks else { break }
            if let block = stream.statistics.reportBlock(now: now) { blocks.append(block) }
        }
        var packets: [RTCPPacket] = []
        for stream in outgoing where stream.codec != nil {
            guard let last = stream.lastTimestamp else { continue }
            let elapsed = (now - last.at).nanoseconds &* Int64(stream.clockRate) / 1_000_000_000
            packets.append(
                .senderReport(
                    SenderReport(
                        ssrc: stream.ssrc, ntpTime: ntpTime(now), rtpTime: last.value + Int(elapsed),
                        packetCount: stream.packetCount, octetCount: stream.octetCount,
                        reports: packets.isEmpty ? blocks : [])))
        }
        if packets.isEmpty { packets.append(.receiverReport(ReceiverReport(ssrc: controlSSRC, reports: blocks))) }
        let named = outgoing.filter { $0.lastTimestamp != nil }.map(\.ssrc).prefix(30) + [controlSSRC]
        packets.append(
            .sourceDescription(
                SourceDescription(
                    chunks: named.map {
                        SourceDescription.Chunk(ssrc: $0, canonicalName: configuration.canonicalName)
                    })))
        if let reference = peerReference {
            peerReference = nil
            packets.append(
                .extendedReport(
                    ExtendedReport(
                        ssrc: controlSSRC,
                        receptions: [
                            ExtendedReport.Reception(
                                receiver: reference.peer, lastReference: reference.time.compact,
                                delay: CompactNTP(now - reference.arrival))
                        ])))
        }
        sendControl(packets, path: path, into: &output)
    }

    /// Puts control packets into as few datagrams as they fit.
    mutating func sendControl(_ packets: [RTCPPacket], path: ICEAgent.Path, into output: inout DatagramBuffer) {
        var compound: [UInt8] = []
        func send(_ bytes: [UInt8]) {
            guard bytes.count >= 8, bytes.count <= DatagramBuffer.largestDatagram - 64 else { return }
            guard let protected = sender?.protectRTCP(bytes), !protected.isEmpty else { return }
            output.append(protected, path: path)
        }
        for packet in packets {
            var bytes: [UInt8] = []
            packet.append(to: &bytes)
            if !compound.isEmpty, compound.count + bytes.count > Self.largestCompound {
                send(compound)
                compound = []
            }
            compound += bytes
        }
        if !compound.isEmpty { send(compound) }
    }

    /// Congestion control's own time.
    mutating func control(now: Instant) {
        for cluster in controller.poll(now: now) { pacer.begin(cluster, now: now) }
        pacer.target = controller.target
        nextControl = sendsVideo ? now + Self.controlInterval : nil
    }
}
