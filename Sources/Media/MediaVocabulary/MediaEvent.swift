public import ProtocolCore

/// What happens to the media of a call, as the call plane is told.
public enum MediaEvent: Hashable, Sendable {
    /// Packets of the participant arrive, for the first time or again.
    case connected(CallID, ParticipantID)
    /// No packets of the participant have arrived for a while.
    case interrupted(CallID, ParticipantID)
    /// The participant has closed its transport (DTLS close_notify), or said goodbye for all of its streams (RTCP BYE).
    case closed(CallID, ParticipantID, isGoodbye: Bool)
    /// Who is heard. May come often; the call plane thins it out.
    case speakers(CallID, SpeakerReport)
    /// Slots of this receiver changed.
    case slots(CallID, ParticipantID, [SlotState])
    /// This publisher should send the m-line with a codec that everybody who watches can decode, instead of another.
    case codecWanted(CallID, ParticipantID, mid: Mid, MediaCodec, instead: MediaCodec)
    /// Which layers of what this publisher sends on the m-line anybody watches.
    case layers(CallID, ParticipantID, mid: Mid, [LayerDemand])
    /// What this receiver gets, and why not more.
    case allocation(CallID, ParticipantID, LinkAllocation)
}
