public import ProtocolCore

/// The path of a packet: no allocation, no reference counting, no clock.
extension Conference {
    /// Takes a decrypted packet of a publisher and queues it for everyone who gets it.
    ///
    /// Video payloads are kept for retransmission: `payload` is then exchanged for a buffer to be written next.
    /// Audio payloads must stay valid until the queue is flushed.
    @inline(__always)
    public mutating func receive(
        _ details: PacketDetails, payload: inout UnsafeMutableRawPointer, length: Int, from reference: TrackReference,
        now: Instant, queue: inout ForwardQueue, buffers: inout PacketBuffers
    ) {
        guard let publisher = member(reference.member) else { return }
        let track = publisher.pointee.track(reference.source)
        let bytes = UnsafeRawPointer(payload)
        if track.pointee.codec != details.codec { codecChanged(to: details.codec, of: track) }
        if reference.source == .microphone {
            if publisher.pointee.isMuted || publisher.pointee.isOnHold { return }
            recordLevel(details, of: publisher, now: now)
        } else {
            guard track.pointee.store(details, payload: &payload, length: length, buffers: &buffers) else {
                duplicates += 1
                return
            }
            if details.startsKeyframe { track.pointee.keyframes.satisfy() }
            if publisher.pointee.isOnHold || !track.pointee.isPublished { return }
        }
        for index in 0..<track.pointee.subscriptionCount {
            let subscription = track.pointee.subscriptions[index]
            if subscription.member.pointee.isOnHold { continue }
            let phase = subscription.slot.pointee.phase
            guard let packet = subscription.slot.pointee.forward(details, payload: bytes, length: length, now: now)
            else { continue }
            if phase == .waiting { subscription.member.pointee.slotsAreDirty = true }
            queue.append(packet, to: subscription.member.pointee.receiver)
        }
    }

    /// Answers a receiver's NACK (RFC 4585 §6.2.1) for packets of one of its slots from the history.
    public mutating func retransmit(
        _ lost: [SequenceNumber], ofSlot ssrc: SSRC, to index: Int32, now: Instant, queue: inout ForwardQueue
    ) {
        guard let receiver = member(index), !receiver.pointee.isOnHold,
            let slot = receiver.pointee.slot(withSSRC: ssrc.rawValue), let source = slot.pointee.source,
            let publisher = member(source.member)
        else { return }
        let track = publisher.pointee.track(source.source)
        for sequence in lost {
            guard let original = slot.pointee.sourceSequence(of: sequence.rawValue, now: now),
                let entry = track.pointee.stored(original), let payload = entry.payload,
                let packet = slot.pointee.retransmit(
                    entry.details, payload: payload, length: Int(entry.length), now: now)
            else {
                refusedRetransmissions += 1
                continue
            }
            retransmissions += 1
            queue.append(packet, to: receiver.pointee.receiver)
        }
    }

    /// A receiver lost its picture (PLI or FIR) on one of its slots.
    public mutating func requestKeyframe(forSlot ssrc: SSRC, by index: Int32) {
        guard let receiver = member(index), let slot = receiver.pointee.slot(withSSRC: ssrc.rawValue),
            let source = slot.pointee.source, source.source != .microphone
        else { return }
        member(source.member)?.pointee.track(source.source).pointee.keyframes.want()
    }

    /// Notes a publisher's sender report, from which those of the slots are made.
    public mutating func recordSenderReport(timestamp: UInt32, of reference: TrackReference, at now: Instant) {
        member(reference.member)?.pointee.track(reference.source).pointee.senderReport = (timestamp, now)
    }

    @inline(never)
    private mutating func codecChanged(to codec: MediaCodec, of track: UnsafeMutablePointer<PublishedTrack>) {
        track.pointee.codec = codec
        for index in 0..<track.pointee.subscriptionCount {
            let subscription = track.pointee.subscriptions[index]
            subscription.member.pointee.slotsAreDirty = true
            if codec != .opus { subscription.slot.pointee.awaitKeyframe() }
        }
        if codec != .opus { track.pointee.keyframes.want() }
    }

    @inline(__always)
    private mutating func recordLevel(
        _ details: PacketDetails, of publisher: UnsafeMutablePointer<Member>, now: Instant
    ) {
        let wasSpeaking = publisher.pointee.loudness.isSpeaking(now: now)
        let isFirst = publisher.pointee.loudness.lastPacket == nil
        publisher.pointee.loudness.record(details.audioLevel, at: now)
        if isFirst || (!wasSpeaking && publisher.pointee.loudness.isSpeaking(now: now)) { selectSpeakers(now: now) }
    }
}
