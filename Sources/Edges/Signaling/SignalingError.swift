internal import Calling
internal import MediaVocabulary
internal import ProtocolCore

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
        case userNotFound
        case slotNotFound
        case notRinging
        case answeredElsewhere
        case callFull
        case limitReached
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
            case .callNotFound, .participantNotFound, .userNotFound, .slotNotFound: (404, 0)
            case .invalidState: (409, 0)
            case .notRinging: (400, 41006)
            case .answeredElsewhere: (487, 10003)
            case .callEnded: (410, 0)
            case .mediaNegotiationFailed: (410, 3100)
            case .limitReached: (429, 0)
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
    /// Where the numbers are others than those of the word.
    var subCode: Int?
    /// The bound of ``Swift/Array/signaling`` that was hit, for the counter; not for the client.
    var limit: String?

    init(_ reason: Reason, _ message: String, target: String? = nil) {
        self.reason = reason
        self.message = message
        self.target = target
    }

    /// The numbers that the client reads.
    var code: (code: Int, subCode: Int) {
        (reason.code.code, subCode ?? reason.code.subCode)
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
            self.init(.callNotFound, "There is no call \(call.shortened) for this user.", target: call.rawValue)
        case .callEnded(let call):
            self.init(.callEnded, "The call \(call.shortened) is over.", target: call.rawValue)
        case .participantNotFound(let participant):
            self.init(
                .participantNotFound, "There is no participant \(participant.shortened) in the call.",
                target: participant.rawValue)
        case .invalidState(let why): self.init(.invalidState, why)
        case .notRinging(let call, let act):
            self.init(
                .notRinging, "The call does not ring at this endpoint, or does not any more.", target: call.rawValue)
            switch act {
            case .accept: break
            case .reject: subCode = 41007
            }
        case .answeredElsewhere(let call):
            self.init(
                .answeredElsewhere, "The call was answered on another endpoint of this user.", target: call.rawValue)
        case .invalidTarget(let target, let why): self.init(.invalidTarget, why, target: target?.rawValue)
        case .userNotFound(let target):
            self.init(
                .userNotFound, "There is no user \(target.shortened) on this server.", target: target.rawValue)
        case .slotNotFound(let mid):
            let shortened = mid.rawValue.shortenedForRefusal
            self.init(.slotNotFound, "No m-line \(shortened) was negotiated in this call.", target: shortened)
        case .limitReached(let limit):
            self.init(.limitReached, limit.sentence, target: limit.setting)
            self.limit = limit.setting
        case .callFull(let limit): self.init(.callFull, "A call has at most \(limit) participants.")
        case .notAllowed(let what): self.init(.notAllowed, what)
        case .mediaNegotiationFailed(let error): self.init(.mediaNegotiationFailed, error.message)
        case .serverClosing: self.init(.serverClosing, "The server is stopping and takes no new calls.")
        case .mediaUnavailable:
            self.init(.internal, "The server could not set up the media of the call.", target: user.rawValue)
        }
    }
}
