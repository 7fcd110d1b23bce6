internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore

/// A receiver's slot: one continuous RTP stream into which one source after another is put.
///
/// The SSRC belongs to the slot. At a switch the sequence number goes on by one and the timestamp by the time that has
/// passed, so that the receiver's jitter buffer and decoder see a single stream (PulseBeam and mediasoup measured what
/// browsers do otherwise).
struct Slot {
    /// What goes on in the slot, as the receiver's application is told.
    enum Phase: UInt8 {
        case empty
        /// A source is chosen; nothing flows until its next keyframe.
        case waiting
        case active
    }

    let mid: Mid
    let kind: SlotDescription.Kind
    let ssrc: UInt32
    let rtxSSRC: UInt32?
    let payloadTypes: PayloadTypeTable
    let rtxPayloadTypes: PayloadTypeTable
    /// 0xff when the receiver takes no redundant audio.
    private let redPayloadType: UInt8

    private(set) var phase = Phase.empty
    private(set) var source: TrackReference?

    /// The layer that flows; of meaning only while `phase` is active.
    private(set) var layer: UInt8 = 0
    /// The layer that shall flow from its next keyframe on; nil when none may.
    private(set) var target: UInt8?
    /// From which layers a waiting slot takes a keyframe, one bit each.
    private var entry: UInt8 = 0xff
    /// What would be of use to it, and what its link has for it; nil for nothing.
    var linkShare: SlotShare?
    /// Up to which temporal layer packets pass now, and shall pass from the next picture on.
    private var temporal: UInt8 = .max
    private var targetTemporal: UInt8 = .max

    private var numbers = SequenceMap()
    private var shift = StreamShift()
    private var lastVP8 = VP8Numbers(pictureID: 0, tl0PictureIndex: 0)
    /// The source's timestamp of the picture that flows.
    private var pictureTimestamp: UInt32 = 0
    /// It began with parameter sets; whether a keyframe follows them, the next slice shows.
    private var isUnproven = false
    private var hasSent = false
    /// Highest sequence number sent, extended by its wraps.
    private var highest: UInt64
    private var lastTimestamp: UInt32
    private var lastSent = Instant.zero
    private(set) var packetCount: UInt32 = 0
    private(set) var octetCount: UInt32 = 0
    private(set) var lastReport: Instant?

    private var rtxSequence: UInt64
    private var retransmissions = RetransmissionBudget()

    /// `firstSequence` and `firstTimestamp` should be random (RFC 3550 §5.1).
    init(_ description: SlotDescription, firstSequence: UInt16, firstTimestamp: UInt32) {
        mid = description.mid
        kind = description.kind
        ssrc = description.ssrc.rawValue
        rtxSSRC = description.rtxSSRC?.rawValue
        payloadTypes = PayloadTypeTable(description.payloadTypes)
        rtxPayloadTypes = PayloadTypeTable(description.rtxPayloadTypes)
        redPayloadType = description.redPayloadType?.rawValue ?? 0xff
        // Below 2^15 the first packet cannot be mistaken for one before a wrap (RFC 3711 §3.3.1).
        highest = UInt64(firstSequence & 0x7fff)
        lastTimestamp = firstTimestamp
        rtxSequence = UInt64(firstSequence & 0x7fff)
    }

    /// Puts a source into the slot; its packets flow from its next keyframe on (audio: at once).
    mutating func attach(_ source: TrackReference) {
        self.source = source
        phase = .waiting
        warmLayers = 0
        linkShare = nil
        target = 0
        entry = 0xff
        temporal = .max
        targetTemporal = .max
        numbers.removeAll()
    }

    mutating func detach() {
        source = nil
        phase = .empty
        warmLayers = 0
        linkShare = nil
        numbers.removeAll()
    }

    /// Picks the flow up again after a pause of the same source: it needs a keyframe first.
    mutating func awaitKeyframe() {
        guard source != nil else { return }
        phase = .waiting
        isUnproven = false
        numbers.removeAll()
    }

