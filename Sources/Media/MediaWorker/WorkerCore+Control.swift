internal import Conference
internal import Congestion
internal import MediaIO
internal import MediaVocabulary
internal import ProtocolCore
internal import RTP
internal import SRTP

/// RTCP: what peers report and ask for, and what we report and ask for.
extension WorkerCore {
    @inline(never)
    mutating func receiveControl(
        _ datagram: UnsafeMutableRawBufferPointer, _ peer: UnsafeMutablePointer<Peer>, _ place: Int, now: Instant
    ) {
        guard let receiver = peer.pointee.receiver,
            let compound = try? receiver.pointee.unprotectRTCP(UnsafeRawBufferPointer(datagram).bytes),
            let packets = try? RTCPCompound.parse(compound.span.bytes)
        else {
            peer.pointee.counters.refusedPackets += 1
            // It may be of somebody else who claims the path.
            if let rival = rival(of: peer, place, now: now), let other = self.peer(rival.peer) {
                receiveControl(datagram, other, Int(rival.place), now: now)
            }
            return
        }
        peer.pointee.lastHeard = now
        prove(.packet, place, of: peer, now: now)
        for packet in packets { handle(packet, from: peer, now: now) }
    }

    private mutating func handle(_ packet: RTCPPacket, from peer: UnsafeMutablePointer<Peer>, now: Instant) {
        let conference = peer.pointee.conference
        let member = peer.pointee.member
        switch packet {
        case .senderReport(let report):
            guard let stream = peer.pointee.stream(report.ssrc), !stream.pointee.isRetransmission else { return }
            stream.pointee.statistics.recordSenderReport(ntpTime: report.ntpTime, at: now)
            report.reports.forEach { noteRoundTrip($0.roundTripTime(arrival: ntpTime(now)), of: peer) }
            conference.pointee.recordSenderReport(
                timestamp: report.rtpTime.rawValue, publisherTime: report.ntpTime.sinceUnixEpoch.nanoseconds,
                of: TrackReference(member: member, source: stream.pointee.source), layer: stream.pointee.layer, at: now)
        case .genericNACK(let nack):
            peer.pointee.counters.receivedNacks += UInt64(nack.lost.count)
            if let sent = peer.pointee.sentPackets, sent.pointee.covers(nack.media.rawValue) {
                return sendAgain(nack.lost, ofSlot: nack.media, sent, to: peer, now: now)
            }
            conference.pointee.retransmit(nack.lost, ofSlot: nack.media, to: member, now: now, queue: &queue)
            if !queue.hasRoom { flush() }
        case .pictureLossIndication(let request):
            peer.pointee.counters.receivedKeyframeRequests += 1
            conference.pointee.requestKeyframe(forSlot: request.media, by: member)
            conferenceSchedule.wake(peer.pointee.conferenceIndex)
        case .fullIntraRequest(let request):
            peer.pointee.counters.receivedKeyframeRequests += 1
            for entry in request.entries { conference.pointee.requestKeyframe(forSlot: entry.ssrc, by: member) }
            conferenceSchedule.wake(peer.pointee.conferenceIndex)
        case .transportFeedback(let feedback):
            peer.pointee.counters.reportedLost += UInt64(peer.pointee.control.pointee.receive(feedback, at: now))
            noteRoundTrip(peer.pointee.control.pointee.controller.roundTrip, of: peer)
            control(peer, now: now)
        case .congestionControlFeedback(let feedback):
            peer.pointee.counters.reportedLost += UInt64(peer.pointee.control.pointee.receive(feedback, at: now))
            control(peer, now: now)
        case .receiverEstimatedMaximumBitrate(let estimate):
            // What was not agreed on is not feedback (RFC 4585 §4.2).
            guard peer.pointee.description.estimatesBitrate else { return }
            peer.pointee.counters.estimatedBitrate = estimate.bitsPerSecond
            peer.pointee.control.pointee.receive(estimate: Int(clamping: estimate.bitsPerSecond), at: now)
            applyBudget(to: peer, now: now)
        case .receiverReport(let report):
            report.reports.forEach { noteRoundTrip($0.roundTripTime(arrival: ntpTime(now)), of: peer) }
        case .extendedReport(let report):
            // What a browser that only sends answers to our own reference time.
            for reception in report.receptions where reception.receiver == peer.pointee.controlSSRC {
                noteRoundTrip(reception.roundTripTime(arrival: ntpTime(now)), of: peer)
            }
        case .goodbye(let goodbye):
            receiveGoodbye(goodbye, from: peer)
        case .sourceDescription, .unknown:
            break
        }
    }

    /// Notes which streams have ended (RFC 3550 §6.6). A peer that sent nothing says goodbye as a receiver.
    private mutating func receiveGoodbye(_ goodbye: Goodbye, from peer: UnsafeMutablePointer<Peer>) {
        for ssrc in goodbye.sources {
            guard let stream = peer.pointee.stream(ssrc) else { continue }
            stream.pointee.endedAt = stream.pointee.security.highestIndex
        }
        for position in 0..<peer.pointee.streamCount where peer.pointee.streams[position].isFlowing { return }
        reportClosed(peer, isGoodbye: true)
    }

