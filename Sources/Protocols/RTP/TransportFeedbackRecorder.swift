public import ProtocolCore

/// Remembers when a transport's packets arrived, and makes the feedback that its sender adapts to.
///
/// One recorder serves one transport. It keeps the last `capacity` sequence numbers, in 8 kB that it takes with the first
/// of them. A packet that comes after it was reported lost is reported again, and with it what came after it, as the
/// draft allows and libwebrtc's receiver does.
///
/// ```swift
/// recorder.record(transportSequence: sequence, at: arrival)           // per packet
/// while let feedback = recorder.poll(now: now) { … }                  // per burst, and at `deadline`
/// ```
public struct TransportFeedbackRecorder: Sendable {
    /// The sequence numbers remembered: more than a second at 1000 packets per second. A power of two.
    public static let capacity = 1024
    /// How long the first unreported packet waits for others. mediasoup reports every 100 ms
    /// (`TransportCongestionControlServer`); libwebrtc's default is the same, its bounds are 50 and 250 ms.
    public static let defaultInterval: Duration = .milliseconds(100)
    /// With this many unreported packets a feedback is due at once, before the ring runs over. Packets are counted and
    /// not sequence numbers, so that a peer that sends gaps cannot make us answer each packet.
    @usableFromInline
    static let urgentCount = 512
    /// Marks a sequence number without arrival; no driver's time line reaches it.
    @usableFromInline
    static let notReceived = Int64.min

    /// The SSRC that feedbacks are sent from.
    public var sender: SSRC
    /// A stream that the peer sends on this transport; set it when the peer's streams change.
    public var media: SSRC

    @usableFromInline
    let interval: Duration
    /// Arrival times in nanoseconds, for the sequence numbers `highest - capacity + 1 ... highest`; empty before the first.
    @usableFromInline
    var arrivals: [Int64]
    /// The highest sequence number received, extended over wraps; it starts one cycle up, so earlier ones are positive.
    @usableFromInline
    var highest: Int64
    /// The lowest extended sequence number that the next feedback begins with.
    @usableFromInline
    var nextToReport: Int64
    /// When the next feedback is due; nil when there is nothing new.
    @usableFromInline
    var due: Instant?
    /// The packets recorded since the last feedback.
    @usableFromInline
    var unreportedCount: Int
    @usableFromInline
    var hasStarted: Bool
    private var feedbackCount: UInt8

    /// - Parameters:
    ///   - interval: How long the first unreported packet waits; 50...250 ms are usual.
    public init(sender: SSRC, media: SSRC, interval: Duration = TransportFeedbackRecorder.defaultInterval) {
        self.sender = sender
        self.media = media
        self.interval = interval
        arrivals = []
        highest = 0
        nextToReport = 0
        unreportedCount = 0
        hasStarted = false
        feedbackCount = 0
    }

    /// When `poll(now:)` must be called at the latest; nil when nothing waits.
    @inlinable
    public var deadline: Instant? {
        due
    }

    /// Notes one packet's arrival. Duplicates, and packets older than the ring, are ignored.
    @inlinable
    public mutating func record(transportSequence: UInt16, at arrival: Instant) {
        guard hasStarted else {
            hasStarted = true
            highest = Int64(transportSequence) + 0x1_0000
            nextToReport = highest
            arrivals = Array(
                repeating: TransportFeedbackRecorder.notReceived, count: TransportFeedbackRecorder.capacity)
            arrivals[TransportFeedbackRecorder.slot(highest)] = arrival.nanoseconds
            unreportedCount = 1
            due = arrival + interval
            return
        }
        let ahead = Int64(Int16(bitPattern: transportSequence &- UInt16(truncatingIfNeeded: highest)))
        let sequence = highest &+ ahead
        if ahead > 0 {
            advance(to: sequence, by: ahead)
        } else if ahead <= -Int64(TransportFeedbackRecorder.capacity) {
            return
        }
        let slot = TransportFeedbackRecorder.slot(sequence)
        guard arrivals[slot] == TransportFeedbackRecorder.notReceived else { return }
        arrivals[slot] = arrival.nanoseconds
        nextToReport = min(nextToReport, sequence)
        unreportedCount &+= 1
        if due == nil {
            due = arrival + interval
        }
    }

