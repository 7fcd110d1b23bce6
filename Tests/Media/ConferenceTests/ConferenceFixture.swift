import Conference
import MediaVocabulary
import PayloadFormats
import ProtocolCore
import Testing

/// A conference with its queue and buffers, packets made by hand, and the output read back as plain values.
struct ConferenceFixture: ~Copyable {
    struct Sent: Equatable {
        var receiver: Int32
        var ssrc: UInt32
        var sequence: UInt16
        var timestamp: UInt32
        var payloadType: UInt8
        var marker: Bool
        var rollover: UInt32
        var payload: [UInt8]
        var originalSequence: UInt16?
        var vp8: VP8Numbers?
    }

    var conference = Conference(seed: 7)
    var queue = ForwardQueue(receivers: 1024)
    var buffers = PacketBuffers()
    var now = Instant.zero
    private var audio = UnsafeMutableRawPointer.allocate(byteCount: 2048, alignment: 16)
    private var video: UnsafeMutableRawPointer

    init() {
        video = buffers.take()
    }

    deinit {
        audio.deallocate()
    }

    /// Adds a member that is in the call, publishes everything and has three audio, two video and one screen slot.
    mutating func join(codecs: [MediaCodec] = [.h264, .vp8], red: PayloadType? = nil) -> Int32 {
        let receiver = Int32(conference.memberCount)
        let member = conference.add(receiver: receiver)
        var slots: [SlotDescription] = []
        for position in 0..<6 {
            let kind: SlotDescription.Kind = position < 3 ? .audio : position < 5 ? .video : .screen
            var types: [MediaCodec: PayloadType] = [:]
            var rtx: [MediaCodec: PayloadType] = [:]
            if kind == .audio {
                types[.opus] = PayloadType(111)
            } else {
                for codec in codecs {
                    types[codec] = PayloadType(codec == .h264 ? 102 : 96)
                    rtx[codec] = PayloadType(codec == .h264 ? 103 : 97)
                }
            }
            slots.append(
                SlotDescription(
                    mid: Mid("s\(position)"), kind: kind, ssrc: Self.ssrc(member, position),
                    rtxSSRC: kind == .audio ? nil : SSRC(Self.ssrc(member, position).rawValue + 100),
                    payloadTypes: types, rtxPayloadTypes: rtx, redPayloadType: kind == .audio ? red : nil))
        }
        conference.setSlots(slots, member, now: now)
        conference.setOnHold(false, member, now: now)
        for source in MediaSource.allCases {
            conference.setPublished(true, TrackReference(member: member, source: source))
        }
        return member
    }

    static func ssrc(_ member: Int32, _ slot: Int) -> SSRC {
        SSRC(UInt32(1000 * (member + 1)) + UInt32(slot))
    }

    mutating func show(_ publisher: Int32, _ source: MediaSource = .camera, in slot: Int = 3, of receiver: Int32) {
        conference.request(
            [
                (
                    Mid("s\(slot)"),
                    VideoRequest(source: TrackReference(member: publisher, source: source), width: 640, height: 360)
                )
            ], by: receiver)
    }

    /// Sends one packet and returns what came out of it.
    @discardableResult
    mutating func send(
        _ sequence: UInt16, timestamp: UInt32 = 0, from member: Int32, _ source: MediaSource = .camera,
        codec: MediaCodec? = nil, keyframe: Bool = false, level: UInt8? = nil, layer: UInt8 = 0, temporal: UInt8 = 0,
        vp8: VP8Numbers? = nil, primaryOffset: UInt16? = nil, h264: H264Content = [], payload: [UInt8] = [1, 2, 3]
    ) -> [Sent] {
        var details = PacketDetails(
            sequence: sequence, timestamp: timestamp, codec: codec ?? (source == .microphone ? .opus : .h264),
            marker: false)
        details.startsKeyframe = keyframe
        details.audioLevel = level
        details.layer = layer
        details.temporal = temporal
        details.vp8 = vp8
        details.h264 = h264
        if let primaryOffset {
            details.primaryOffset = primaryOffset
            details.blockPayloadType = 111
        }
        let reference = TrackReference(member: member, source: source)
        if source == .microphone {
            audio.copyMemory(from: payload, byteCount: payload.count)
            conference.receive(
                details, payload: audio, length: payload.count, from: reference, now: now, queue: &queue,
                buffers: &buffers)
        } else {
            video.copyMemory(from: payload, byteCount: payload.count)
            conference.receive(
                details, payload: video, length: payload.count, from: reference, now: now, queue: &queue,
                buffers: &buffers)
        }
        return drain()
    }