    /// Says which layer shall flow, and up to which temporal layer.
    /// - Parameter entry: The layers that will do until then, one bit each.
    mutating func aim(at target: UInt8?, temporal: UInt8, entry: UInt8) {
        self.target = target
        self.entry = entry
        targetTemporal = temporal
        if target == nil, phase == .active { awaitKeyframe() }
    }

    /// The layer below the one that is shown, while the receiver's link is near its limit: it is to be there at once when
    /// the link falls. One bit for each layer.
    var warmLayers: UInt8 = 0

    /// One bit for each layer of which packets matter to the slot.
    var layersOfInterest: UInt8 {
        guard kind != .audio else { return 1 }
        switch phase {
        case .empty: return 0
        case .waiting: return target == nil ? 0 : entry
        case .active: return 1 << layer | (target.map { 1 << $0 } ?? 0)
        }
    }

    /// Whether a redundant payload with blocks of this type can go into the slot now. Not at a switch: the copies would
    /// be of the time before it. Mutating, since the whole slot would be copied for a look at it.
    @inline(__always)
    mutating func takesRedundancy(blockPayloadType: UInt8) -> Bool {
        redPayloadType != 0xff && phase == .active && payloadTypes[.opus] == blockPayloadType
    }

    /// Rewrites a packet of the slot's source. Returns nil when this packet is not for the receiver.
    ///
    /// `layers` are those of the source's track, for their clocks.
    @inline(__always)
    mutating func forward(
        _ details: PacketDetails, payload: UnsafeRawPointer, length: Int, isRedundant: Bool = false,
        layers: UnsafeMutablePointer<Layer>, now: Instant
    ) -> ForwardedPacket? {
        guard let payloadType = isRedundant ? redPayloadType : payloadTypes[details.codec] else { return nil }
        var marker = details.marker
        var isEntry = false
        switch phase {
        case .empty:
            return nil
        case .waiting:
            guard kind == .audio || (details.startsKeyframe && target != nil && entry & (1 << details.layer) != 0)
            else { return nil }
            begin(at: details, layers: layers, now: now)
            isEntry = kind != .audio
            // The first packet of a talk spurt (RFC 3551 §4.1): the jitter buffer may adapt here.
            if kind == .audio { marker = true }
        case .active:
            if details.layer != layer {
                guard details.layer == target, details.startsKeyframe else { return nil }
                begin(at: details, layers: layers, now: now)
                isEntry = true
            } else if details.timestamp != pictureTimestamp {
                pictureTimestamp = details.timestamp
                // Layers above may be left out from any picture on, and come back after one that all others build on.
                if targetTemporal < temporal || details.temporal == 0 { temporal = targetTemporal }
                isUnproven = false
            } else if isUnproven, !prove(details) {
                return nil
            }
            if details.temporal > temporal {
                numbers.leaveOut(details.sequence)
                return nil
            }
        }
        guard let sequence = numbers.map(details.sequence) else { return nil }
        let timestamp = details.timestamp &+ shift.timestamp
        let vp8 = shift.apply(to: details.vp8)
        let former = hasSent ? highest : nil
        let extended = note(sequence, timestamp: timestamp, at: now)
        if let vp8, former != highest { lastVP8 = vp8 }
        packetCount &+= 1
        octetCount &+= UInt32(truncatingIfNeeded: length)
        return ForwardedPacket(
            payload: payload, payloadLength: Int32(truncatingIfNeeded: length), ssrc: ssrc, timestamp: timestamp,
            sequence: sequence, payloadType: payloadType, marker: marker,
            rollover: UInt32(truncatingIfNeeded: extended >> 16), audioLevel: details.audioLevel,
            orientation: details.orientation, originalSequence: nil,
            vp8: vp8, isEntry: isEntry,
            origin: kind == .audio
                ? nil : source.map { PacketOrigin(track: $0, layer: details.layer, sequence: details.sequence) })
    }

