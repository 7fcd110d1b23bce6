public import ICE
public import ProtocolCore

/// Everything that an offer of ours says; what ``Offerer`` writes.
public struct OfferParameters: Sendable {
    /// The same in every offer of a session.
    public var sessionID: UInt64
    /// Grows by one with each offer of a session.
    public var sessionVersion: UInt64
    /// Other ones than in the last offer begin an ICE restart.
    public var ice: ICECredentials
    /// Our addresses; may be empty toward a server that learns them from our checks.
    public var candidates: [Candidate]
    /// The hash of our DTLS certificate.
    public var fingerprint: CertificateFingerprint
    /// The CNAME of the streams that we send.
    public var cname: String
    /// In the order of the m-lines, which must stay the same in later offers: new lines go to the end.
    public var lines: [OfferLine]
    /// The line of data channels; nil without one.
    public var data: OfferDataLine?

    public init(
        sessionID: UInt64, sessionVersion: UInt64, ice: ICECredentials, candidates: [Candidate] = [],
        fingerprint: CertificateFingerprint, cname: String, lines: [OfferLine], data: OfferDataLine? = nil
    ) {
        self.sessionID = sessionID
        self.sessionVersion = sessionVersion
        self.ice = ice
        self.candidates = candidates
        self.fingerprint = fingerprint
        self.cname = cname
        self.lines = lines
        self.data = data
    }
}

/// One m-line of an offer: a source that we send, or a slot that we receive in.
public struct OfferLine: Hashable, Sendable {
    /// At most 32 characters of a token.
    public var mid: Mid
    public var purpose: LinePurpose
    /// Whether media flows; a camera that is off keeps its line, which is then `inactive`.
    public var isActive: Bool
    /// The streams that are sent, announced by SSRC. Of simulcast layers none is announced, as by browsers: they are
    /// known by their rid.
    public var streams: [PublishedStream]
    /// The simulcast layers that are sent, the smallest first; empty without simulcast.
    public var rids: [Rid]
    /// The codecs, the preferred first; those of another kind of media are passed over.
    public var codecs: [Codec]

    public init(
        mid: Mid, purpose: LinePurpose, isActive: Bool = true, streams: [PublishedStream] = [], rids: [Rid] = [],
        codecs: [Codec] = [.opus, .h264]
    ) {
        self.mid = mid
        self.purpose = purpose
        self.isActive = isActive
        self.streams = streams
        self.rids = rids
        self.codecs = codecs
    }

    var direction: MediaDirection {
        guard isActive else { return .inactive }
        return purpose.isSlot ? .recvonly : .sendonly
    }
}
