internal import MediaVocabulary
public import PayloadFormats
public import ProtocolCore

/// The path of a packet: no allocation, no reference counting, no clock.
extension Conference {
    /// Takes a decrypted packet of a publisher and queues it for everyone who gets it.
    ///
    /// Of video payloads a copy is kept for retransmission. Audio payloads must stay valid until the queue is flushed.
    @inline(__always)
    public mutating func receive(
        _ details: PacketDetails, payload: UnsafeRawPointer, length: Int, from reference: TrackReference,
        now: Instant, queue: inout ForwardQueue, buffers: inout PacketBuffers
    ) {
        guard let publisher = member(reference.member) else { return }
        let track = publisher.pointee.track(reference.source)
        guard let layer = track.pointee.layer(details.layer) else { return }
        lastPacket = now
        if track.pointee.codec != details.codec { codecChanged(to: details.codec, of: track) }
        if reference.source == .microphone {
            if publisher.pointee.isMuted || publisher.pointee.isOnHold { return }
            recordLevel(details, of: publisher, now: now)
            return forwardAudio(details, payload, length, track, now: now, queue: &queue, buffers: &buffers)
        }
        var details = details
        if !details.h264.isDisjoint(with: .decisive) {
            let former = layer.pointee.parameterSets.overflows
            layer.pointee.classify(
                &details, UnsafeRawBufferPointer(start: payload, count: length).bytes, buffers: &buffers)
            counters.forgottenParameterSets += layer.pointee.parameterSets.overflows - former
        }
        guard let bytes = layer.pointee.store(details, payload: payload, length: length, now: now, buffers: &buffers)
        else {
            counters.duplicates += 1
            return
        }
        if details.startsKeyframe { layer.pointee.keyframes.satisfy() }
        if publisher.pointee.isOnHold || !track.pointee.isPublished { return }
        let interest = UInt8(1) << details.layer
        for index in 0..<track.pointee.subscriptionCount {
            let subscription = track.pointee.subscriptions[index]
            if subscription.layers & interest == 0 || !subscription.member.pointee.takesVideo { continue }
            let phase = subscription.slot.pointee.phase
            let present = subscription.slot.pointee.layer
            if details.parameterSets != .nobody {
                prepend(layer, to: details, of: track, subscription, now: now, queue: &queue)
            }
            guard
                let packet = subscription.slot.pointee.forward(
                    details, payload: bytes, length: length, layers: track.pointee.layers, now: now)
            else {
                if phase == .active, subscription.slot.pointee.phase == .waiting {
                    track.pointee.updateInterest(at: index)
                    noteSlots(of: subscription.member)
                    layer.pointee.keyframes.want()
                }
                continue
            }
            if phase == .waiting || present != details.layer {
                track.pointee.updateInterest(at: index)
                noteSlots(of: subscription.member)
            }
            queue.append(packet, to: subscription.member.pointee.receiver)
        }
    }

    /// Sends a receiver the parameter sets that it lacks, as a packet of their own before the one that needs them.
    @inline(never)
    private mutating func prepend(
        _ layer: UnsafeMutablePointer<Layer>, to details: PacketDetails, of track: UnsafeMutablePointer<PublishedTrack>,
        _ subscription: Subscription, now: Instant, queue: inout ForwardQueue
    ) {
        guard let sets = layer.pointee.parameterSets.payload,
            let packet = subscription.slot.pointee.prepend(
                sets.bytes, length: sets.length, to: details, layers: track.pointee.layers, now: now)
        else { return }
        counters.insertedParameterSets += 1
        queue.append(packet, to: subscription.member.pointee.receiver)
    }

    /// Where the payload of a packet lies that had to wait; nil when it was forgotten meanwhile.
    public func payload(of origin: PacketOrigin) -> (bytes: UnsafeRawPointer, length: Int)? {
        guard let layer = member(origin.track.member)?.pointee.track(origin.track.source).pointee.layer(origin.layer)
        else { return nil }
        if origin.isParameterSets { return layer.pointee.parameterSets.payload }
        guard let entry = layer.pointee.stored(origin.sequence), let payload = entry.payload
        else { return nil }
        return (UnsafeRawPointer(payload), Int(entry.length))
    }

    /// Answers a receiver's NACK (RFC 4585 §6.2.1) for packets of one of its slots from the history.
    public mutating func retransmit(
        _ lost: [SequenceNumber], ofSlot ssrc: SSRC, to index: Int32, now: Instant, queue: inout ForwardQueue
    ) {
        guard let receiver = member(index), receiver.pointee.isServed,
            let slot = receiver.pointee.slot(withSSRC: ssrc.rawValue), let source = slot.pointee.source,
            let publisher = member(source.member)
        else { return }
        let track = publisher.pointee.track(source.source)
        for sequence in lost {
            // Of a larger layer, before its link made the slot leave it, nothing is needed any more.
            guard let origin = slot.pointee.origin(of: sequence.rawValue),
                !track.pointee.isLarger(origin.layer, than: slot.pointee.layer),
                let layer = track.pointee.layer(origin.layer), let entry = layer.pointee.stored(origin.sequence),
                let (payload, length) = origin.isInserted
                    ? layer.pointee.parameterSets.payload
                    : entry.payload.map({ (UnsafeRawPointer($0), Int(entry.length)) }),
                let packet = slot.pointee.retransmit(
                    origin.isInserted ? entry.details.asInserted : entry.details, as: sequence.rawValue,
                    shift: origin.shift, payload: payload, length: length, now: now)
            else {
                counters.refusedRetransmissions += 1
                continue
            }
            counters.retransmissions += 1
            queue.append(packet, to: receiver.pointee.receiver)
        }
    }

