/// Why an SRTP or SRTCP packet was not accepted or not made.
///
/// The functions that run once per media packet return the raw value, which is negative, in place of a length:
/// `if let failure = SRTPError(rawValue: length) { … }`.
public enum SRTPError: Int, Error, Hashable, Sendable {
    /// The tag is wrong: the packet is damaged, forged, or from other keys.
    case authenticationFailed = -1
    /// A packet with this index was accepted before, or it is too old to tell (RFC 3711 §3.3.2).
    case replayed = -2
    /// The packet is shorter than its header and tag.
    case truncated = -3
    /// The output has less room than the payload needs.
    case insufficientCapacity = -4
    /// All indices of the key have been used; the session needs new keys (RFC 3711 §9.2).
    case keyExhausted = -5
}
