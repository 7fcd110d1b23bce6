/// Why a DTLS session or an identity could not be set up.
public enum DTLSError: Error, Hashable, Sendable {
    /// The peer's certificate has none of the fingerprints that signalling announced (RFC 8122 §5).
    case fingerprintMismatch
    /// The peer does not do DTLS-SRTP, or none of our protection profiles.
    case noCommonProfile
    /// The handshake was not done in time.
    case timedOut
    /// The handshake or the connection broke: an alert from the peer or a message that is not allowed. The text is
    /// BoringSSL's reason, for logs alone.
    case handshakeFailed(String)
    /// A key or certificate could not be made or read.
    case invalidIdentity
}

extension DTLSError: CustomStringConvertible {
    /// A sentence for the log.
    public var description: String {
        switch self {
        case .fingerprintMismatch: "the certificate has none of the fingerprints in the offer"
        case .noCommonProfile: "there is no SRTP protection profile in common"
        case .timedOut: "the handshake was not done in time"
        case .handshakeFailed(let reason): "the handshake broke: \(reason)"
        case .invalidIdentity: "a key or certificate could not be read"
        }
    }
}

/// Why a session failed, in full: for the log, and as a word for counters.
public struct DTLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure that are told apart in counters.
    public enum Kind: String, CaseIterable, Sendable {
        case fingerprintMismatch, noCommonProfile, timedOut
        /// The peer gave up, and said so by an alert.
        case refusedByPeer
        /// The peer sent what we do not take: an unknown curve, no common cipher, a broken message.
        case refused
    }

    public let error: DTLSError
    /// The alerts that went to the peer and came from it, by their names in RFC 8446 §6.
    public let alertSent: String?
    public let alertReceived: String?

    public init(_ error: DTLSError, alertSent: String?, alertReceived: String?) {
        self.error = error
        self.alertSent = alertSent
        self.alertReceived = alertReceived
    }

    public var kind: Kind {
        switch error {
        case .fingerprintMismatch: .fingerprintMismatch
        case .noCommonProfile: .noCommonProfile
        case .timedOut: .timedOut
        case .handshakeFailed, .invalidIdentity: alertReceived == nil ? .refused : .refusedByPeer
        }
    }

    public var description: String {
        let sent = alertSent.map { "; we sent the alert \"\($0)\"" } ?? ""
        let received = alertReceived.map { "; the peer sent the alert \"\($0)\"" } ?? ""
        return "\(error)\(sent)\(received)"
    }
}
