internal import PayloadFormats
public import ProtocolCore
public import RTP

/// Puts the packets of one H.264 stream together to access units, in the order in which they are decoded.
///
/// Packets go in as they come, repaired ones under their original number. `next(now:)` gives the next access unit once
/// it is whole and everything before it has been given out. A gap holds up what is behind it. When it has lasted for
/// `Limits.wait`, a keyframe is wanted, and the stream goes on with the first whole one behind the gap; a picture that no
/// other refers to is left out instead, if the whole gap is in it.
///
/// The RTP room's `NackGenerator` decides when to ask for what is missing; `missing` is for those who look on.
public struct VideoFrameAssembler: Sendable {
    /// What a sender can make us keep, and how patient we are.
    public struct Limits: Hashable, Sendable {
        /// The most sequence numbers from the first packet kept to the newest: a power of two.
        public var packets: Int
        /// The most bytes of payload kept.
        public var bytes: Int
        /// How long a gap may hold up what is behind it before a keyframe is wanted.
        public var wait: Duration
        /// The shortest time between two requests for a keyframe.
        public var keyframeInterval: Duration

        /// - Parameter packets: Raised to a power of two, 16...32768.
        public init(
            packets: Int = 1024, bytes: Int = 4 << 20, wait: Duration = .milliseconds(250),
            keyframeInterval: Duration = .milliseconds(500)
        ) {
            var power = 16
            while power < min(packets, 32_768) { power *= 2 }
            self.packets = power
            self.bytes = bytes
            self.wait = wait
            self.keyframeInterval = keyframeInterval
        }
    }

    /// One packet that waits.
    struct Packet {
        /// The sequence number without wraps.
        var number: Int64
        var timestamp: RTPTimestamp
        var hasMarker: Bool
        var arrival: Instant
        var payload: [UInt8]
    }

    /// Places for packets at first: a picture of a small stream.
    private static let initialPlaces = 16

    public let limits: Limits
    /// What was received and given out.
    public internal(set) var statistics = VideoReceptionStatistics()

    /// By number modulo their count, a power of two that grows up to `Limits.packets`.
    var packets: [Packet?]
    /// No packet before this one is kept.
    var oldestNumber = Int64.max
    var byteCount = 0
    /// The first packet of the access unit to be given out next; nil until a keyframe's beginning is known.
    var nextNumber: Int64?
    /// The newest number; meaningless before the first packet.
    var newestNumber: Int64 = 0
    /// Whether nothing but a keyframe can be decoded.
    var needsKeyframe = true
    /// Whether a gap has lasted too long. Should it be filled after all, the stream goes on without a keyframe.
    var hasGivenUp = false
    /// Since when a gap has held up a packet behind it.
    var blockedSince: Instant?
    /// When a keyframe may be asked for; nil before the first packet.
    var nextRequest: Instant?
    var freezes = FreezeDetector()
    private var newestSequence: SequenceNumber?
    /// What would follow a packet with a number far behind, if the stream has begun anew.
    private var strayFollower: SequenceNumber?

    public init(limits: Limits = Limits()) {
        self.limits = limits
        packets = Array(repeating: nil, count: min(limits.packets, VideoFrameAssembler.initialPlaces))
    }

    /// Puts in a packet. An empty payload is padding: it has a number, but belongs to no access unit.
    public mutating func insert(
        sequence: SequenceNumber, timestamp: RTPTimestamp, marker: Bool, payload: RawSpan, arrival: Instant
    ) {
        statistics.packetsReceived += 1
        guard let number = unwrap(sequence) else {
            statistics.packetsDiscarded += 1
            return
        }
        if let nextNumber, number < nextNumber {
            statistics.packetsDiscarded += 1
            return
        }
        if let nextNumber, number - nextNumber >= Int64(limits.packets) { startOver() }
        if byteCount + payload.byteCount > limits.bytes { startOver() }
        if nextRequest == nil {
            nextRequest = H264Payload.startsKeyframe(payload) ? arrival + limits.wait : arrival
        }
        if isPresent(number) {
            statistics.packetsDiscarded += 1
            return
        }
        while packets[index(number)] != nil, packets.count < limits.packets { makeRoom() }
        let index = index(number)
        if let overwritten = packets[index]?.payload.count { byteCount -= overwritten }
        packets[index] = Packet(
            number: number, timestamp: timestamp, hasMarker: marker, arrival: arrival,
            payload: payload.withUnsafeBytes { Array($0) })
        byteCount += payload.byteCount
        if number > newestNumber { newestNumber = number }
        oldestNumber = min(oldestNumber, number)
    }

