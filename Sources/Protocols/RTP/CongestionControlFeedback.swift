public import ProtocolCore

/// When the packets of several streams arrived, told to their sender: the RTP congestion control feedback of RFC 8888.
///
/// It names packets by stream and RTP sequence number, so the sender needs no header extension.
public struct CongestionControlFeedback: Hashable, Sendable {
    /// The feedback message type among transport layer feedback, packet type 205 (§3).
    public static let format: UInt8 = 11
    /// The packets that one feedback may report on, over all streams; each takes two bytes.
    public static let maximumPackets = 8192
    /// The streams that one feedback may report on.
    public static let maximumStreams = 64

    /// One packet that the feedback reports on.
    public struct Packet: Hashable, Sendable {
        public var stream: SSRC
        public var sequence: SequenceNumber
        /// When it arrived, on the reporter's time line; nil when it has not arrived, or the time is unknown.
        public var arrival: Instant?
        public var hasArrived: Bool
        /// The congestion mark of the IP header, 0...3 (RFC 3168 §5; 3: congestion experienced).
        public var congestionMark: UInt8
    }

    /// Who reports.
    public var sender: SSRC
    /// When, in units of 1/65536 s, modulo 2^32: the middle bits of an NTP time stamp. It wraps every 18 hours.
    public var timestamp: UInt32
    /// In the order of the report.
    public var packets: [Packet]

    /// Reads one control packet, header included and padding excluded.
    ///
    /// - Throws: `.truncated`, `.malformed` for another packet type or format, `.limitExceeded`.
    public init(parsing packet: RawSpan) throws(ParseError) {
        guard try packet.uint8(at: 0) & 0x1f == CongestionControlFeedback.format, try packet.uint8(at: 1) == 205 else {
            throw .malformed("congestion control feedback format")
        }
        // Without padding the announced length is that of the packet.
        let length = (Int(try packet.uint16(at: 2)) + 1) * 4
        let isPadded = try packet.uint8(at: 0) & 0x20 != 0
        guard isPadded || packet.byteCount == length else { throw .truncated }
        sender = SSRC(try packet.uint32(at: 4))
        let end = packet.byteCount - 4
        guard end >= 8 else { throw .truncated }
        timestamp = try packet.uint32(at: end)
        let reported = Instant(nanoseconds: CongestionControlFeedback.nanoseconds(timestamp))
        packets = []
        var offset = 8
        var streams = 0
        while offset < end {
            streams += 1
            guard streams <= CongestionControlFeedback.maximumStreams else {
                throw .limitExceeded("congestion control feedback streams")
            }
            let stream = SSRC(try packet.uint32(at: offset))
            let begin = SequenceNumber(try packet.uint16(at: offset + 4))
            let count = Int(try packet.uint16(at: offset + 6))
            offset += 8
            guard offset + count * 2 <= end else { throw .truncated }
            guard packets.count + count <= CongestionControlFeedback.maximumPackets else {
                throw .limitExceeded("congestion control feedback packets")
            }
            for index in 0..<count {
                let block = try packet.uint16(at: offset + index * 2)
                packets.append(Packet(stream: stream, sequence: begin + index, block: block, reported: reported))
            }
            // Blocks of two bytes fill words of four.
            offset += (count + count % 2) * 2
        }
        guard offset == end else { throw .malformed("congestion control feedback length") }
    }

    private static func nanoseconds(_ timestamp: UInt32) -> Int64 {
        Int64(timestamp) * 1_000_000_000 / 65_536
    }

    /// Sets this report's arrivals on a time line that goes on where `previous` was, although time stamps wrap.
    ///
    /// - Parameter previous: The latest report's extended time stamp; nil before the first. Keep it from call to call.
    public mutating func extendTimeLine(after previous: inout Int64?) {
        let base = previous ?? Int64(timestamp)
        let ahead = Int64(Int32(bitPattern: timestamp &- UInt32(truncatingIfNeeded: base)))
        let extended = base &+ ahead
        previous = max(base, extended)
        let seconds = extended >> 16
        let fraction = Int64(extended & 0xffff) * 1_000_000_000 / 65_536
        let shift = seconds &* 1_000_000_000 &+ fraction &- CongestionControlFeedback.nanoseconds(timestamp)
        for index in packets.indices {
            packets[index].arrival = packets[index].arrival.map { Instant(nanoseconds: $0.nanoseconds &+ shift) }
        }
    }
}

extension CongestionControlFeedback.Packet {
    /// Offsets from here on hold no time: the packet came too long before the report, or after its time (§3.1).
    private static let firstUnknownOffset: UInt16 = 0x1ffe

    /// Reads a metric block (RFC 8888 §3.1): received, congestion mark, offset in 1/1024 s before the report.
    fileprivate init(stream: SSRC, sequence: SequenceNumber, block: UInt16, reported: Instant) {
        self.stream = stream
        self.sequence = sequence
        hasArrived = block & 0x8000 != 0
        congestionMark = hasArrived ? UInt8(block >> 13 & 3) : 0
        let offset = block & 0x1fff
        arrival = nil
        if hasArrived, offset < CongestionControlFeedback.Packet.firstUnknownOffset {
            arrival = reported + .nanoseconds(-(Int64(offset) * 1_000_000_000 / 1024))
        }
    }
}
