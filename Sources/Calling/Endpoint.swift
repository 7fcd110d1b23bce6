public import MediaVocabulary
public import ProtocolCore

/// One registered place at which a user can be reached: a tab, an app, later a telephone or a bot.
///
/// The call plane does not know which kind it is. The methods must return soon and must not wait for a request of
/// their own to the call plane: a call tells its legs one after another.
public protocol Endpoint: Sendable {
    /// Unique among all endpoints.
    var id: EndpointID { get }
    /// Whose it is.
    var user: UserID { get }
    /// How the user wants to be shown; may be empty.
    var displayName: String { get }
    /// Whether calls may ring here. Where nobody can answer, a stream for example, a caller should not wait.
    var takesCalls: Bool { get }
    /// Whether the transport is all that shows whether the client is there. Its participants then leave when it ends,
    /// without the grace of those who come back over their signalling.
    var livesByTransport: Bool { get }

    /// Shows an incoming call.
    func ring(_ incoming: IncomingCall) async
    /// Takes an incoming call back. Not called at the endpoint that accepted or rejected it.
    func stopRinging(_ call: CallID, reason: CallEndReason) async
    /// Tells what changed in a call in which this endpoint takes part.
    func notify(_ message: LegMessage) async
}

extension Endpoint {
    public var takesCalls: Bool { true }
    public var livesByTransport: Bool { false }
}

/// What one participant's leg is told.
public struct LegMessage: Hashable, Sendable {
    public var call: CallID
    public var participant: ParticipantID
    /// Grows with every message of a call; see `CallSnapshot.version`.
    public var version: UInt64
    public var notification: LegNotification

    public init(call: CallID, participant: ParticipantID, version: UInt64, notification: LegNotification) {
        self.call = call
        self.participant = participant
        self.version = version
        self.notification = notification
    }
}

/// A change that a participant is told of.
public enum LegNotification: Hashable, Sendable {
    /// What the participant sees of the call. `reason` is set with `disconnected`, after which nothing follows.
    case state(CallState, kind: CallKind, reason: CallEndReason?)
    /// The others changed.
    case roster(RosterChange)
    /// The participant's own switches changed, by itself or by another.
    case own(OwnState)
    /// Who speaks.
    case speakers(SpeakerReport)
    /// Who reacted, and how.
    case reactions([ParticipantReaction])
    /// Whether the server gets packets from the participant.
    case media(isConnected: Bool)
    /// What is in these slots now.
    case slots([SlotState])
    /// Please send this m-line with that codec; `reason` is a sentence.
    case codecWanted(mid: Mid, codec: MediaCodec, reason: String)
    /// Which layers of this m-line anybody watches; the others may be paused.
    case layers(mid: Mid, [LayerDemand])
    /// What the participant is sent, and why not more.
    case allocation(LinkAllocation)
}
