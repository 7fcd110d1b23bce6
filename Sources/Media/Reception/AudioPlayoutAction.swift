/// What to play next: the answer of `AudioJitterBuffer.pull(now:)`.
public enum AudioPlayoutAction: Hashable, Sendable {
    /// Decode this Opus packet. It lasts so long.
    case decode(payload: [UInt8], duration: Duration)
    /// The packet to play is lost. Decode the coarse copy of it that this next packet carries (in-band forward error
    /// correction), and do not decode the packet itself yet: it comes with a later action.
    case decodeForwardErrorCorrection(next: [UInt8], duration: Duration)
    /// The packet to play is lost or late: let the decoder make something up that continues what it played last.
    case conceal(duration: Duration)
    /// The sender is silent or sends nothing: play silence or comfort noise.
    case silence(duration: Duration)

    /// How much audio the action gives.
    public var duration: Duration {
        switch self {
        case .decode(_, let duration), .decodeForwardErrorCorrection(_, let duration), .conceal(let duration),
            .silence(let duration):
            duration
        }
    }
}
