public import ICE
public import ProtocolCore
public import RTP

/// What the answer to our offer agreed on; what a client's transport is set up from.
public struct AnsweredSession: Hashable, Sendable {
    public var remoteICE: ICECredentials
    public var isRemoteLite: Bool
    /// Where the peer may be reached, best first.
    public var candidates: [Candidate]
    /// The hashes one of which the peer's certificate must have; at least one, all acceptable.
    public var remoteFingerprints: [CertificateFingerprint]
    public var ourDTLSRole: NegotiatedSession.DTLSRole
    /// As many as the offer has, in its order.
    public var lines: [AnsweredLine]
    /// The line of data channels; nil when there is none, or it was rejected.
    public var data: NegotiatedDataLine?
    /// The header extensions of all lines; bundled lines agree on them.
    public var extensions: HeaderExtensionMap

    public init(
        remoteICE: ICECredentials, isRemoteLite: Bool, candidates: [Candidate],
        remoteFingerprints: [CertificateFingerprint], ourDTLSRole: NegotiatedSession.DTLSRole,
        lines: [AnsweredLine], data: NegotiatedDataLine? = nil, extensions: HeaderExtensionMap
    ) {
        self.remoteICE = remoteICE
        self.isRemoteLite = isRemoteLite
        self.candidates = candidates
        self.remoteFingerprints = remoteFingerprints
        self.ourDTLSRole = ourDTLSRole
        self.lines = lines
        self.data = data
        self.extensions = extensions
    }

    /// The line with a mid.
    public func line(_ mid: Mid) -> AnsweredLine? {
        lines.first { $0.mid == mid }
    }
}

/// One m-line of an answer.
public struct AnsweredLine: Hashable, Sendable {
    public var mid: Mid
    public var purpose: LinePurpose
    /// Whether the line is in use; a rejected one has port 0.
    public var isAccepted: Bool
    /// Whether we may send on it, or the peer sends.
    public var sends: Bool
    public var receives: Bool
    /// What both sides have, in the order of the answer.
    public var codecs: [NegotiatedCodec]
    /// The simulcast layers that the peer takes, in its order; empty without simulcast.
    public var rids: [Rid]
    /// The streams that the peer announces.
    public var streams: [PublishedStream]

    public init(
        mid: Mid, purpose: LinePurpose, isAccepted: Bool = true, sends: Bool, receives: Bool,
        codecs: [NegotiatedCodec], rids: [Rid] = [], streams: [PublishedStream] = []
    ) {
        self.mid = mid
        self.purpose = purpose
        self.isAccepted = isAccepted
        self.sends = sends
        self.receives = receives
        self.codecs = codecs
        self.rids = rids
        self.streams = streams
    }
}

/// Why an answer cannot be used.
public struct AnswerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        /// The m-lines are not those of the offer.
        case linesDiffer
        /// No line was accepted.
        case nothingAccepted
        case missingICECredentials
        /// There is no `a=fingerprint` of SHA-256 or better.
        case missingFingerprint
        /// `a=setup` is neither active nor passive.
        case unsupportedSetup
        /// RTP and RTCP would need ports of their own.
        case missingRTCPMux
    }

    public let reason: Reason
    /// A sentence for a person.
    public let message: String

    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    public var description: String { message }
}
