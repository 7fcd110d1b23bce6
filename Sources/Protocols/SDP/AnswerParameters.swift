public import ICE
public import ProtocolCore

/// Our side of a negotiation: everything in an answer that the offer does not decide.
public struct AnswerParameters: Sendable {
    /// The same in every answer of a session.
    public var sessionID: UInt64
    /// Grows by one with each answer of a session.
    public var sessionVersion: UInt64
    /// Ours; new ones after each ICE restart, see ``Answerer/isICERestart(_:after:)``.
    public var ice: ICECredentials
    /// All of them, for there is no trickle; the first UDP one is also the default destination.
    public var candidates: [Candidate]
    /// The hash of our DTLS certificate.
    public var fingerprint: CertificateFingerprint
    /// The CNAME of the streams that we send.
    public var cname: String
    /// What the client says its lines are for; a line that is absent is used as its direction suggests.
    public var purposes: [Mid: LinePurpose]
    public var limits: LineLimits
    /// Whether H.264 and VP8 are answered in the order of the offer, as by a client that puts the codec first which it
    /// was asked to send. Otherwise H.264 comes first, since browsers list VP8 first by default.
    public var preferOffererOrder = false
    /// How many layers of a simulcast offer are taken.
    public var maximumSimulcastLayers = 4

    public init(
        sessionID: UInt64, sessionVersion: UInt64, ice: ICECredentials, candidates: [Candidate],
        fingerprint: CertificateFingerprint, cname: String, purposes: [Mid: LinePurpose] = [:],
        limits: LineLimits = LineLimits()
    ) {
        self.sessionID = sessionID
        self.sessionVersion = sessionVersion
        self.ice = ice
        self.candidates = candidates
        self.fingerprint = fingerprint
        self.cname = cname
        self.purposes = purposes
        self.limits = limits
    }
}
