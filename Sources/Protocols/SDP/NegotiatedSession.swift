public import ICE
public import ProtocolCore
public import RTP

/// What an offer and our answer to it agreed on; what the media worker is set up from.
public struct NegotiatedSession: Hashable, Sendable {
    /// The part of the DTLS handshake that we play.
    public enum DTLSRole: Hashable, Sendable {
        case client
        case server
    }

    /// The client's ICE user name fragment and password.
    public var remoteICE: ICECredentials
    /// The hashes one of which the client's certificate must have; at least one, all acceptable.
    public var remoteFingerprints: [CertificateFingerprint]
    public var ourDTLSRole: DTLSRole
    /// The m-lines that share the transport, first the one that describes it.
    public var bundle: [Mid]
    /// The audio and video lines in the order of the offer, rejected ones among them.
    public var lines: [NegotiatedLine]
    /// The line of data channels; nil without one.
    public var data: NegotiatedDataLine?
    /// Every line of which something was refused, of any kind of media.
    public var rejections: [LineRejection]
    /// The streams that belong to slots, also of slots that are out of use at present.
    public var slotStreams: [Mid: SlotStreams]

    public init(
        remoteICE: ICECredentials, remoteFingerprints: [CertificateFingerprint], ourDTLSRole: DTLSRole,
        bundle: [Mid], lines: [NegotiatedLine], data: NegotiatedDataLine? = nil, rejections: [LineRejection] = [],
        slotStreams: [Mid: SlotStreams] = [:]
    ) {
        self.remoteICE = remoteICE
        self.remoteFingerprints = remoteFingerprints
        self.ourDTLSRole = ourDTLSRole
        self.bundle = bundle
        self.lines = lines
        self.data = data
        self.rejections = rejections
        self.slotStreams = slotStreams
    }

    /// The line with a mid.
    public func line(_ mid: Mid) -> NegotiatedLine? {
        lines.first { $0.mid == mid }
    }
}

/// The SSRCs of one slot, which it keeps for the whole session: a browser binds its decoder to them.
public struct SlotStreams: Hashable, Sendable {
    public var kind: MediaKind
    public var ssrc: SSRC
    /// For retransmissions, when the client takes them.
    public var rtxSSRC: SSRC

    public init(kind: MediaKind, ssrc: SSRC, rtxSSRC: SSRC) {
        self.kind = kind
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
    }
}

/// One audio or video m-line.
public struct NegotiatedLine: Hashable, Sendable {
    /// Its mid, or the name that it was given where it has none that can be used (``OfferedLine/name``).
    public var mid: Mid
    public var kind: MediaKind
    /// What the line is for: one purpose, or a published source and a slot together.
    public var purposes: [LinePurpose]
    /// The direction in our answer, so `recvonly` when the client sends.
    public var direction: MediaDirection
    /// What both sides have, in the order of our answer; empty on a line that is rejected.
    public var codecs: [NegotiatedCodec]
    /// What the client sends here; nil when it does not.
    public var publish: PublishedLine?
    /// What we send here; nil when we do not.
    public var slot: SlotLine?
    public var extensions: HeaderExtensionMap
    /// What of the line was refused.
    public var rejection: LineRejection?
    /// Whether the line has a port in the answer; it may still be `inactive`.
    public var isAccepted: Bool
    /// Whether RTCP may come without a report in front (`a=rtcp-rsize`, RFC 5506).
    public var hasReducedSizeRTCP = false

    public init(
        mid: Mid, kind: MediaKind, purposes: [LinePurpose], direction: MediaDirection, codecs: [NegotiatedCodec],
        publish: PublishedLine? = nil, slot: SlotLine? = nil, extensions: HeaderExtensionMap = HeaderExtensionMap(),
        rejection: LineRejection? = nil, isAccepted: Bool = true
    ) {
        self.mid = mid
        self.kind = kind
        self.purposes = purposes
        self.direction = direction
        self.codecs = codecs
        self.publish = publish
        self.slot = slot
        self.extensions = extensions
        self.rejection = rejection
        self.isAccepted = isAccepted
    }
}

/// A source that the client sends.
public struct PublishedLine: Hashable, Sendable {
    /// `microphone`, `camera` or `screen`.
    public var purpose: LinePurpose
    /// In the order of our answer; the client sends the first unless it has a reason.
    public var codecs: [NegotiatedCodec]
    /// The streams that the offer announces by SSRC; empty when they only become known by their mid and rid.
    public var streams: [PublishedStream]
    /// The simulcast layers in the order of the offer; empty without simulcast.
    public var rids: [Rid]
    /// The client's CNAME, by which its streams are synchronised.
    public var cname: String?

    public init(
        purpose: LinePurpose, codecs: [NegotiatedCodec], streams: [PublishedStream], rids: [Rid] = [],
        cname: String? = nil
    ) {
        self.purpose = purpose
        self.codecs = codecs
        self.streams = streams
        self.rids = rids
        self.cname = cname
    }
}

/// One stream that is announced by SSRC, with its retransmission stream (RFC 5576 §4.2, RFC 4588).
public struct PublishedStream: Hashable, Sendable {
    public var ssrc: SSRC
    public var rtxSSRC: SSRC?

    public init(ssrc: SSRC, rtxSSRC: SSRC? = nil) {
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
    }
}

/// A place where we send one source after the other as a continuous stream.
public struct SlotLine: Hashable, Sendable {
    /// `audioSlot`, `videoSlot` or `screenSlot`.
    public var purpose: LinePurpose
    public var ssrc: SSRC
    /// Nil when the client takes no retransmission streams.
    public var rtxSSRC: SSRC?
    /// What may be sent here, in the order of our answer.
    public var codecs: [NegotiatedCodec]
    /// The media stream id in `a=msid`; each slot has its own, so that nothing is synchronised across slots.
    public var streamID: String
    /// The track id in `a=msid`.
    public var trackID: String

    public init(
        purpose: LinePurpose, ssrc: SSRC, rtxSSRC: SSRC? = nil, codecs: [NegotiatedCodec], streamID: String,
        trackID: String
    ) {
        self.purpose = purpose
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        self.codecs = codecs
        self.streamID = streamID
        self.trackID = trackID
    }
}
