public import ProtocolCore

/// What a receiver tells about one stream it receives (RFC 3550 §6.4.1).
public struct ReportBlock: Hashable, Sendable {
    /// The stream reported on.
    public var ssrc: SSRC
    /// The part of packets lost since the previous report, in 1/256.
    public var fractionLost: UInt8
    /// All packets lost so far, -2^23...2^23-1; negative when duplicates outnumber losses.
    public var cumulativeLost: Int32
    /// The highest sequence number received, with the count of its wraps in the high half.
    public var extendedHighestSequence: UInt32
    /// The interarrival jitter in ticks of the stream's clock.
    public var jitter: UInt32
    /// The middle of the last sender report's time; zero when none has come.
    public var lastSenderReport: CompactNTP
    /// How long ago that report came; zero when none has come.
    public var delaySinceLastSenderReport: CompactNTP

    public init(
        ssrc: SSRC, fractionLost: UInt8 = 0, cumulativeLost: Int32 = 0, extendedHighestSequence: UInt32 = 0,
        jitter: UInt32 = 0, lastSenderReport: CompactNTP = CompactNTP(rawValue: 0),
        delaySinceLastSenderReport: CompactNTP = CompactNTP(rawValue: 0)
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.extendedHighestSequence = extendedHighestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }

    /// The round-trip time that this block shows to the sender of the stream (RFC 3550 §6.4.1), at least zero.
    ///
    /// - Parameter arrival: When the block came, by the same clock that stamped our sender reports.
    /// - Returns: nil when the block answers no sender report.
    public func roundTripTime(arrival: NTPTimestamp) -> Duration? {
        guard lastSenderReport.rawValue != 0 else { return nil }
        let elapsed = arrival.compact.rawValue &- lastSenderReport.rawValue &- delaySinceLastSenderReport.rawValue
        // A peer that overstates its delay gives a negative difference.
        return Int32(bitPattern: elapsed) > 0 ? CompactNTP(rawValue: elapsed).duration : .zero
    }
}

extension ReportBlock {
    /// The length of a block on the wire, in bytes.
    static let length = 24

    init(parsing packet: RawSpan, at offset: Int) throws(ParseError) {
        ssrc = SSRC(try packet.uint32(at: offset))
        fractionLost = try packet.uint8(at: offset + 4)
        // Shifting up and down extends the sign of the 24-bit count.
        cumulativeLost = Int32(bitPattern: try packet.uint24(at: offset + 5) << 8) >> 8
        extendedHighestSequence = try packet.uint32(at: offset + 8)
        jitter = try packet.uint32(at: offset + 12)
        lastSenderReport = CompactNTP(rawValue: try packet.uint32(at: offset + 16))
        delaySinceLastSenderReport = CompactNTP(rawValue: try packet.uint32(at: offset + 20))
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: ssrc.rawValue)
        let lost = UInt32(bitPattern: min(max(cumulativeLost, -0x80_0000), 0x7f_ffff)) & 0xff_ffff
        bytes.append(bigEndian: UInt32(fractionLost) << 24 | lost)
        bytes.append(bigEndian: extendedHighestSequence)
        bytes.append(bigEndian: jitter)
        bytes.append(bigEndian: lastSenderReport.rawValue)
        bytes.append(bigEndian: delaySinceLastSenderReport.rawValue)
    }
}
