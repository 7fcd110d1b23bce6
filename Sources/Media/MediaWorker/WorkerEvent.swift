public import DTLS
public import MediaVocabulary

/// What a media worker tells about the calls that it carries.
public enum WorkerEvent: Sendable {
    /// What the call plane has to know.
    case media(MediaEvent)
    /// DTLS failed; no media will ever flow over this transport. For the log.
    case failed(CallID, ParticipantID, DTLSFailure)
    /// The participant's media goes another way: over TCP or a relay, where UDP did not get through, or by UDP again. For
    /// the log.
    case transportChanged(CallID, ParticipantID, MediaTransport)
}
