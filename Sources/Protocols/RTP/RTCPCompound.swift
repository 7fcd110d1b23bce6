public import ProtocolCore

/// Packet types and feedback formats (RFC 3550 §12.1, RFC 4585 §6, RFC 5104 §4.3, RFC 3611 §2, RFC 5761 §4).
enum RTCPType {
    static let senderReport: UInt8 = 200
    static let receiverReport: UInt8 = 201
    static let sourceDescription: UInt8 = 202
    static let goodbye: UInt8 = 203
    static let transportLayerFeedback: UInt8 = 205
    static let payloadFeedback: UInt8 = 206
    static let extendedReport: UInt8 = 207

    /// Formats of transport layer feedback.
    static let genericNACK: UInt8 = 1
    static let transportWide: UInt8 = 15
    /// Formats of payload feedback.
    static let pictureLoss: UInt8 = 1
    static let fullIntra: UInt8 = 4
    static let application: UInt8 = 15
}

/// A datagram of control packets, whole (RFC 3550 §6.1) or reduced-size (RFC 5506).
public enum RTCPCompound {
    /// The most control packets that one datagram may hold; real ones hold fewer than ten.
    public static let maximumPackets = 64
    /// The most missing packets that one NACK may name: far more than a sender keeps for retransmission is of no use.
    public static let maximumLostPackets = 1024
    /// The most streams that one full intra request may name.
    public static let maximumIntraRequests = 128

    /// Whether a packet on a port shared by both is RTCP rather than RTP (RFC 5761 §4): its second byte is 192...223.
    @inlinable
    public static func isRTCP(_ packet: RawSpan) -> Bool {
        guard let type = try? packet.uint8(at: 1) else { return false }
        return type >= 192 && type <= 223
    }

    /// Reads every packet of a decrypted datagram, in order.
    ///
    /// - Throws: `.truncated`, `.malformed` or `.limitExceeded` when any packet of a known type is broken: a datagram
    ///   is taken whole or not at all.
    public static func parse(_ compound: RawSpan) throws(ParseError) -> [RTCPPacket] {
        guard compound.byteCount > 0 else { throw .truncated }
        var packets: [RTCPPacket] = []
        var offset = 0
        while offset < compound.byteCount {
            guard packets.count < maximumPackets else { throw .limitExceeded("RTCP packets in a datagram") }
            let first = try compound.uint8(at: offset)
            guard first >> 6 == 2 else { throw .malformed("RTCP version") }
            let type = try compound.uint8(at: offset + 1)
            let length = (Int(try compound.uint16(at: offset + 2)) + 1) * 4
            guard compound.byteCount - offset >= length else { throw .truncated }
            var contentLength = length
            if first & 0x20 != 0 {
                let padding = Int(try compound.uint8(at: offset + length - 1))
                guard padding > 0, padding <= length - 4 else { throw .malformed("RTCP padding length") }
                contentLength -= padding
            }
            let packet = compound.extracting(offset..<offset + contentLength)
            packets.append(try RTCPPacket(parsing: packet, type: type, count: first & 0x1f))
            offset += length
        }
        return packets
    }
}

extension RTCPPacket {
    /// Reads one packet, without its padding, whose head was read already.
    fileprivate init(parsing packet: RawSpan, type: UInt8, count: UInt8) throws(ParseError) {
        switch type {
        case RTCPType.senderReport:
            self = .senderReport(try SenderReport(parsing: packet, count: Int(count)))
        case RTCPType.receiverReport:
            self = .receiverReport(try ReceiverReport(parsing: packet, count: Int(count)))
        case RTCPType.sourceDescription:
            self = .sourceDescription(try SourceDescription(parsing: packet, count: Int(count)))
        case RTCPType.goodbye:
            self = .goodbye(try Goodbye(parsing: packet, count: Int(count)))
        case RTCPType.transportLayerFeedback where count == RTCPType.genericNACK:
            self = .genericNACK(try GenericNACK(parsing: packet))
        case RTCPType.transportLayerFeedback where count == RTCPType.transportWide:
            self = .transportFeedback(try TransportFeedback(parsing: packet))
        case RTCPType.transportLayerFeedback where count == CongestionControlFeedback.format:
            self = .congestionControlFeedback(try CongestionControlFeedback(parsing: packet))
        case RTCPType.payloadFeedback where count == RTCPType.pictureLoss:
            let sender = SSRC(try packet.uint32(at: 4))
            self = .pictureLossIndication(
                PictureLossIndication(sender: sender, media: SSRC(try packet.uint32(at: 8))))
        case RTCPType.payloadFeedback where count == RTCPType.fullIntra:
            self = .fullIntraRequest(try FullIntraRequest(parsing: packet))
        case RTCPType.payloadFeedback where count == RTCPType.application:
            guard (try? packet.uint32(at: 12)) == ReceiverEstimatedMaximumBitrate.identifier else {
                self = .unknown(type: type)
                return
            }
            self = .receiverEstimatedMaximumBitrate(try ReceiverEstimatedMaximumBitrate(parsing: packet))
        case RTCPType.extendedReport:
            self = .extendedReport(try ExtendedReport(parsing: packet))
        // Types of extensions that we do not take part in; RFC 3550 §6.1 has receivers skip them.
        default:
            self = .unknown(type: type)
        }
    }
}

