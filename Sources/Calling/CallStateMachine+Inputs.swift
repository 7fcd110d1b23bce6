public import MediaVocabulary

extension CallStateMachine {
    /// Somebody who comes with a leg.
    public struct Joiner: Hashable, Sendable {
        public var participant: ParticipantID
        public var user: UserID
        public var displayName: String
        public var endpoint: EndpointID
        public var isMuted: Bool

        public init(
            participant: ParticipantID, user: UserID, displayName: String, endpoint: EndpointID, isMuted: Bool = false
        ) {
            self.participant = participant
            self.user = user
            self.displayName = displayName
            self.endpoint = endpoint
            self.isMuted = isMuted
        }
    }

    /// Somebody who is to be rung.
    public struct Invitee: Hashable, Sendable {
        public var participant: ParticipantID
        public var user: UserID
        public var displayName: String
        /// Where the user is registered; none ends the participation with 480/10037.
        public var endpoints: [EndpointID]
        /// What the caller's application tells the callee's.
        public var context: CustomContext?

        public init(
            participant: ParticipantID, user: UserID, displayName: String, endpoints: [EndpointID],
            context: CustomContext? = nil
        ) {
            self.participant = participant
            self.user = user
            self.displayName = displayName
            self.endpoints = endpoints
            self.context = context
        }
    }

    /// How a call begins.
    public enum Opening: Hashable, Sendable {
        /// One calls others: one other makes a 1:1 call, several a group.
        case dial(caller: Joiner, invitees: [Invitee])
        /// The first one joins under a group id. `isReady` is false when `.ready` follows after media negotiation.
        case group(GroupID, first: Joiner, isReady: Bool)
    }

    /// What can happen to a call.
    public enum Input: Hashable, Sendable {
        /// Somebody joins by group id.
        case join(Joiner, isReady: Bool)
        /// A connected participant calls somebody in.
        case invite(Invitee, by: ParticipantID)
        /// At least one endpoint of the invited participant shows the call now.
        case ringing(ParticipantID)
        /// An endpoint of a user was registered; the call rings there too if the user is being called.
        case endpointAppeared(EndpointID, user: UserID)
        /// An endpoint at which the call may ring is gone.
        case endpointGone(EndpointID)
        /// An endpoint takes the call. `isReady` is false when `.ready` follows after media negotiation.
        case accept(EndpointID, displayName: String, isMuted: Bool, isReady: Bool)
        /// The media of a joining participant is negotiated.
        case ready(ParticipantID)
        /// An endpoint turns the call away for its user.
        case reject(EndpointID, Rejection)
        /// A participant leaves by its own will.
        case hangUp(ParticipantID, forEveryone: Bool)
        /// A participant has to leave: its application closed, its token is void, its offer cannot be answered.
        case drop(ParticipantID, CallEndReason)
        /// One participant removes another, or takes back its ring.
        case remove(ParticipantID, by: ParticipantID)
        /// A participant mutes or unmutes itself.
        case mute(ParticipantID, Bool)
        /// One participant mutes others; nil means all others.
        case muteOthers([ParticipantID]?, by: ParticipantID)
        /// A participant puts the call on hold or takes it back.
        case hold(ParticipantID, Bool)
        /// Which pictures a participant publishes from now on.
        case publish(ParticipantID, camera: Bool, screen: Bool)
        /// A participant names who gets what it sends on one of its data channels; nil: everybody.
        case dataRecipients([ParticipantID]?, channel: UInt16, by: ParticipantID)
        /// A participant raises a hand, uses the spotlight or reacts.
        case signal(CallSignal, by: ParticipantID)
        /// The signalling connection of an endpoint in the call is lost, or back.
        case signalling(ParticipantID, isLost: Bool)
        /// The first offer of a participant was answered: packets must come.
        case mediaOffered(ParticipantID)
        /// Packets of a participant arrive, or do not any more.
        case media(ParticipantID, isLost: Bool)
        /// The media plane measured who speaks.
        case speakers(SpeakerReport)
        /// The server ends the call for everyone.
        case end(CallEndReason)
        /// `nextDeadline` has come.
        case timeout
    }

    /// The leg of a participant.
    public struct Leg: Hashable, Sendable {
        public var participant: ParticipantID
        public var endpoint: EndpointID

        public init(participant: ParticipantID, endpoint: EndpointID) {
            self.participant = participant
            self.endpoint = endpoint
        }
    }

    /// What the owner of the machine must do.
    public enum Action: Hashable, Sendable {
        /// Tell the media plane what the participant sends and may send.
        case setMedia(ParticipantID, ParticipantMedia)
        /// Tell the media plane that the participant is gone.
        case removeMedia(ParticipantID)
        /// Stop showing the call at these endpoints, for that reason.
        case stopRinging([EndpointID], CallEndReason)
        /// Show the call at these endpoints, then hand in `.ringing`.
        case ring(IncomingCall, [EndpointID])
        /// Send the change to each of these legs, leaving the receiver's own entry out.
        case tellRoster(RosterChange, [Leg])
        /// Send this to the leg. With the state `disconnected` the leg is to be forgotten afterwards.
        case tell(Leg, LegNotification)
        /// Send the report to each of these legs.
        case tellSpeakers(SpeakerReport, [Leg])
        /// Send the reactions to each of these legs.
        case tellReactions([ParticipantReaction], [Leg])
        /// Count that the call has met one of its bounds.
        case limitHit(CallLimitName)
        /// Publish the event.
        case publish(CallEvent)
        /// Close the conference and forget the call. Always the last action.
        case end(CallEndReason)
    }
}
