public import MediaVocabulary
public import ProtocolCore

/// Why the call plane refuses a request. Nothing has changed when it is thrown.
public enum CallRefusal: Error, Hashable, Sendable {
    /// There is no such call, or the one who asks has no part in it.
    case callNotFound(CallID)
    /// The call is over.
    case callEnded(CallID)
    /// There is no such participant in the call.
    case participantNotFound(ParticipantID)
    /// The request does not fit the state of the call or participant; the text says why.
    case invalidState(String)
    /// The call does not ring at the endpoint, or does not any more.
    case notRinging(CallID, RingAct)
    /// Another endpoint of the same user has taken the call.
    case answeredElsewhere(CallID)
    /// There is no such user, or not any more.
    case userNotFound(UserID)
    /// No m-line of that name was negotiated with the participant.
    case slotNotFound(mid: Mid)
    /// The user has as much of something as a user may have.
    case limitReached(UserLimitReached)
    /// The user cannot be called; `why` is a sentence. `target` is nil when no target was given at all.
    case invalidTarget(UserID?, why: String)
    /// The call has as many participants as a call may have.
    case callFull(limit: Int)
    /// The participant may not do that in this call; the text says what.
    case notAllowed(String)
    /// The offer cannot be answered.
    case mediaNegotiationFailed(MediaNegotiationError)
    /// The server takes no new calls.
    case serverClosing
    /// The media plane failed; the text is for the log.
    case mediaUnavailable(String)

    /// What an endpoint does with a ring.
    public enum RingAct: Hashable, Sendable {
        case accept
        case reject
    }
}
