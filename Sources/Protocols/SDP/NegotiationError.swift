public import ProtocolCore

/// Why an offer cannot be answered at all. A single line that cannot be used is a ``LineRejection`` instead.
public struct NegotiationError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        /// The offer has no m-line that we can use.
        case noUsableMedia
        /// An m-line has no `a=mid`, or one that is not a token of at most 32 characters.
        case missingMid
        /// Two m-lines have the same mid.
        case duplicateMid
        /// Several lines are in use and `a=group:BUNDLE` does not hold them all.
        case notBundled
        /// RTP and RTCP would need ports of their own.
        case missingRTCPMux
        /// `a=ice-ufrag` or `a=ice-pwd` is absent or malformed.
        case missingICECredentials
        /// There is no `a=fingerprint` of SHA-256 or better.
        case missingFingerprint
        /// `a=setup` is none of active, passive, actpass.
        case unsupportedSetup
        /// The client's purpose for a line does not fit its kind of media.
        case purposeMismatch
        /// One header extension id means different things on two bundled lines.
        case conflictingExtensions
    }

    public let reason: Reason
    /// The m-line at fault; nil when it is the whole offer, or the line has no mid.
    public let mid: Mid?
    /// A sentence for a person that names the line and what is wrong.
    public let message: String

    public init(_ reason: Reason, mid: Mid? = nil, _ message: String) {
        self.reason = reason
        self.mid = mid
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
    }

    public let mid: Mid
    public let reason: Reason
    /// A sentence for a person.
    public let message: String

    public init(mid: Mid, reason: Reason, message: String) {
        self.mid = mid
        self.reason = reason
        self.message = message
    }
}