extension SenderReport {
    fileprivate init(parsing packet: RawSpan, count: Int) throws(ParseError) {
        ssrc = SSRC(try packet.uint32(at: 4))
        ntpTime = NTPTimestamp(rawValue: try packet.uint64(at: 8))
        rtpTime = RTPTimestamp(try packet.uint32(at: 16))
        packetCount = try packet.uint32(at: 20)
        octetCount = try packet.uint32(at: 24)
        reports = []
        for index in 0..<count {
            reports.append(try ReportBlock(parsing: packet, at: 28 + index * ReportBlock.length))
        }
    }
}

extension ReceiverReport {
    fileprivate init(parsing packet: RawSpan, count: Int) throws(ParseError) {
        ssrc = SSRC(try packet.uint32(at: 4))
        reports = []
        for index in 0..<count {
            reports.append(try ReportBlock(parsing: packet, at: 8 + index * ReportBlock.length))
        }
    }
}

extension SourceDescription {
    /// The item that holds the canonical name (RFC 3550 §6.5.1).
    static let canonicalNameItem: UInt8 = 1

    fileprivate init(parsing packet: RawSpan, count: Int) throws(ParseError) {
        chunks = []
        var offset = 4
        for _ in 0..<count {
            var chunk = Chunk(ssrc: SSRC(try packet.uint32(at: offset)), canonicalName: "")
            offset += 4
            while true {
                let item = try packet.uint8(at: offset)
                if item == 0 { break }
                let length = Int(try packet.uint8(at: offset + 1))
                let text = try packet.array(at: offset + 2, count: length)
                if item == SourceDescription.canonicalNameItem {
                    chunk.canonicalName = String(decoding: text, as: UTF8.self)
                }
                offset += 2 + length
            }
            chunks.append(chunk)
            // At least one zero byte, then up to the next word.
            offset = (offset + 4) & ~3
        }
        guard offset <= packet.byteCount else { throw .truncated }
    }
}

extension Goodbye {
    fileprivate init(parsing packet: RawSpan, count: Int) throws(ParseError) {
        sources = []
        for index in 0..<count {
            sources.append(SSRC(try packet.uint32(at: 4 + index * 4)))
        }
    }
}

extension GenericNACK {
    fileprivate init(parsing packet: RawSpan) throws(ParseError) {
        sender = SSRC(try packet.uint32(at: 4))
        media = SSRC(try packet.uint32(at: 8))
        lost = []
        guard packet.byteCount > 12 else { throw .malformed("NACK without an entry") }
        var offset = 12
        while offset < packet.byteCount {
            let first = SequenceNumber(try packet.uint16(at: offset))
            var following = try packet.uint16(at: offset + 2)
            guard lost.count + 1 + following.nonzeroBitCount <= RTCPCompound.maximumLostPackets else {
                throw .limitExceeded("NACK entries")
            }
            lost.append(first)
            while following != 0 {
                lost.append(first + (following.trailingZeroBitCount + 1))
                following &= following - 1
            }
            offset += 4
        }
    }
}

extension FullIntraRequest {
    fileprivate init(parsing packet: RawSpan) throws(ParseError) {
        sender = SSRC(try packet.uint32(at: 4))
        entries = []
        guard packet.byteCount >= 20 else { throw .truncated }
        guard (packet.byteCount - 12) / 8 <= RTCPCompound.maximumIntraRequests else {
            throw .limitExceeded("full intra request entries")
        }
        var offset = 12
        while offset < packet.byteCount {
            let ssrc = SSRC(try packet.uint32(at: offset))
            entries.append(Entry(ssrc: ssrc, sequence: UInt8(try packet.uint32(at: offset + 4) >> 24)))
            offset += 8
        }
    }
}

extension ReceiverEstimatedMaximumBitrate {
    /// "REMB".
    static let identifier: UInt32 = 0x5245_4d42

    fileprivate init(parsing packet: RawSpan) throws(ParseError) {
        sender = SSRC(try packet.uint32(at: 4))
        let count = Int(try packet.uint8(at: 16))
        let scaled = try packet.uint24(at: 17)
        let exponent = UInt64(scaled >> 18)
        let mantissa = UInt64(scaled & 0x3_ffff)
        bitsPerSecond = mantissa << exponent
        guard bitsPerSecond >> exponent == mantissa else { throw .malformed("REMB bitrate") }
        sources = []
        for index in 0..<count {
            sources.append(SSRC(try packet.uint32(at: 20 + index * 4)))
        }
    }
}
