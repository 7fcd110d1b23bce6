public import ProtocolCore

/// Why an offer cannot be answered at all. A single line that cannot be used is a ``LineRejection`` instead.
public struct NegotiationError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        /// The offer has no m-line that we can use.
        case noUsableMedia
        /// `a=ice-ufrag` or `a=ice-pwd` is absent or malformed.
        case missingICECredentials
        /// There is no `a=fingerprint` of SHA-256 or better.
        case missingFingerprint
        /// `a=setup` is none of active, passive, actpass.
        case unsupportedSetup
    }

    public let reason: Reason
    /// The m-line at fault; nil when it is the whole offer.
    public let mid: Mid?
    /// A sentence for a person that names the line and what is wrong.
    public let message: String
    /// What was refused of each line, where no line is left to be used.
    public let rejections: [LineRejection]

    public init(_ reason: Reason, mid: Mid? = nil, rejections: [LineRejection] = [], _ message: String) {
        self.reason = reason
        self.mid = mid
        self.rejections = rejections
        self.message = message
    }

    public var description: String {
        message
    }
}

/// Why one m-line was rejected (port 0), answered `inactive`, or given less than it asked for.
public struct LineRejection: Hashable, Sendable {
    public enum Reason: String, Hashable, Sendable {
        /// The client itself took the line out of use (port 0 in the offer).
        case removed
        /// Neither audio nor video nor data channels.
        case unsupportedMedia
        /// A transport other than RTP over DTLS-SRTP.
        case unsupportedTransport
        /// Neither Opus, H.264 nor VP8, as the kind of the line demands.
        case noCommonCodec
        /// The client has as many lines of this purpose as it may have.
        case overLimit
        /// The line is not on the transport of the others: outside of their BUNDLE group, or without any group.
        case notBundled
        /// RTP and RTCP would need ports of their own.
        case missingRTCPMux
        /// The mid is that of a line before, or too long.
        case unusableMid
        /// The client's purpose for the line does not fit its kind of media.
        case purposeMismatch
        /// All of its payload types mean something else on a line before.
        case conflictingPayloadTypes
    }

    /// The place of the line in the offer, counted from 0.
    public let index: Int
    /// The line's mid, or the name that it was given where it has none that can be used (``OfferedLine/name``).
    public let mid: Mid
    public let reason: Reason
    /// A sentence for a person.
    public let message: String

    public init(index: Int, mid: Mid, reason: Reason, message: String) {
        self.index = index
        self.mid = mid
        self.reason = reason
        self.message = message
    }
}