    /// What our reports say of the time.
    private func ntpTime(_ now: Instant) -> NTPTimestamp {
        NTPTimestamp(sinceUnixEpoch: wallClockAtZero + (now - .zero))
    }

    /// Takes a measured round trip to a peer: its lost packets are asked for again at that interval.
    private func noteRoundTrip(_ measured: Duration?, of peer: UnsafeMutablePointer<Peer>) {
        guard let measured, measured <= WorkerCore.longestRoundTrip else { return }
        let smoothed = peer.pointee.roundTrip.map { $0 + (measured - $0) / WorkerCore.roundTripWeight } ?? measured
        peer.pointee.roundTrip = smoothed
        for position in 0..<peer.pointee.streamCount { peer.pointee.streams[position].losses.roundTripTime = smoothed }
    }

    /// Longer ones are a mistake of the peer's.
    private static let longestRoundTrip: Duration = .seconds(5)
    /// A new measurement counts a quarter: TCP's eighth (RFC 6298 §2) is for a measurement with each packet.
    private static let roundTripWeight = 4

    /// How often receiver reports go out (RFC 3550 §6.2, scaled for interactive video as browsers do).
    static let receiverReportInterval: Duration = .seconds(1)

    /// Tells a publisher which of its packets came, and which did not.
    mutating func reportArrivals(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        while let feedback = peer.pointee.arrivals.pointee.poll(now: now) {
            sendControl([.transportFeedback(feedback)], to: peer)
        }
        for position in 0..<peer.pointee.streamCount {
            reportLosses(of: peer.pointee.streams + position, peer, now: now)
        }
    }

    /// Sends one peer the receiver and sender reports that are due.
    mutating func report(to peer: UnsafeMutablePointer<Peer>, now: Instant, wallClock: Duration) {
        if now - peer.pointee.lastReceiverReport >= WorkerCore.receiverReportInterval {
            peer.pointee.lastReceiverReport = now
            sendReceiverReport(to: peer, now: now)
        }
        for report in peer.pointee.conference.pointee.senderReports(for: peer.pointee.member, now: now) {
            let senderReport = SenderReport(
                ssrc: report.ssrc, ntpTime: NTPTimestamp(sinceUnixEpoch: wallClock),
                rtpTime: RTPTimestamp(report.timestamp), packetCount: report.packetCount,
                octetCount: report.octetCount, reports: [])
            let name = SourceDescription(ssrc: report.ssrc, canonicalName: peer.pointee.canonicalName)
            sendControl([.senderReport(senderReport), .sourceDescription(name)], to: peer)
        }
    }

    private mutating func reportLosses(
        of stream: UnsafeMutablePointer<IncomingStream>, _ peer: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        let lost = stream.pointee.losses.poll(now: now)
        if !lost.isEmpty {
            peer.pointee.counters.sentNacks += UInt64(lost.count)
            sendControl(
                [.genericNACK(GenericNACK(sender: peer.pointee.controlSSRC, media: stream.pointee.ssrc, lost: lost))],
                to: peer)
        }
        if stream.pointee.losses.needsKeyframe {
            stream.pointee.losses.needsKeyframe = false
            peer.pointee.conference.pointee.wantKeyframe(
                TrackReference(member: peer.pointee.member, source: stream.pointee.source),
                layer: stream.pointee.layer)
        }
    }

    private mutating func sendReceiverReport(to peer: UnsafeMutablePointer<Peer>, now: Instant) {
        var blocks: [ReportBlock] = []
        for position in 0..<peer.pointee.streamCount {
            let stream = peer.pointee.streams + position
            guard let block = stream.pointee.statistics.reportBlock(now: now) else { continue }
            blocks.append(block)
            if stream.pointee.source != .microphone, !stream.pointee.isRetransmission {
                peer.pointee.conference.pointee.recordLoss(
                    Double(block.fractionLost) / 256,
                    of: TrackReference(member: peer.pointee.member, source: stream.pointee.source), now: now)
            }
        }
        guard !blocks.isEmpty else { return }
        let sender = peer.pointee.controlSSRC
        sendControl(
            [
                .receiverReport(ReceiverReport(ssrc: sender, reports: Array(blocks.prefix(31)))),
                .sourceDescription(SourceDescription(ssrc: sender, canonicalName: peer.pointee.canonicalName)),
                // Somebody who only sends is asked how far away it is (RFC 3611 §4.4).
                .extendedReport(ExtendedReport(ssrc: sender, referenceTime: ntpTime(now))),
            ], to: peer)
    }

    /// Asks a publisher for a keyframe of one of its sources.
    mutating func requestKeyframe(_ source: MediaSource, layer: UInt8, from peer: UnsafeMutablePointer<Peer>) {
        guard let stream = peer.pointee.primaryStream(of: source, layer: layer) else { return }
        peer.pointee.counters.sentKeyframeRequests += 1
        sendControl(
            [
                .pictureLossIndication(
                    PictureLossIndication(sender: peer.pointee.controlSSRC, media: stream.pointee.ssrc))
            ], to: peer)
    }

    private mutating func sendControl(_ packets: [RTCPPacket], to peer: UnsafeMutablePointer<Peer>) {
        var bytes: [UInt8] = []
        for packet in packets { packet.append(to: &bytes) }
        sendControl(bytes, to: peer)
    }
}