    /// The first packet after a switch: continue the slot's numbering with this source or layer.
    private mutating func begin(at details: PacketDetails, layers: UnsafeMutablePointer<Layer>, now: Instant) {
        let next = UInt16(truncatingIfNeeded: highest) &+ (hasSent ? 1 : 0)
        let timestamp = continued(details, layers: layers, now: now)
        shift = StreamShift(timestamp: timestamp &- details.timestamp)
        if let vp8 = details.vp8, hasSent {
            shift.pictureID = (lastVP8.pictureID &+ 1) &- vp8.pictureID
            shift.tl0PictureIndex = (lastVP8.tl0PictureIndex &+ 1) &- vp8.tl0PictureIndex
        }
        pictureTimestamp = details.timestamp
        isUnproven =
            details.h264.contains(.sequenceParameterSet) && details.h264.isDisjoint(with: .entries)
        layer = details.layer
        temporal = targetTemporal
        numbers.begin(
            layer: details.layer, source: details.sequence, out: next, shift: shift)
        phase = .active
    }

    /// Looks at what follows the parameter sets that the slot began with. Encoders repeat them before other pictures
    /// too; a decoder can do nothing with those, so the slot waits on.
    private mutating func prove(_ details: PacketDetails) -> Bool {
        if !details.h264.isDisjoint(with: [.idrSlice, .recoveryPoint]) { isUnproven = false }
        guard isUnproven, details.h264.contains(.otherSlice) else { return true }
        isUnproven = false
        awaitKeyframe()
        return false
    }

    /// The parameter sets for a packet that this slot would begin with, or needs them in the midst of its first picture;
    /// nil when it does not. The packet itself is to be forwarded next.
    mutating func prepend(
        _ payload: UnsafeRawPointer, length: Int, to details: PacketDetails, layers: UnsafeMutablePointer<Layer>,
        now: Instant
    ) -> ForwardedPacket? {
        guard let payloadType = payloadTypes[details.codec], let source else { return nil }
        switch phase {
        case .empty:
            return nil
        case .waiting:
            guard target != nil, entry & (1 << details.layer) != 0 else { return nil }
            begin(at: details, layers: layers, now: now)
        case .active:
            if details.layer != layer {
                guard details.layer == target else { return nil }
                begin(at: details, layers: layers, now: now)
            } else {
                let isMissing = isUnproven && details.parameterSets == .forPicture
                guard isMissing, details.timestamp == pictureTimestamp else { return nil }
            }
        }
        guard let sequence = numbers.insert(before: details.sequence) else { return nil }
        let extended = note(sequence, timestamp: details.timestamp &+ shift.timestamp, at: now)
        packetCount &+= 1
        octetCount &+= UInt32(truncatingIfNeeded: length)
        return ForwardedPacket(
            payload: payload, payloadLength: Int32(truncatingIfNeeded: length), ssrc: ssrc,
            timestamp: details.timestamp &+ shift.timestamp, sequence: sequence, payloadType: payloadType,
            marker: false, rollover: UInt32(truncatingIfNeeded: extended >> 16), audioLevel: nil,
            orientation: details.orientation, originalSequence: nil,
            origin: PacketOrigin(
                track: source, layer: details.layer, sequence: details.sequence, isParameterSets: true))
    }

