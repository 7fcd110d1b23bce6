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

    private(set) var phase = Phase.empty
    private(set) var source: TrackReference?

    private var sequenceOffset: UInt16 = 0
    private var timestampOffset: UInt32 = 0
    /// The source's packets before this one belong to pictures that were not forwarded.
    private var firstSourceSequence: UInt16 = 0
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
        // Below 2^15 the first packet cannot be mistaken for one before a wrap (RFC 3711 §3.3.1).
        highest = UInt64(firstSequence & 0x7fff)
        lastTimestamp = firstTimestamp
        rtxSequence = UInt64(firstSequence & 0x7fff)
    }

    /// Puts a source into the slot; its packets flow from its next keyframe on (audio: at once).
    mutating func attach(_ source: TrackReference) {
        self.source = source
        phase = .waiting
    }

    mutating func detach() {
        source = nil
        phase = .empty
    }

    /// Picks the flow up again after a pause of the same source: it needs a keyframe first.
    mutating func awaitKeyframe() {
        if source != nil { phase = .waiting }
    }

    /// Rewrites a packet of the slot's source. Returns nil when this packet is not for the receiver.
    @inline(__always)
    mutating func forward(
        _ details: PacketDetails, payload: UnsafeRawPointer, length: Int, now: Instant
    ) -> ForwardedPacket? {
        guard let payloadType = payloadTypes[details.codec] else { return nil }
        var marker = details.marker
        switch phase {
        case .empty:
            return nil
        case .waiting:
            guard kind == .audio || details.startsKeyframe else { return nil }
            begin(at: details, now: now)
            // The first packet of a talk spurt (RFC 3551 §4.1): the jitter buffer may adapt here.
            if kind == .audio { marker = true }
        case .active:
            // A packet from before the switch: its picture's beginning was not forwarded.
            let age = Int16(bitPattern: details.sequence &- firstSourceSequence)
            if age < 0 { return nil }
            // Moves along, or half a turn of the numbers later every packet would look older than the switch.
            if age > 0x4000 { firstSourceSequence = details.sequence &- 0x2000 }
        }
        let sequence = details.sequence &+ sequenceOffset
        let timestamp = details.timestamp &+ timestampOffset
        let distance = Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: highest)))
        let extended = UInt64(bitPattern: Int64(bitPattern: highest) &+ distance)
        if distance > 0 || !hasSent {
            highest = extended
            lastTimestamp = timestamp
            lastSent = now
            hasSent = true
        }
        packetCount &+= 1
        octetCount &+= UInt32(truncatingIfNeeded: length)
        return ForwardedPacket(
            payload: payload, payloadLength: Int32(truncatingIfNeeded: length), ssrc: ssrc, timestamp: timestamp,
            sequence: sequence, payloadType: payloadType, marker: marker,
            rollover: UInt32(truncatingIfNeeded: extended >> 16), audioLevel: details.audioLevel,
            orientation: details.orientation, originalSequence: nil)
    }

    /// The first packet after a switch: continue the slot's numbering with this source.
    private mutating func begin(at details: PacketDetails, now: Instant) {
        let next = UInt16(truncatingIfNeeded: highest) &+ (hasSent ? 1 : 0)
        sequenceOffset = next &- details.sequence
        var elapsed: UInt32 = 0
        if hasSent {
            let ticks = (now - lastSent).nanoseconds / 1_000 * Int64(details.codec.clockRate) / 1_000_000
            elapsed = max(1, UInt32(truncatingIfNeeded: max(0, ticks)))
        }
        timestampOffset = lastTimestamp &+ elapsed &- details.timestamp
        firstSourceSequence = details.sequence
        phase = .active
    }

    /// The source's sequence number behind one that the receiver says it lost; nil when it is not of this source.
    func sourceSequence(of lost: UInt16, now: Instant) -> UInt16? {
        guard phase == .active, hasSent else { return nil }
        let behind = Int16(bitPattern: UInt16(truncatingIfNeeded: highest) &- lost)
        guard behind >= 0 else { return nil }
        let source = lost &- sequenceOffset
        guard Int16(bitPattern: source &- firstSourceSequence) >= 0 else { return nil }
        return source
    }

    /// Builds the retransmission (RFC 4588) of a packet. Nil when the receiver has no RTX, or has used up what it may
    /// ask for.
    ///
    /// Without RTX nothing is sent again: the header extensions would differ from the first time under the same SRTP
    /// index, and AES-GCM must never see one nonce with two messages (RFC 7714 §8).
    mutating func retransmit(
        _ details: PacketDetails, payload: UnsafeRawPointer, length: Int, now: Instant
    )
        -> ForwardedPacket?
    {
        guard let rtxSSRC, let payloadType = rtxPayloadTypes[details.codec], retransmissions.take(now: now)
        else { return nil }
        rtxSequence &+= 1
        return ForwardedPacket(
            payload: payload, payloadLength: Int32(truncatingIfNeeded: length), ssrc: rtxSSRC,
            timestamp: details.timestamp &+ timestampOffset, sequence: UInt16(truncatingIfNeeded: rtxSequence),
            payloadType: payloadType, marker: details.marker, rollover: UInt32(truncatingIfNeeded: rtxSequence >> 16),
            audioLevel: nil, orientation: details.orientation, originalSequence: details.sequence &+ sequenceOffset)
    }

    /// The slot's timestamp for the instant at which the source's own timestamp would be `sourceTimestamp`.
    func timestamp(forSource sourceTimestamp: UInt32) -> UInt32 {
        sourceTimestamp &+ timestampOffset
    }

    mutating func noteReport(at now: Instant) {
        lastReport = now
    }
}
