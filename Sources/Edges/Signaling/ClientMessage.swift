internal import Calling
internal import MediaVocabulary

/// A message of a client.
enum ClientMessage: Hashable, Sendable {
    /// The first message of a connection.
    struct Hello: Hashable, Sendable {
        var version: Int
        var token: String
        var displayName: String?
        var endpoint: EndpointID?
        /// The key of the session that is to go on.
        var resume: String?
        /// The key of a session of the same device that is to end before this one begins.
        var replaces: String?
    }

    case hello(Hello)
    /// A sign of life; the number is to be sent back.
    case ping(time: JSONValue)
    /// The client leaves for good.
    case bye
    /// Something to be answered under the same number.
    case request(id: Int, Request)

    /// What a client can ask for.
    enum Request: Hashable, Sendable {
        case token(String)
        /// Which STUN and TURN servers the client may use.
        case servers
        case start(targets: [UserID], isMuted: Bool, context: CustomContext?, media: MediaOffer?)
        case join(GroupID, isMuted: Bool, media: MediaOffer?)
        case accept(CallID, isMuted: Bool, media: MediaOffer?)
        case reject(CallID, Rejection)
        case hangUp(CallID, forEveryone: Bool)
        case add(CallID, target: UserID)
        case remove(CallID, ParticipantID)
        case mute(CallID, Bool)
        /// nil means all others.
        case muteParticipants(CallID, [ParticipantID]?)
        case hold(CallID, Bool)
        case publish(CallID, camera: Bool, screen: Bool)
        case signal(CallID, CallSignal)
        case offer(CallID, MediaOffer)
        case receive(CallID, [SlotRequest])
        /// Who gets what is sent on a data channel; nil means everybody.
        case dataRecipients(CallID, channel: UInt16, [ParticipantID]?)
    }
}

/// A client message that could not be read, with the number under which the client waits for an answer.
struct RefusedMessage: Error, Hashable, Sendable {
    var id: Int?
    var error: SignalingError
}
