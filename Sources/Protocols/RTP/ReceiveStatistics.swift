public import ProtocolCore

/// Loss, jitter and sender report bookkeeping for one received stream (RFC 3550 §6.4, A.1, A.3, A.8).
///
/// Departures: no probation, since SRTP has authenticated every packet that gets here; and a transit change of five
/// seconds or more, which is a new time line and not network jitter, does not count.
public struct ReceiveStatistics: Sendable {
    /// A forward step below this is loss, at or above it a restart (RFC 3550 A.1, MAX_DROPOUT).
    @usableFromInline
    static let maximumDropout: UInt16 = 3000
    /// A backward step below this is reordering, at or above it a restart (RFC 3550 A.1, MAX_MISORDER).
    @usableFromInline
    static let maximumMisorder: UInt16 = 100
    /// Transit changes of this many seconds say nothing about jitter.
    @usableFromInline
    static let maximumTransitChange: UInt64 = 5
    /// A value of `badSequence` that no sequence number has.
    @usableFromInline
    static let noBadSequence: UInt32 = 0x1_0000

    /// The stream that the statistics are about.
    public let ssrc: SSRC

    @usableFromInline
    var hasStarted = false
    @usableFromInline
    var baseSequence: UInt16 = 0
    @usableFromInline
    var highestSequence: UInt16 = 0
    @usableFromInline
    var cycles: UInt32 = 0
    /// The number that would confirm a restart.
    @usableFromInline
    var badSequence: UInt32 = ReceiveStatistics.noBadSequence
    @usableFromInline
    var received: UInt32 = 0
    @usableFromInline
    var lastTransit: UInt32?
    /// The jitter times 16, as A.8 keeps it.
    @usableFromInline
    var scaledJitter: UInt64 = 0

    private var expectedBefore: UInt32 = 0
    private var receivedBefore: UInt32 = 0
    private var lastSenderReport = CompactNTP(rawValue: 0)
    private var lastSenderReportArrival: Instant?

    public init(ssrc: SSRC) {
        self.ssrc = ssrc
    }

    /// The highest sequence number received, with the count of its wraps in the high half; 0 before the first packet.
    @inlinable
    public var extendedHighestSequence: UInt32 {
        cycles &+ UInt32(highestSequence)
    }

    /// The packets that should have come so far, modulo 2^32.
    public var expectedCount: UInt32 {
        hasStarted ? extendedHighestSequence &- UInt32(baseSequence) &+ 1 : 0
    }

    /// The packets that came so far, with duplicates, modulo 2^32.
    public var receivedCount: UInt32 {
        received
    }

    /// All packets lost so far, -2^23...2^23-1; negative when duplicates outnumber losses.
    public var cumulativeLost: Int32 {
        min(max(Int32(bitPattern: expectedCount &- received), -0x80_0000), 0x7f_ffff)
    }

    /// The interarrival jitter in clock ticks.
    public var jitter: UInt32 {
        UInt32(clamping: scaledJitter >> 4)
    }

    /// Notes one packet.
    ///
    /// - Parameters:
    ///   - clockRate: The ticks per second of the payload's clock, for example 90000; 0 leaves the jitter alone.
    @inlinable
    public mutating func record(_ header: RTPHeader, at arrival: Instant, clockRate: UInt32) {
        guard updateSequence(header.sequenceNumber.rawValue) else { return }
        received &+= 1
        if clockRate > 0 {
            updateJitter(header.timestamp, at: arrival, clockRate: clockRate)
        }
    }

    /// Notes a sender report of this stream, which the next report block refers to.
    public mutating func recordSenderReport(ntpTime: NTPTimestamp, at arrival: Instant) {
        lastSenderReport = ntpTime.compact
        lastSenderReportArrival = arrival
    }

    /// Closes the interval since the previous block and reports on it; nil before the first packet.
    public mutating func reportBlock(now: Instant) -> ReportBlock? {
        guard hasStarted else { return nil }
        let expected = expectedCount
        let expectedInInterval = expected &- expectedBefore
        let lostInInterval = Int32(bitPattern: expectedInInterval &- (received &- receivedBefore))
        expectedBefore = expected
        receivedBefore = received
        var fraction: UInt8 = 0
        if expectedInInterval > 0, lostInInterval > 0 {
            fraction = UInt8(clamping: (UInt64(lostInInterval) << 8) / UInt64(expectedInInterval))
        }
        var delay = CompactNTP(rawValue: 0)
        if let lastSenderReportArrival {
            delay = CompactNTP(now - lastSenderReportArrival)
        }
        return ReportBlock(
            ssrc: ssrc, fractionLost: fraction, cumulativeLost: cumulativeLost,
            extendedHighestSequence: extendedHighestSequence, jitter: jitter, lastSenderReport: lastSenderReport,
            delaySinceLastSenderReport: delay)
    }

    /// A.1 `update_seq`: whether the packet counts.
    @inlinable
    mutating func updateSequence(_ sequence: UInt16) -> Bool {
        guard hasStarted else {
            restart(at: sequence)
            return true
        }
        let ahead = sequence &- highestSequence
        if ahead < ReceiveStatistics.maximumDropout {
            if sequence < highestSequence {
                cycles &+= 0x1_0000
            }
            highestSequence = sequence
        } else if ahead <= 0 &- ReceiveStatistics.maximumMisorder {
            // A very large step: two packets in a row after it are a restart, one alone is a stray.
            guard UInt32(sequence) == badSequence else {
                badSequence = UInt32(sequence &+ 1)
                return false
            }
            restart(at: sequence)
        }
        return true
    }

    @usableFromInline
    mutating func restart(at sequence: UInt16) {
        hasStarted = true
        baseSequence = sequence
        highestSequence = sequence
        cycles = 0
        badSequence = ReceiveStatistics.noBadSequence
        received = 0
        expectedBefore = 0
        receivedBefore = 0
        lastTransit = nil
    }

    /// A.8: the running mean of transit time changes.
    @inlinable
    mutating func updateJitter(_ timestamp: RTPTimestamp, at arrival: Instant, clockRate: UInt32) {
        let seconds = arrival.nanoseconds / 1_000_000_000
        let rest = arrival.nanoseconds % 1_000_000_000
        let ticks = seconds &* Int64(clockRate) &+ rest &* Int64(clockRate) / 1_000_000_000
        let transit = UInt32(truncatingIfNeeded: ticks) &- timestamp.rawValue
        if let lastTransit {
            let change = UInt64(Int32(bitPattern: transit &- lastTransit).magnitude)
            if change < UInt64(clockRate) * ReceiveStatistics.maximumTransitChange {
                scaledJitter = scaledJitter &+ change &- (scaledJitter &+ 8) >> 4
            }
        }
        lastTransit = transit
    }
}