    /// Doubles the places for packets.
    private mutating func makeRoom() {
        let former = packets
        packets = Array(repeating: nil, count: former.count * 2)
        for case let packet? in former { packets[index(packet.number)] = packet }
    }

    /// Whether to ask the sender for a keyframe now. It says so once in each `Limits.keyframeInterval` for as long as
    /// nothing can be shown without one: from the first packet on, or from `Limits.wait` after it when it begins one.
    public mutating func wantsKeyframe(now: Instant) -> Bool {
        updateBlocking(now: now)
        guard needsKeyframe || hasGivenUp, let nextRequest, now >= nextRequest else { return false }
        self.nextRequest = now + limits.keyframeInterval
        statistics.keyframesRequested += 1
        return true
    }

    /// Says that the decoder cannot go on: nothing is given out until the next keyframe.
    public mutating func decoderFailed() {
        needsKeyframe = true
    }

    /// The numbers that are missing between the access unit to be given out next and the newest packet, at most 300 of
    /// them; empty while the stream has not begun.
    public var missing: [SequenceNumber] {
        guard let nextNumber, nextNumber <= newestNumber else { return [] }
        let absent = (nextNumber...newestNumber).lazy.filter { !isPresent($0) }
        return absent.prefix(NackGenerator.maximumMissing).map { SequenceNumber(UInt16(truncatingIfNeeded: $0)) }
    }

    func packet(_ number: Int64) -> Packet? {
        guard let packet = packets[index(number)], packet.number == number else { return nil }
        return packet
    }

    func isPresent(_ number: Int64) -> Bool {
        packets[index(number)]?.number == number
    }

    /// The first number that a packet kept may have, `start` at the earliest.
    func firstKept(from start: Int64) -> Int64 {
        max(start, oldestNumber, newestNumber - Int64(limits.packets) + 1)
    }

    func index(_ number: Int64) -> Int {
        Int(truncatingIfNeeded: number) & (packets.count - 1)
    }

    /// Throws away all packets, and waits for a keyframe.
    mutating func startOver() {
        for index in packets.indices {
            if packets[index] != nil { statistics.packetsDiscarded += 1 }
            packets[index] = nil
        }
        byteCount = 0
        oldestNumber = .max
        nextNumber = nil
        needsKeyframe = true
        hasGivenUp = false
        blockedSince = nil
    }

    /// The sequence number without wraps. Numbers start well above zero, so that packets before the first one have
    /// numbers too.
    ///
    /// nil for one so far behind that its place is taken. Two of these in a row begin the stream anew (RFC 3550
    /// appendix A.1).
    private mutating func unwrap(_ sequence: SequenceNumber) -> Int64? {
        guard let newestSequence else {
            newestSequence = sequence
            newestNumber = Int64(sequence.rawValue) + 65_536
            return newestNumber
        }
        let step = sequence.distance(from: newestSequence)
        if step <= -limits.packets {
            guard sequence == strayFollower else {
                strayFollower = sequence + 1
                return nil
            }
            startOver()
            newestNumber += 65_536
            self.newestSequence = sequence
            return newestNumber
        }
        strayFollower = nil
        if step > 0 { self.newestSequence = sequence }
        return newestNumber + Int64(step)
    }
}
