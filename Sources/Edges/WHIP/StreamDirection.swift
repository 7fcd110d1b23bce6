/// Which way the media of a session goes: the two protocols differ in nothing else.
enum StreamDirection: String, CaseIterable, Sendable {
    /// Into the call (WHIP, RFC 9725).
    case whip
    /// Out of the call (WHEP, draft-ietf-wish-whep).
    case whep
}
