public import MediaVocabulary

/// What carries sound and pictures, as the call plane sees it.
///
/// The calls of one conference come one after another, in the order in which they must take effect.
///
/// **Privacy.** A participant that is not connected neither sends nor gets media. The call plane says so with
/// ``set(_:for:in:)`` before the first `negotiate` of such a participant (a caller may negotiate while the other side
/// rings), and takes the hold back when the participant is connected. What is set before the first offer of a participant
/// must be remembered for it.
public protocol MediaPlane: Sendable {
    /// Opens the conference of a call. Comes before anything else of that call.
    func openConference(_ call: CallID) async throws
    /// Ends the conference and every transport in it.
    func closeConference(_ call: CallID) async
    /// Answers an offer. The first one of a participant creates its transport, later ones renegotiate or restart ICE.
    func negotiate(
        _ offer: MediaOffer, for participant: ParticipantID, in call: CallID
    ) async throws(MediaNegotiationError) -> MediaAnswer
    /// Ends the transport of a participant, if it has one, and forgets what was set for it.
    func remove(_ participant: ParticipantID, from call: CallID) async
    /// Says what the participant sends and may send: the whole of it, whatever was said before.
    func set(_ media: ParticipantMedia, for participant: ParticipantID, in call: CallID) async
    /// Replaces the wishes for the slots that are named.
    func request(_ slots: [SlotRequest], for participant: ParticipantID, in call: CallID) async
    /// Says who is named to the others from now on, before they hear of it, and who of those no longer is. Durable
    /// messages to them are kept until they listen.
    func expect(_ participants: [ParticipantID], gone: [ParticipantID], in call: CallID) async
}

extension MediaPlane {
    public func expect(_ participants: [ParticipantID], gone: [ParticipantID], in call: CallID) async {}
}