    /// Makes the next feedback when one is due: the interval is over, or half a ring of packets is unreported.
    ///
    /// Call it until it gives nil: packets that arrived more than eight seconds apart need a feedback each.
    public mutating func poll(now: Instant) -> TransportFeedback? {
        guard let due else { return nil }
        guard now >= due || unreportedCount >= TransportFeedbackRecorder.urgentCount else { return nil }
        unreportedCount = 0
        return makeFeedback()
    }

    /// Empties the slots between the highest sequence number and a later one.
    @inlinable
    mutating func advance(to sequence: Int64, by ahead: Int64) {
        let oldest = sequence &- Int64(TransportFeedbackRecorder.capacity) &+ 1
        // After a gap above the capacity nothing known is left, so every slot is emptied once.
        var empty = max(highest &+ 1, oldest)
        while empty <= sequence {
            arrivals[TransportFeedbackRecorder.slot(empty)] = TransportFeedbackRecorder.notReceived
            empty &+= 1
        }
        // What the ring lost unreported cannot be reported; after a gap above the capacity the report starts afresh.
        if ahead >= Int64(TransportFeedbackRecorder.capacity) {
            nextToReport = sequence
        } else {
            nextToReport = max(nextToReport, oldest)
        }
        highest = sequence
    }

    @inlinable
    static func slot(_ sequence: Int64) -> Int {
        Int(truncatingIfNeeded: sequence) & (capacity - 1)
    }

    private mutating func makeFeedback() -> TransportFeedback? {
        var packets: [TransportFeedback.Packet] = []
        packets.reserveCapacity(Int(highest - nextToReport + 1))
        var referenceTime: Int64?
        var previousTick: Int64 = 0
        // The packets up to the last one received; a feedback never ends with lost ones.
        var complete = 0
        while nextToReport <= highest {
            let sequence = SequenceNumber(UInt16(truncatingIfNeeded: nextToReport))
            let nanoseconds = arrivals[TransportFeedbackRecorder.slot(nextToReport)]
            if nanoseconds == TransportFeedbackRecorder.notReceived {
                packets.append(TransportFeedback.Packet(sequence: sequence, deltaTicks: nil))
                nextToReport += 1
                continue
            }
            let tick = floorDivide(nanoseconds, by: TransportFeedback.tick.nanoseconds)
            if referenceTime == nil {
                let reference = floorDivide(tick, by: TransportFeedback.ticksPerReferenceUnit)
                referenceTime = reference
                previousTick = reference * TransportFeedback.ticksPerReferenceUnit
            }
            // Too far from the previous arrival for 16 bits: the next feedback goes on with this packet.
            guard let delta = Int16(exactly: tick - previousTick) else { break }
            packets.append(TransportFeedback.Packet(sequence: sequence, deltaTicks: delta))
            complete = packets.count
            previousTick = tick
            nextToReport += 1
        }
        if nextToReport > highest {
            due = nil
        }
        guard let referenceTime, complete > 0 else { return nil }
        // Losses before a break open the next feedback instead of ending this one.
        nextToReport -= Int64(packets.count - complete)
        packets.removeLast(packets.count - complete)
        defer { feedbackCount &+= 1 }
        // 24 bits of the reference time travel; shifting up and down extends their sign.
        let wrapped = Int32(truncatingIfNeeded: referenceTime << 8) >> 8
        return TransportFeedback(
            sender: sender, media: media, feedbackCount: feedbackCount, referenceTime: wrapped, packets: packets)
    }
}

/// Division that rounds toward negative infinity, since a time line's origin is arbitrary.
private func floorDivide(_ dividend: Int64, by divisor: Int64) -> Int64 {
    let quotient = dividend / divisor
    return dividend % divisor < 0 ? quotient - 1 : quotient
}
