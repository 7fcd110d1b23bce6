public import ProtocolCore

/// Round trips for those who do not send (RFC 3611): a receiver tells its time, and the sender says later when that came.
///
/// Report blocks measure the round trip of whoever sends media. Blocks 4 and 5 of extended reports turn that around, so
/// that a server knows how far away a publisher is that receives nothing. Other blocks are passed over.
public struct ExtendedReport: Hashable, Sendable {
    /// When somebody's reference time came (RFC 3611 §4.5).
    public struct Reception: Hashable, Sendable {
        /// Whose reference time it was.
        public var receiver: SSRC
        /// The middle of that time; zero when none has come.
        public var lastReference: CompactNTP
        /// How long ago it came; zero when none has come.
        public var delay: CompactNTP

        public init(receiver: SSRC, lastReference: CompactNTP, delay: CompactNTP) {
            self.receiver = receiver
            self.lastReference = lastReference
            self.delay = delay
        }

        /// The round-trip time that this shows to the receiver, at least zero; nil when no reference time had come.
        ///
        /// - Parameter arrival: When the report came, by the clock that stamped the reference time.
        public func roundTripTime(arrival: NTPTimestamp) -> Duration? {
            ReportBlock(ssrc: receiver, lastSenderReport: lastReference, delaySinceLastSenderReport: delay)
                .roundTripTime(arrival: arrival)
        }
    }

    /// The most receptions that one report may hold; one is usual.
    public static let maximumReceptions = 64

    /// Who reports.
    public var ssrc: SSRC
    /// The reporter's wall-clock time (RFC 3611 §4.4).
    public var referenceTime: NTPTimestamp?
    /// What the reporter heard of others; at most `maximumReceptions`.
    public var receptions: [Reception]

    public init(ssrc: SSRC, referenceTime: NTPTimestamp? = nil, receptions: [Reception] = []) {
        self.ssrc = ssrc
        self.referenceTime = referenceTime
        self.receptions = receptions
    }
}

extension ExtendedReport {
    /// Block types (RFC 3611 §4).
    private static let referenceTimeBlock: UInt8 = 4
    private static let receptionBlock: UInt8 = 5
    /// The length of a reception on the wire, in words.
    private static let receptionWords = 3

    init(parsing packet: RawSpan) throws(ParseError) {
        ssrc = SSRC(try packet.uint32(at: 4))
        referenceTime = nil
        receptions = []
        var offset = 8
        while offset < packet.byteCount {
            let type = try packet.uint8(at: offset)
            let words = Int(try packet.uint16(at: offset + 2))
            guard packet.byteCount - offset >= 4 + words * 4 else { throw .truncated }
            switch type {
            case ExtendedReport.referenceTimeBlock:
                guard words == 2 else { throw .malformed("XR reference time length") }
                referenceTime = NTPTimestamp(rawValue: try packet.uint64(at: offset + 4))
            case ExtendedReport.receptionBlock:
                guard words % ExtendedReport.receptionWords == 0 else { throw .malformed("XR reception length") }
                guard receptions.count + words / ExtendedReport.receptionWords <= ExtendedReport.maximumReceptions
                else {
                    throw .limitExceeded("XR receptions")
                }
                for index in 0..<(words / ExtendedReport.receptionWords) {
                    receptions.append(try Reception(parsing: packet, at: offset + 4 + index * 12))
                }
            // Receivers skip blocks that they do not know (RFC 3611 §3).
            default: break
            }
            offset += 4 + words * 4
        }
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendRTCP(type: RTCPType.extendedReport, count: 0) { bytes in
            bytes.append(bigEndian: ssrc.rawValue)
            if let referenceTime {
                bytes.append(ExtendedReport.referenceTimeBlock)
                bytes.append(0)
                bytes.append(bigEndian: UInt16(2))
                bytes.append(bigEndian: referenceTime.rawValue)
            }
            let told = receptions.prefix(ExtendedReport.maximumReceptions)
            guard !told.isEmpty else { return }
            bytes.append(ExtendedReport.receptionBlock)
            bytes.append(0)
            bytes.append(bigEndian: UInt16(told.count * ExtendedReport.receptionWords))
            for reception in told {
                bytes.append(bigEndian: reception.receiver.rawValue)
                bytes.append(bigEndian: reception.lastReference.rawValue)
                bytes.append(bigEndian: reception.delay.rawValue)
            }
        }
    }
}

extension ExtendedReport.Reception {
    fileprivate init(parsing packet: RawSpan, at offset: Int) throws(ParseError) {
        receiver = SSRC(try packet.uint32(at: offset))
        lastReference = CompactNTP(rawValue: try packet.uint32(at: offset + 4))
        delay = CompactNTP(rawValue: try packet.uint32(at: offset + 8))
    }
}
