public import MediaVocabulary

/// A short sign of what somebody thinks. The raw values are the names used by clients.
public enum Reaction: String, Hashable, Sendable, CaseIterable {
    case like
    case heart
    case laugh
    case surprised
    case applause
}

/// A reaction and whose it is.
public struct ParticipantReaction: Hashable, Sendable {
    public var participant: ParticipantID
    public var reaction: Reaction

    public init(participant: ParticipantID, reaction: Reaction) {
        self.participant = participant
        self.reaction = reaction
    }
}

/// What a participant does to be noticed, or to have others noticed.
public enum CallSignal: Hashable, Sendable {
    /// The participant raises its hand or takes it down.
    case hand(isRaised: Bool)
    /// The participant takes down the hands of these; nil means all, its own included.
    case lowerHands([ParticipantID]?)
    /// The participant puts these into the spotlight.
    case startSpotlight([ParticipantID])
    /// The participant takes these out of the spotlight; nil means all.
    case endSpotlight([ParticipantID]?)
    /// The participant reacts.
    case reaction(Reaction)
}

/// Marks that everybody sees on a participant. They last until they are taken back or the participant leaves.
public struct ParticipantMarks: Hashable, Sendable {
    /// Set while the hand is up. Of two hands the one with the smaller number has been up longer.
    public var hand: Int?
    /// Set while in the spotlight. Of two participants the one with the smaller number has been in it longer.
    public var spotlight: Int?

    public init(hand: Int? = nil, spotlight: Int? = nil) {
        self.hand = hand
        self.spotlight = spotlight
    }
}

/// What the caller's application tells the callee's; the server hands it on unread.
public struct CustomContext: Hashable, Sendable {
    public struct Header: Hashable, Sendable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public var userToUser: String?
    public var headers: [Header]

    public init(userToUser: String? = nil, headers: [Header] = []) {
        self.userToUser = userToUser
        self.headers = headers
    }
}
