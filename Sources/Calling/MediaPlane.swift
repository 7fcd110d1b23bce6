/// What a client's m-line is for.
public enum MediaPurpose: String, Hashable, Sendable, CaseIterable {
    case microphone
    case camera
    case screen
    case audioSlot
    case videoSlot
    case screenSlot
}

/// A picture source of a participant.
public enum MediaSource: String, Hashable, Sendable, CaseIterable {
    case camera
    case screen
}

/// One m-line of an offer and its purpose.
public struct MediaLine: Hashable, Sendable {
    public var mid: String
    public var purpose: MediaPurpose

    public init(mid: String, purpose: MediaPurpose) {
        self.mid = mid
        self.purpose = purpose
    }
}

/// A client's offer.
public struct MediaOffer: Hashable, Sendable {
    public var sdp: String
    /// What the m-lines are for; nil when the directions of the SDP say it.
    public var lines: [MediaLine]?

    public init(sdp: String, lines: [MediaLine]? = nil) {
        self.sdp = sdp
        self.lines = lines
    }
}

/// One m-line of an answer.
public struct AnsweredLine: Hashable, Sendable {
    public var mid: String
    public var purpose: MediaPurpose
    /// The agreed codecs, best first.
    public var codecs: [String]

    public init(mid: String, purpose: MediaPurpose, codecs: [String]) {
        self.mid = mid
        self.purpose = purpose
        self.codecs = codecs
    }
}

/// The server's answer to an offer.
public struct MediaAnswer: Hashable, Sendable {
    public var sdp: String
    public var lines: [AnsweredLine]

    public init(sdp: String, lines: [AnsweredLine]) {
        self.sdp = sdp
        self.lines = lines
    }
}

/// Why an offer cannot be answered.
public struct MediaNegotiationError: Error, Hashable, Sendable {
    /// A sentence that names the m-line and what is wrong with it.
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// What a receiver wishes to see in one of its slots.
public struct SlotRequest: Hashable, Sendable {
    public var mid: String
    /// Whose picture; nil empties the slot.
    public var participant: ParticipantID?
    public var source: MediaSource
    /// The size at which it will be seen, in device pixels; 0 when unknown.
    public var width: Int
    public var height: Int

    public init(
        mid: String, participant: ParticipantID?, source: MediaSource = .camera, width: Int = 0, height: Int = 0
    ) {
        self.mid = mid
        self.participant = participant
        self.source = source
        self.width = width
        self.height = height
    }
}

/// What is in one slot of a receiver.
public struct SlotState: Hashable, Sendable {
    /// What a slot can carry.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        case microphone
        case camera
        case screen
    }

    /// How far the slot is.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Nothing is asked for.
        case empty
        /// Asked for, no picture yet.
        case waiting
        /// Packets flow.
        case active
        /// Asked for, and cannot be given; `reason` says why.
        case unavailable
    }

    /// Why a slot cannot be filled.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case codecNotSupported
        case notPublished
        case participantLeft
    }

    public var mid: String
    public var participant: ParticipantID?
    public var source: Source?
    public var state: State
    public var reason: Reason?
    /// The codec that is sent, or that the source sends and the receiver lacks.
    public var codec: String?
    /// A sentence that explains `reason`; the call plane fills it in, which knows the names of people.
    public var message: String?

    public init(
        mid: String, participant: ParticipantID? = nil, source: Source? = nil, state: State, reason: Reason? = nil,
        codec: String? = nil, message: String? = nil
    ) {
        self.mid = mid
        self.participant = participant
        self.source = source
        self.state = state
        self.reason = reason
        self.codec = codec
        self.message = message
    }
}

/// What carries sound and pictures, as the call plane sees it.
///
/// The calls of one conference come one after another, in the order in which they must take effect.
///
/// **Privacy.** A participant that is not connected neither sends nor gets media. The call plane says so with
/// `setOnHold(true, …)` before the first `negotiate` of such a participant (a caller may negotiate while the other side
/// rings), and with `setOnHold(false, …)` when the participant is connected. `setMuted`, `setOnHold` and
/// `setPublishing` may therefore come before the first offer of a participant and must be remembered for it.
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
    /// Enforced mute: while it is set the server drops the sound of the participant.
    func setMuted(_ muted: Bool, _ participant: ParticipantID, in call: CallID) async
    /// While it is set the participant neither sends nor gets media.
    func setOnHold(_ onHold: Bool, _ participant: ParticipantID, in call: CallID) async
    /// Which pictures the participant publishes.
    func setPublishing(camera: Bool, screen: Bool, _ participant: ParticipantID, in call: CallID) async
    /// Replaces the wishes for the slots that are named.
    func request(_ slots: [SlotRequest], for participant: ParticipantID, in call: CallID) async
    /// Names who gets what a participant sends on one of its data channels; nil: everybody. False when that does not hold,
    /// because too many of its channels have recipients of their own already.
    func setDataRecipients(
        _ recipients: [ParticipantID]?, ofChannel channel: UInt16, by participant: ParticipantID, in call: CallID
    ) async -> Bool

    /// Says who is named to the others from now on, before they hear of it, and who of those no longer is. Durable
    /// messages to them are kept until they listen.
    func expect(_ participants: [ParticipantID], gone: [ParticipantID], in call: CallID) async
}

extension MediaPlane {
    public func expect(_ participants: [ParticipantID], gone: [ParticipantID], in call: CallID) async {}
}

/// What the media plane has to tell. Handed to `CallDirectory.handle(_:)`.
public enum MediaEvent: Sendable {
    /// Packets of the participant arrive, for the first time or again. Without it a participant that has offered media
    /// leaves after `CallLimits.setUp`.
    case connected(CallID, ParticipantID)
    /// No packets of the participant have arrived for a while.
    case interrupted(CallID, ParticipantID)
    /// The participant has closed its transport (DTLS close_notify), or said goodbye for all of its streams (RTCP BYE).
    case closed(CallID, ParticipantID, isGoodbye: Bool)
    /// Who is heard. May come often; the call plane thins it out.
    case speakers(CallID, dominant: [ParticipantID], levels: [ParticipantID: Double])
    /// Slots of this receiver changed.
    case slots(CallID, ParticipantID, [SlotState])
    /// This publisher should send the m-line with another codec; `reason` is a sentence.
    case codecWanted(CallID, ParticipantID, mid: String, codec: String, reason: String)
    /// Which layers of what this publisher sends on the m-line anybody watches.
    case layers(CallID, ParticipantID, mid: String, [PublishedLayer])
    /// What this receiver gets, and why not more.
    case allocation(CallID, ParticipantID, LinkAllocation)
}
