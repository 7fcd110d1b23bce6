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
}