    /// Sends a member at least `bytes` that it does not need, so that a probe has something to send: what it was sent
    /// lately once more, or else plain padding. Returns how much was queued; 0 when no slot takes retransmissions.
    public mutating func pad(_ bytes: Int, to index: Int32, now: Instant, queue: inout ForwardQueue) -> Int {
        guard let receiver = member(index), receiver.pointee.isServed else { return 0 }
        var queued = 0
        for position in 0..<receiver.pointee.slotCount where queued < bytes {
            queued += repeatLatest(of: receiver.pointee.slots + position, bytes - queued, receiver, now, &queue)
        }
        guard queued < bytes else { return queued }
        for position in 0..<receiver.pointee.slotCount where receiver.pointee.slots[position].kind != .audio {
            for _ in 0..<Conference.paddingDepth {
                guard queued < bytes else { return queued }
                guard let packet = receiver.pointee.slots[position].pad() else { break }
                queued += Padding.length + Conference.paddingOverhead
                counters.paddingPackets += 1
                queue.append(packet, to: receiver.pointee.receiver)
            }
        }
        return queued
    }

    private mutating func repeatLatest(
        of slot: UnsafeMutablePointer<Slot>, _ bytes: Int, _ receiver: UnsafeMutablePointer<Member>, _ now: Instant,
        _ queue: inout ForwardQueue
    ) -> Int {
        guard slot.pointee.kind != .audio, slot.pointee.phase == .active, let source = slot.pointee.source,
            let track = member(source.member)?.pointee.track(source.source)
        else { return 0 }
        var queued = 0
        for age in 0..<Conference.paddingDepth {
            guard queued < bytes else { return queued }
            let number = slot.pointee.newestSequence &- UInt16(truncatingIfNeeded: age)
            guard let origin = slot.pointee.origin(of: number), !origin.isInserted,
                let entry = track.pointee.layer(origin.layer)?.pointee.stored(origin.sequence),
                let payload = entry.payload,
                let packet = slot.pointee.retransmit(
                    entry.details, as: number, shift: origin.shift, payload: payload, length: Int(entry.length),
                    isPadding: true, now: now)
            else { break }
            queued += Int(entry.length) + Conference.paddingOverhead
            counters.paddingPackets += 1
            queue.append(packet, to: receiver.pointee.receiver)
        }
        return queued
    }

    /// Of how many of a slot's last packets padding is made.
    private static let paddingDepth = 24
    /// Header, original sequence number and authentication tag of a padding packet, in bytes.
    private static let paddingOverhead = 42

    /// A receiver lost its picture (PLI or FIR) on one of its slots.
    public mutating func requestKeyframe(forSlot ssrc: SSRC, by index: Int32) {
        guard let receiver = member(index), let slot = receiver.pointee.slot(withSSRC: ssrc.rawValue),
            let source = slot.pointee.source, source.source != .microphone,
            let track = member(source.member)?.pointee.track(source.source)
        else { return }
        if slot.pointee.phase == .active {
            track.pointee.layer(slot.pointee.layer)?.pointee.keyframes.want()
        } else {
            track.pointee.wantKeyframes()
        }
    }

    /// Notes a publisher's sender report of one layer, from which those of the slots are made.
    /// - Parameter publisherTime: The report's wall-clock time in nanoseconds, on whatever clock the publisher has.
    public mutating func recordSenderReport(
        timestamp: UInt32, publisherTime: Int64, of reference: TrackReference, layer: UInt8, at now: Instant
    ) {
        member(reference.member)?.pointee.track(reference.source).pointee.layer(layer)?.pointee.clock = LayerClock(
            timestamp: timestamp, publisherTime: publisherTime, arrival: now)
    }

    /// Notes the size of a layer's pictures, from the parameter sets of a keyframe.
    public mutating func recordSize(_ size: PictureSize, of reference: TrackReference, layer: UInt8) {
        guard let member = member(reference.member),
            let layer = member.pointee.track(reference.source).pointee.layer(layer), layer.pointee.size != size
        else { return }
        layer.pointee.size = size
        allocationIsDue = true
    }

    @inline(never)
    private mutating func codecChanged(to codec: MediaCodec, of track: UnsafeMutablePointer<PublishedTrack>) {
        track.pointee.codec = codec
        for index in 0..<track.pointee.subscriptionCount {
            let subscription = track.pointee.subscriptions[index]
            noteSlots(of: subscription.member)
        }
        if codec != .opus { track.pointee.awaitKeyframes() }
    }

    @inline(__always)
    private mutating func recordLevel(
        _ details: PacketDetails, of publisher: UnsafeMutablePointer<Member>, now: Instant
    ) {
        let wasSpeaking = publisher.pointee.loudness.isSpeaking(now: now)
        let isFirst = publisher.pointee.loudness.lastPacket == nil
        publisher.pointee.loudness.record(details.audioLevel, at: now)
        if let level = details.audioLevel { stage.record(level: level, of: publisher.pointee.index, at: now) }
        if isFirst || (!wasSpeaking && publisher.pointee.loudness.isSpeaking(now: now)) { selectSpeakers(now: now) }
    }
}
