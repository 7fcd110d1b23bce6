public import ProtocolCore
public import SDP

/// One m-line of an offer and its purpose.
public struct MediaLine: Hashable, Sendable {
    public var mid: Mid
    public var purpose: LinePurpose

    public init(mid: Mid, purpose: LinePurpose) {
        self.mid = mid
        self.purpose = purpose
    }
}

/// A client's offer.
public struct MediaOffer: Hashable, Sendable {
    public var sdp: String
    /// What the m-lines are for; nil when the directions of the SDP say it.
    public var lines: [MediaLine]?

    public init(sdp: String, lines: [MediaLine]? = nil) {
        self.sdp = sdp
        self.lines = lines
    }
}

/// The server's answer to an offer.
public struct MediaAnswer: Hashable, Sendable {
    /// One m-line that is used.
    public struct Line: Hashable, Sendable {
        public var mid: Mid
        public var purpose: LinePurpose
        /// The encoding names of the agreed codecs, best first.
        public var codecs: [String]

        public init(mid: Mid, purpose: LinePurpose, codecs: [String]) {
            self.mid = mid
            self.purpose = purpose
            self.codecs = codecs
        }
    }

    public var sdp: String
    public var lines: [Line]

    public init(sdp: String, lines: [Line]) {
        self.sdp = sdp
        self.lines = lines
    }
}

/// Why an offer cannot be answered.
public struct MediaNegotiationError: Error, Hashable, Sendable {
    /// A sentence that names the m-line and what is wrong with it.
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}
