/// What the holder of a user access token may do.
public enum TokenScope: String, Sendable, CaseIterable {
    /// Chat threads: everything.
    case chat
    /// Calls: start, answer, join and add others.
    case voip
    /// Chat threads: take part when added.
    case chatJoin = "chat.join"
    /// Chat threads: take part when added, without listing the members.
    case chatJoinLimited = "chat.join.limited"
    /// Calls: only join a group or a room.
    case voipJoin = "voip.join"

    /// The allowed words, for messages to people.
    public static var allowedWords: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
