/// What a participant sends and may send: the whole state, as the call wants it at one moment.
///
/// Whoever takes it over compares it with what it has. So nothing has to be remembered in between, and it may come before
/// the participant's transport does.
public struct ParticipantMedia: Hashable, Sendable {
    /// The server drops its sound, whatever the client sends.
    public var isMuted: Bool
    /// Nothing is forwarded from it or to it: it holds the call, or is not in it yet.
    public var isOnHold: Bool
    /// Which pictures it publishes.
    public var pictures: Set<MediaSource>
    /// Who gets what it sends on a data channel, by the channel's number; channels that are not named go to everybody.
    public var dataRecipients: [UInt16: Set<ParticipantID>]

    public init(
        isMuted: Bool = false, isOnHold: Bool = false, pictures: Set<MediaSource> = [],
        dataRecipients: [UInt16: Set<ParticipantID>] = [:]
    ) {
        self.isMuted = isMuted
        self.isOnHold = isOnHold
        self.pictures = pictures
        self.dataRecipients = dataRecipients
    }
}