    /// Notes the number of a packet that is sent; returns it extended by its wraps.
    @inline(__always)
    private mutating func note(_ sequence: UInt16, timestamp: UInt32, at now: Instant) -> UInt64 {
        let distance = Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: highest)))
        let extended = UInt64(bitPattern: Int64(bitPattern: highest) &+ distance)
        if distance > 0 || !hasSent {
            highest = extended
            lastTimestamp = timestamp
            lastSent = now
            hasSent = true
        }
        return extended
    }

    /// The slot's timestamp of the first packet after a switch: between two layers of one track by their clocks, so
    /// that audio and video stay together; otherwise by the time that has passed.
    private func continued(_ details: PacketDetails, layers: UnsafeMutablePointer<Layer>, now: Instant) -> UInt32 {
        guard hasSent else { return lastTimestamp }
        let clockRate = details.codec.clockRate
        if phase == .active, let new = layers[Int(details.layer)].clock, let old = layers[Int(layer)].clock {
            let aligned = new.translate(details.timestamp, to: old, clockRate: clockRate) &+ shift.timestamp
            let step = Int32(bitPattern: aligned &- lastTimestamp)
            let second = Int32(bitPattern: clockRate)
            if step > -second, step < 10 * second { return step > 0 ? aligned : lastTimestamp &+ 1 }
        }
        let ticks = (now - lastSent).nanoseconds / 1_000 * Int64(clockRate) / 1_000_000
        return lastTimestamp &+ max(1, UInt32(truncatingIfNeeded: max(0, ticks)))
    }

    /// Where a packet came from that the receiver says it lost; nil when it is not of this source.
    func origin(of lost: UInt16) -> SequenceMap.Origin? {
        guard phase == .active, hasSent,
            Int16(bitPattern: UInt16(truncatingIfNeeded: highest) &- lost) >= 0
        else { return nil }
        return numbers.origin(of: lost)
    }

    /// The slot's number of the newest packet.
    var newestSequence: UInt16 { UInt16(truncatingIfNeeded: highest) }

    /// Builds the retransmission (RFC 4588) of a packet. Nil when the receiver has no RTX, or has used up what it may
    /// ask for.
    ///
    /// Without RTX nothing is made anew: the header extensions would differ from the first time under the same SRTP
    /// index, and AES-GCM must never see one nonce with two messages (RFC 7714 §8). Whoever has the keys may keep what was
    /// sent, and send that again.
    /// - Parameter isPadding: Sent to probe for bandwidth, not asked for: outside the budget.
    mutating func retransmit(
        _ details: PacketDetails, as lost: UInt16, shift: StreamShift, payload: UnsafeRawPointer, length: Int,
        isPadding: Bool = false, now: Instant
    ) -> ForwardedPacket? {
        guard let rtxSSRC, let payloadType = rtxPayloadTypes[details.codec],
            isPadding || retransmissions.take(now: now)
        else { return nil }
        rtxSequence &+= 1
        return ForwardedPacket(
            payload: payload, payloadLength: Int32(truncatingIfNeeded: length), ssrc: rtxSSRC,
            timestamp: details.timestamp &+ shift.timestamp, sequence: UInt16(truncatingIfNeeded: rtxSequence),
            payloadType: payloadType, marker: details.marker, rollover: UInt32(truncatingIfNeeded: rtxSequence >> 16),
            audioLevel: nil, orientation: details.orientation, originalSequence: lost,
            vp8: shift.apply(to: details.vp8),
            origin: isPadding
                ? nil : source.map { PacketOrigin(track: $0, layer: details.layer, sequence: details.sequence) })
    }

    /// A packet of the retransmission stream with nothing but padding; nil when the receiver takes no retransmissions.
    mutating func pad() -> ForwardedPacket? {
        guard let rtxSSRC, let payloadType = rtxPayloadTypes[.h264] ?? rtxPayloadTypes[.vp8] else { return nil }
        rtxSequence &+= 1
        var packet = ForwardedPacket(
            payload: Padding.bytes, payloadLength: Int32(Padding.length), ssrc: rtxSSRC, timestamp: lastTimestamp,
            sequence: UInt16(truncatingIfNeeded: rtxSequence), payloadType: payloadType, marker: false,
            rollover: UInt32(truncatingIfNeeded: rtxSequence >> 16), audioLevel: nil, orientation: nil,
            originalSequence: nil)
        packet.isPadding = true
        return packet
    }

    /// The slot's timestamp for the instant at which the source's own timestamp would be `sourceTimestamp`.
    func timestamp(forSource sourceTimestamp: UInt32) -> UInt32 {
        sourceTimestamp &+ shift.timestamp
    }

    mutating func noteReport(at now: Instant) {
        lastReport = now
    }
}

/// The best layer of any use to a slot, and what its receiver's link has for it.
struct SlotShare {
    var layer: UInt8
    /// Bits per second; nil while the link is unknown.
    var rate: Int?
}
