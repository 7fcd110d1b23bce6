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
            if member.pointee.isOnHold { continue }
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
            if phase == .waiting { member.pointee.slotsAreDirty = true }
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

/// The last audio packet of a track, of which a copy can go with the next one.
struct EarlierAudio {
    /// Opus frames of more bytes gain little and cost much.
    private static let longest = 400

    private var bytes: UnsafeMutableRawPointer?
    private var length = 0
    private var timestamp: UInt32 = 0
    private var sequence: UInt16 = 0

    mutating func note(
        _ details: PacketDetails, _ payload: UnsafeRawPointer, _ count: Int, buffers: inout PacketBuffers
    ) {
        length = 0
        guard count <= EarlierAudio.longest else { return }
        let buffer = bytes ?? buffers.take()
        bytes = buffer
        buffer.copyMemory(from: payload, byteCount: count)
        length = count
        timestamp = details.timestamp
        sequence = details.sequence
    }

    /// The packet with a copy of the one before it; nil when there is none to copy. Valid until the queue is flushed.
    func redundant(
        _ details: PacketDetails, _ payload: UnsafeRawPointer, _ count: Int, payloadType: UInt8,
        buffers: inout PacketBuffers
    ) -> (bytes: UnsafeRawPointer, length: Int)? {
        let age = Int(Int32(bitPattern: details.timestamp &- timestamp))
        guard let bytes, length > 0, details.sequence == sequence &+ 1, age > 0, count <= EarlierAudio.longest
        else { return nil }
        let buffer = buffers.take()
        // Rests until what is queued has been sent.
        defer { buffers.give(buffer) }
        let written = RedundantAudio.write(
            primary: UnsafeRawBufferPointer(start: payload, count: count).bytes, payloadType: PayloadType(payloadType),
            newer: RedundantAudio.Earlier(
                payload: UnsafeRawBufferPointer(start: bytes, count: length), timestampOffset: age),
            into: UnsafeMutableRawBufferPointer(start: buffer, count: PacketBuffers.size))
        return written.map { (UnsafeRawPointer(buffer), $0) }
    }

    mutating func release(to buffers: inout PacketBuffers) {
        if let bytes { buffers.give(bytes) }
        self = EarlierAudio()
    }
}
