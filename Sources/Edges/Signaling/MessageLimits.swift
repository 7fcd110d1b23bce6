/// The longest text that a member of a client's message may hold, in bytes of UTF-8.
struct TextLimit: Hashable, Sendable {
    /// The name of the bound in ``Swift/Array/signaling``.
    let name: String
    let bytes: Int

    /// A name of a message type.
    static let type = TextLimit(name: "signalling.type", bytes: 64)
    /// `callId`, `participantId`, `groupId`, `endpointId`; those of the server have 36 bytes.
    static let identifier = TextLimit(name: "signalling.identifier", bytes: 64)
    /// A raw user id; those of the server have 79 bytes.
    static let user = TextLimit(name: "signalling.userId", bytes: 128)
    /// A resume key; those of the server have 34 bytes.
    static let resumeKey = TextLimit(name: "signalling.resumeKey", bytes: 64)
    /// A user access token; those of the server have about 900 bytes.
    static let token = TextLimit(name: "signalling.token", bytes: 8_192)
    /// The identification of an m-line (RFC 5888); browsers write one or two digits.
    static let mid = TextLimit(name: "signalling.mid", bytes: 64)
    /// Besides ``MessageLimits/displayNameCharacters``: a character may have any number of bytes.
    static let displayName = TextLimit(name: "signalling.displayNameBytes", bytes: 1_024)
    /// A session description; that of a browser with 25 video slots has about 60 kB.
    static let sessionDescription = TextLimit(name: "signalling.sessionDescription", bytes: 240 * 1_024)
}

/// How much one message of a client may ask for.
enum MessageLimits {
    /// The largest frame, in bytes.
    static let frameBytes = 256 * 1_024
    /// The largest first frame, which comes before it is known who asks: a `hello` with the longest token and name.
    static let helloBytes = 16 * 1_024
    /// More m-lines or slots than any client has.
    static let lines = 256
    /// Recipients that one data channel may name.
    static let recipients = 64
    /// More names than fit into any call.
    static let names = 1_000
    static let displayNameCharacters = 256
}