    /// Sends one packet of H.264 as a worker describes it.
    @discardableResult
    mutating func send(
        h264 payload: [UInt8], _ sequence: UInt16, timestamp: UInt32 = 0, from member: Int32, layer: UInt8 = 0
    ) -> [Sent] {
        let content = H264Payload.content(of: payload.span.bytes)
        return send(
            sequence, timestamp: timestamp, from: member, keyframe: content.opensKeyframe, layer: layer, h264: content,
            payload: payload)
    }

    /// Makes a camera a simulcast of three layers: 180, 360 and 720 lines.
    mutating func simulcast(_ member: Int32) {
        let camera = TrackReference(member: member, source: .camera)
        conference.setLayers([Rid("q"), Rid("h"), Rid("f")], camera, buffers: &buffers)
        for (layer, height) in [180, 360, 720].enumerated() {
            conference.recordSize(
                PictureSize(width: height * 16 / 9, height: height), of: camera, layer: UInt8(layer))
        }
    }

    /// Lets all three layers of a camera flow for a while at 150, 500 and 1500 kbit/s; every second begins with keyframes.
    /// `sequence` counts the packets of each layer.
    mutating func flow(
        _ duration: Duration, from member: Int32, layers: [UInt8] = [0, 1, 2], sequence: inout UInt16,
        _ each: (UInt8, [Sent], [ConferenceEvent]) -> Void = { _, _, _ in }
    ) {
        let end = now + duration
        while now < end {
            for layer in layers {
                // A picture every 20 ms: one packet of the smaller layers, three of the largest.
                let parts: UInt16 = layer == 2 ? 3 : 1
                for part in 0..<parts {
                    let sent = send(
                        sequence &* parts &+ part, timestamp: UInt32(sequence) &* 1800, from: member,
                        keyframe: part == 0 && sequence % 50 == 0, layer: layer,
                        payload: [UInt8](repeating: layer, count: layer == 0 ? 375 : 1250))
                    each(layer, sent, [])
                }
            }
            sequence &+= 1
            advance(.milliseconds(20))
            each(0, [], poll())
        }
    }

    mutating func nack(_ lost: [UInt16], slot: Int = 3, by receiver: Int32) -> [Sent] {
        conference.retransmit(
            lost.map { SequenceNumber($0) }, ofSlot: Self.ssrc(receiver, slot), to: receiver, now: now, queue: &queue)
        return drain()
    }

    mutating func pad(_ bytes: Int, to receiver: Int32) -> (bytes: Int, sent: [Sent]) {
        let queued = conference.pad(bytes, to: receiver, now: now, queue: &queue)
        return (queued, drain())
    }

    mutating func drain() -> [Sent] {
        var sent: [Sent] = []
        for position in 0..<queue.receiverCount {
            let receiver = queue.receiver(position)
            var next = queue.first(of: receiver)
            while let packet = next {
                let bytes = UnsafeRawBufferPointer(
                    start: packet.pointee.payload, count: Int(packet.pointee.payloadLength))
                sent.append(
                    Sent(
                        receiver: receiver, ssrc: packet.pointee.ssrc, sequence: packet.pointee.sequence,
                        timestamp: packet.pointee.timestamp, payloadType: packet.pointee.payloadType,
                        marker: packet.pointee.marker, rollover: packet.pointee.rollover, payload: Array(bytes),
                        originalSequence: packet.pointee.originalSequence, vp8: packet.pointee.vp8))
                next = queue.next(after: packet)
            }
        }
        queue.removeAll()
        buffers.reclaim()
        return sent
    }

    mutating func advance(_ duration: Duration) {
        now = now + duration
    }

    mutating func poll() -> [ConferenceEvent] {
        conference.poll(now: now)
    }
}
