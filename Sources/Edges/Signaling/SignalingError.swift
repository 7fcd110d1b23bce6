internal import Calling

/// Why a message of a client is refused: what the client reads in an `error`.
struct SignalingError: Error, Hashable, Sendable {
    /// The stable words that clients switch on.
    enum Reason: String, Hashable, Sendable {
        case malformedMessage
        case unknownType
        case unauthorized
        case missingScope
        case callNotFound
        case participantNotFound
        case invalidState
        case invalidTarget
        case callFull
        case callEnded
        case notAllowed
        case mediaNegotiationFailed
        case serverClosing
        case `internal`

        /// The numbers that belong to the word.
        var code: (code: Int, subCode: Int) {
            switch self {
            case .malformedMessage, .unknownType, .invalidTarget: (400, 0)
            case .unauthorized: (401, 10009)
            case .missingScope, .callFull: (403, 0)
            case .notAllowed: (403, 40613)
            case .callNotFound, .participantNotFound: (404, 0)
            case .invalidState: (409, 0)
            case .callEnded: (410, 0)
            case .mediaNegotiationFailed: (410, 3100)
            case .internal: (500, 0)
            case .serverClosing: (503, 0)
            }
        }
    }

    var reason: Reason
    /// A sentence for a person.
    var message: String
    /// The id or member that it concerns.
    var target: String?

    init(_ reason: Reason, _ message: String, target: String? = nil) {
        self.reason = reason
        self.message = message
        self.target = target
    }

    /// A member that is missing or of the wrong form.
    static func malformed(_ member: String, _ message: String) -> SignalingError {
        SignalingError(.malformedMessage, message, target: member)
    }
}

extension SignalingError {
    init(_ refusal: CallRefusal, user: UserID) {
        switch refusal {
        case .callNotFound(let call):
            self.init(.callNotFound, "There is no call \(call) for this user.", target: call.rawValue)
        case .callEnded(let call):
            self.init(.callEnded, "The call \(call) is over.", target: call.rawValue)
        case .participantNotFound(let participant):
            self.init(
                .participantNotFound, "There is no participant \(participant) in the call.",
                target: participant.rawValue)
        case .invalidState(let why): self.init(.invalidState, why)
        case .invalidTarget(let target, let why): self.init(.invalidTarget, why, target: target?.rawValue)
        case .callFull(let limit): self.init(.callFull, "A call has at most \(limit) participants.")
        case .notAllowed(let what): self.init(.notAllowed, what)
        case .mediaNegotiationFailed(let error): self.init(.mediaNegotiationFailed, error.message)
        case .serverClosing: self.init(.serverClosing, "The server is stopping and takes no new calls.")
        case .mediaUnavailable:
            self.init(.internal, "The server could not set up the media of the call.", target: user.rawValue)
        }
    }
}
