internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore

/// How sound goes out: plain, or with copies of earlier packets for whoever loses some.
extension Conference {
    /// Above this loss a receiver gets copies although the publisher sends none.
    static let lossForRedundancy = 0.02
    /// Below this rate a link has better uses for its bits than copies, in bits per second.
    static let budgetForRedundancy = 350_000

    @inline(__always)
    mutating func forwardAudio(
        _ details: PacketDetails, _ payload: UnsafeRawPointer, _ length: Int,
        _ track: UnsafeMutablePointer<PublishedTrack>, now: Instant, queue: inout ForwardQueue,
        buffers: inout PacketBuffers
    ) {
        let offset = min(Int(details.primaryOffset), length)
        let isRedundant = details.blockPayloadType != 0
        var made: (bytes: UnsafeRawPointer, length: Int)?
        var couldMake = true
        for index in 0..<track.pointee.subscriptionCount {
            let subscription = track.pointee.subscriptions[index]
            let member = subscription.member
            let slot = subscription.slot
            if !member.pointee.isServed { continue }
            let phase = slot.pointee.phase
            var packet: ForwardedPacket?
            if isRedundant, member.pointee.affordsRedundancy,
                slot.pointee.takesRedundancy(blockPayloadType: details.blockPayloadType)
            {
                packet = slot.pointee.forward(
                    details, payload: payload, length: length, isRedundant: true, layers: track.pointee.layers, now: now
                )
            } else if !isRedundant, couldMake, member.pointee.needsRedundancy,
                let type = slot.pointee.payloadTypes[.opus], slot.pointee.takesRedundancy(blockPayloadType: type)
            {
                if made == nil {
                    made = track.pointee.earlierAudio.redundant(
                        details, payload, length, payloadType: type, buffers: &buffers)
                    couldMake = made != nil
                }
                if let made {
                    packet = slot.pointee.forward(
                        details, payload: made.bytes, length: made.length, isRedundant: true,
                        layers: track.pointee.layers, now: now)
                }
            }
            if packet == nil {
                packet = slot.pointee.forward(
                    details, payload: payload + offset, length: length - offset, layers: track.pointee.layers, now: now)
            }
            guard let packet else { continue }
            if phase == .waiting { noteSlots(of: member) }
            queue.append(packet, to: member.pointee.receiver)
        }
        if !isRedundant { track.pointee.earlierAudio.note(details, payload, length, buffers: &buffers) }
    }
}

extension Member {
    /// Whether its link has room for copies of audio packets.
    var affordsRedundancy: Bool {
        budget.map { $0 >= Conference.budgetForRedundancy } ?? true
    }

    /// Whether it loses so much that copies are made for it.
    var needsRedundancy: Bool {
        lossShare >= Conference.lossForRedundancy && affordsRedundancy
    }
}

/// The last audio packets of a track, of which copies can go with the next one.
struct EarlierAudio {
    /// Opus frames of more bytes gain little and cost much.
    private static let longest = 400

    private struct Kept {
        var bytes: UnsafeMutableRawPointer
        var length: Int
        var timestamp: UInt32
        var sequence: UInt16
    }

    private var newer: Kept?
    private var older: Kept?

    mutating func note(
        _ details: PacketDetails, _ payload: UnsafeRawPointer, _ count: Int, buffers: inout PacketBuffers
    ) {
        let buffer = older?.bytes ?? buffers.take()
        older = newer
        newer = Kept(
            bytes: buffer, length: min(count, EarlierAudio.longest), timestamp: details.timestamp,
            sequence: details.sequence)
        buffer.copyMemory(from: payload, byteCount: min(count, EarlierAudio.longest))
        if count > EarlierAudio.longest { newer?.length = 0 }
    }

    /// The packet with copies of the two before it, so that one of three may get through; nil when there is nothing to
    /// copy. Valid until the queue is flushed.
    func redundant(
        _ details: PacketDetails, _ payload: UnsafeRawPointer, _ count: Int, payloadType: UInt8,
        buffers: inout PacketBuffers
    ) -> (bytes: UnsafeRawPointer, length: Int)? {
        guard count <= EarlierAudio.longest, let copy = copy(of: newer, distance: 1, for: details) else { return nil }
        let buffer = buffers.take()
        // Rests until what is queued has been sent.
        defer { buffers.give(buffer) }
        let written = RedundantAudio.write(
            primary: UnsafeRawBufferPointer(start: payload, count: count).bytes, payloadType: PayloadType(payloadType),
            newer: copy, older: self.copy(of: older, distance: 2, for: details),
            into: UnsafeMutableRawBufferPointer(start: buffer, count: PacketBuffers.size))
        return written.map { (UnsafeRawPointer(buffer), $0) }
    }

    private func copy(of kept: Kept?, distance: UInt16, for details: PacketDetails) -> RedundantAudio.Earlier? {
        guard let kept, kept.length > 0, details.sequence == kept.sequence &+ distance else { return nil }
        let age = Int(Int32(bitPattern: details.timestamp &- kept.timestamp))
        guard age > 0 else { return nil }
        return RedundantAudio.Earlier(
            payload: UnsafeRawBufferPointer(start: kept.bytes, count: kept.length), timestampOffset: age)
    }

    mutating func release(to buffers: inout PacketBuffers) {
        for kept in [newer, older] {
            if let kept { buffers.give(kept.bytes) }
        }
        self = EarlierAudio()
    }
}
