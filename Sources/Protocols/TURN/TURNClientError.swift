/// Why a client has no relayed address, or cannot reach a peer through it.
public enum TURNClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The server did not answer.
    case timedOut
    /// The credentials are wrong or have expired (401).
    case unauthorized
    /// The user has as many allocations as it may have (486).
    case quotaReached
    /// The allocation is gone at the server (437 to a refresh).
    case allocationLost
    /// Every request was answered with a new nonce (438).
    case nonceNeverFresh
    /// Another refusal, with its code (RFC 8656 §19) and the server's sentence.
    case refused(code: Int, reason: String)
    /// An answer lacks what it must have.
    case malformedAnswer(String)

    public var description: String {
        switch self {
        case .timedOut: "the TURN server does not answer"
        case .unauthorized: "the TURN server refuses the credentials"
        case .quotaReached: "the user has too many relayed addresses"
        case .allocationLost: "the TURN server has given the relayed address up"
        case .nonceNeverFresh: "the TURN server finds every nonce stale"
        case .refused(let code, let reason): "the TURN server refuses: \(code) \(reason)"
        case .malformedAnswer(let what): "the TURN server's answer has no \(what)"
        }
    }
}
