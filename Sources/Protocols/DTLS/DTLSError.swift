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
