public import ProtocolCore

/// One control packet of a compound (RFC 3550 §6).
public enum RTCPPacket: Hashable, Sendable {
    case senderReport(SenderReport)
    case receiverReport(ReceiverReport)
    case sourceDescription(SourceDescription)
    case goodbye(Goodbye)
    case genericNACK(GenericNACK)
    case pictureLossIndication(PictureLossIndication)
    case fullIntraRequest(FullIntraRequest)
    case transportFeedback(TransportFeedback)
    case receiverEstimatedMaximumBitrate(ReceiverEstimatedMaximumBitrate)
    case extendedReport(ExtendedReport)
    /// Read, never sent.
    case congestionControlFeedback(CongestionControlFeedback)
    /// A packet or feedback format we do not read, with its packet type. It is never sent.
    case unknown(type: UInt8)
}

/// What a sender tells about its stream and the streams it receives (RFC 3550 §6.4.1).
public struct SenderReport: Hashable, Sendable {
    /// The stream sent.
    public var ssrc: SSRC
    /// The wall-clock time of the report.
    public var ntpTime: NTPTimestamp
    /// The same time on the stream's own clock.
    public var rtpTime: RTPTimestamp
    /// The packets sent so far, modulo 2^32.
    public var packetCount: UInt32
    /// The payload bytes sent so far, modulo 2^32.
    public var octetCount: UInt32
    /// The streams received, one block each.
    public var reports: [ReportBlock]

    public init(
        ssrc: SSRC, ntpTime: NTPTimestamp, rtpTime: RTPTimestamp, packetCount: UInt32, octetCount: UInt32,
        reports: [ReportBlock] = []
    ) {
        self.ssrc = ssrc
        self.ntpTime = ntpTime
        self.rtpTime = rtpTime
        self.packetCount = packetCount
        self.octetCount = octetCount
        self.reports = reports
    }
}

/// What a peer that sends nothing tells about the streams it receives (RFC 3550 §6.4.2).
public struct ReceiverReport: Hashable, Sendable {
    /// Who reports.
    public var ssrc: SSRC
    /// The streams received, one block each.
    public var reports: [ReportBlock]

    public init(ssrc: SSRC, reports: [ReportBlock] = []) {
        self.ssrc = ssrc
        self.reports = reports
    }
}

/// The canonical names of sources (RFC 3550 §6.5); other items are not kept.
public struct SourceDescription: Hashable, Sendable {
    /// One source and its canonical name; the name is empty when the chunk had none.
    public struct Chunk: Hashable, Sendable {
        /// The source described.
        public var ssrc: SSRC
        /// At most 255 bytes of UTF-8; what is longer is cut when written.
        public var canonicalName: String

        public init(ssrc: SSRC, canonicalName: String) {
            self.ssrc = ssrc
            self.canonicalName = canonicalName
        }
    }

    /// One for each source, at most 31 when written.
    public var chunks: [Chunk]

    public init(chunks: [Chunk]) {
        self.chunks = chunks
    }

    /// A description of one source.
    public init(ssrc: SSRC, canonicalName: String) {
        chunks = [Chunk(ssrc: ssrc, canonicalName: canonicalName)]
    }
}

/// Sources that end (RFC 3550 §6.6); the reason text is not kept.
public struct Goodbye: Hashable, Sendable {
    /// At most 31 when written.
    public var sources: [SSRC]

    public init(sources: [SSRC]) {
        self.sources = sources
    }
}

/// A request to send lost packets again (RFC 4585 §6.2.1).
public struct GenericNACK: Hashable, Sendable {
    /// Who asks.
    public var sender: SSRC
    /// The stream whose packets are missing.
    public var media: SSRC
    /// The missing packets; written most compactly when in serial order.
    public var lost: [SequenceNumber]

    public init(sender: SSRC, media: SSRC, lost: [SequenceNumber]) {
        self.sender = sender
        self.media = media
        self.lost = lost
    }
}

/// A request for a keyframe after undecodable loss (RFC 4585 §6.3.1).
public struct PictureLossIndication: Hashable, Sendable {
    /// Who asks.
    public var sender: SSRC
    /// The stream that shall send a keyframe.
    public var media: SSRC

    public init(sender: SSRC, media: SSRC) {
        self.sender = sender
        self.media = media
    }
}

/// A request for keyframes of one or more streams (RFC 5104 §4.3.1).
public struct FullIntraRequest: Hashable, Sendable {
    /// One stream that is asked.
    public struct Entry: Hashable, Sendable {
        /// The stream that shall send a keyframe.
        public var ssrc: SSRC
        /// The command's number; a repeated number is the same command.
        public var sequence: UInt8

        public init(ssrc: SSRC, sequence: UInt8) {
            self.ssrc = ssrc
            self.sequence = sequence
        }
    }

    /// Who asks.
    public var sender: SSRC
    /// The streams that are asked.
    public var entries: [Entry]

    public init(sender: SSRC, entries: [Entry]) {
        self.sender = sender
        self.entries = entries
    }
}

/// A receiver's estimate of the bitrate that it can take (draft-alvestrand-rmcat-remb-03).
public struct ReceiverEstimatedMaximumBitrate: Hashable, Sendable {
    /// Who estimates.
    public var sender: SSRC
    /// Bits per second; 18 significant bits travel.
    public var bitsPerSecond: UInt64
    /// The streams that share the bitrate, at most 255.
    public var sources: [SSRC]

    public init(sender: SSRC, bitsPerSecond: UInt64, sources: [SSRC]) {
        self.sender = sender
        self.bitsPerSecond = bitsPerSecond
        self.sources = sources
    }
}
