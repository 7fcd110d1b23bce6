/// Why a TLS connection cannot be used.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// BoringSSL has no memory or refuses the parameters.
    case cannotBeSetUp
    /// The server's certificate is not trusted, not of this name or not valid now; a sentence says which.
    case certificateRefused(String)
    /// The handshake or a record failed, for the reason that BoringSSL gives.
    case failed(String)
    /// More was to be sent than may wait.
    case bufferFull

    public var description: String {
        switch self {
        case .cannotBeSetUp: "TLS cannot be set up"
        case .certificateRefused(let why): "the server's certificate is refused: \(why)"
        case .failed(let why): "TLS failed: \(why)"
        case .bufferFull: "more than may wait was to be sent over TLS"
        }
    }
}
