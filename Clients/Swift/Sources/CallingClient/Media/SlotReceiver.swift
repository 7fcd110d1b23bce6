internal import ClientTransport
internal import PayloadFormats
internal import ProtocolCore
internal import Reception
internal import SDP

/// What arrives in the slots of one call: put together, decoded if wanted, and handed to the app by participant.
///
/// Lives on the thread of its transport loop alone.
final class SlotReceiver: MediaSink, @unchecked Sendable {
    /// Who is in a slot.
    struct Content: Hashable, Sendable {
        var participant: String?
        var source: String?
    }

    private final class Slot {
        var content = Content()
        var audio: AudioJitterBuffer?
        var decoder: (any AudioDecoding)?
        /// When the next samples are due.
        var nextPull: Instant?
        var video: VideoFrameAssembler?
        /// Somebody else is in the slot, so that a picture counts from the next keyframe on.
        var awaitsKeyframe = true
        /// Pictures come that do not count, so a keyframe is asked for.
        var wantsKeyframe = false
    }

    private let options: IncomingMediaOptions
    private let report: @Sendable (ClientSession.Event) -> Void
    private var slots: [Mid: Slot] = [:]

    init(_ options: IncomingMediaOptions, report: @escaping @Sendable (ClientSession.Event) -> Void) {
        self.options = options
        self.report = report
    }

    /// Somebody else, or nobody, is in a slot from now on.
    func setContent(_ content: Content, of mid: Mid) {
        let slot = slot(mid)
        guard slot.content != content else { return }
        slot.content = content
        slot.awaitsKeyframe = true
        slot.wantsKeyframe = false
    }

    func receive(_ packet: ReceivedPacket, payload: UnsafeRawBufferPointer) {
        guard let receiver = options.receiver else { return }
        let slot = slot(packet.mid)
        switch packet.codec {
        case .opus:
            guard options.makeAudioDecoder != nil else {
                if let participant = slot.content.participant {
                    receiver.receiveAudioPacket(plain(packet, payload), packet, from: participant)
                }
                return
            }
            if slot.audio == nil { slot.audio = AudioJitterBuffer() }
            if packet.isRedundant {
                slot.audio?.insertRedundant(
                    sequence: packet.sequence, timestamp: packet.timestamp, payload: payload.bytes,
                    arrival: packet.arrival)
            } else {
                slot.audio?.insert(
                    sequence: packet.sequence, timestamp: packet.timestamp, payload: payload.bytes,
                    arrival: packet.arrival)
            }
            if slot.nextPull == nil { slot.nextPull = packet.arrival }
        case .h264:
            if slot.video == nil { slot.video = VideoFrameAssembler() }
            slot.video?.insert(
                sequence: packet.sequence, timestamp: packet.timestamp, marker: packet.marker, payload: payload.bytes,
                arrival: packet.arrival)
            giveVideo(slot, now: packet.arrival)
        case .vp8:
            break
        }
    }

    /// The packet without the copies of earlier ones that may come with it.
    private func plain(_ packet: ReceivedPacket, _ payload: UnsafeRawBufferPointer) -> [UInt8] {
        guard packet.isRedundant, let range = RedundantAudio.primaryRange(in: payload.bytes) else {
            return Array(payload)
        }
        return Array(payload[range])
    }

    func tick(now: Instant) -> [Mid] {
        var wanted: [Mid] = []
        for (mid, slot) in slots {
            play(slot, now: now)
            giveVideo(slot, now: now)
            let isStuck = slot.video?.wantsKeyframe(now: now) == true || slot.wantsKeyframe
            if slot.content.participant != nil, isStuck { wanted.append(mid) }
        }
        return wanted
    }

    func handle(_ event: ClientSession.Event) {
        report(event)
    }

    private func slot(_ mid: Mid) -> Slot {
        if let known = slots[mid] { return known }
        let slot = Slot()
        slots[mid] = slot
        return slot
    }

    private func giveVideo(_ slot: Slot, now: Instant) {
        while let unit = slot.video?.next(now: now) {
            guard let participant = slot.content.participant else { continue }
            if unit.isKeyframe { slot.awaitsKeyframe = false }
            slot.wantsKeyframe = slot.awaitsKeyframe
            guard !slot.awaitsKeyframe else { continue }
            let type = slot.content.source.flatMap { MediaStreamType(rawValue: $0) } ?? .camera
            options.receiver?.receiveVideo(unit, from: participant, type)
        }
    }

    private func play(_ slot: Slot, now: Instant) {
        guard slot.audio != nil else { return }
        while let due = slot.nextPull, due <= now, let action = slot.audio?.pull(now: now) {
            // A loop that stood still does not play everything at once.
            slot.nextPull = now - due > .milliseconds(200) ? now + action.duration : due + action.duration
            let samples = decode(action, slot)
            guard let participant = slot.content.participant, !samples.isEmpty else { continue }
            options.receiver?.receiveAudio(samples, from: participant)
        }
    }

    private func decode(_ action: AudioPlayoutAction, _ slot: Slot) -> [Int16] {
        if slot.decoder == nil { slot.decoder = try? options.makeAudioDecoder?() }
        let silence = [Int16](repeating: 0, count: Int(action.duration.nanoseconds * 48 / 1_000_000))
        guard let decoder = slot.decoder else { return silence }
        // A packet that cannot be decoded is one that was lost.
        switch action {
        case .decode(let payload, let duration):
            return (try? decoder.decodePacket(payload)) ?? (try? decoder.concealFrame(duration)) ?? silence
        case .decodeForwardErrorCorrection(let next, let duration):
            return (try? decoder.decodeLostFrame(duration, from: next)) ?? silence
        case .conceal(let duration):
            return (try? decoder.concealFrame(duration)) ?? silence
        case .silence:
            return silence
        }
    }
}
