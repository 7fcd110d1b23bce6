/// The codecs that a call carries; nothing is transcoded to be forwarded.
public enum MediaCodec: UInt8, Sendable, CaseIterable {
    case opus
    case h264
    case vp8

    /// RTP clock rate in hertz (RFC 7587 §4.1, RFC 6184 §5.1, RFC 7741 §4.1).
    public var clockRate: UInt32 {
        self == .opus ? 48_000 : 90_000
    }

    /// The encoding name as in SDP (`a=rtpmap`).
    public var name: String {
        switch self {
        case .opus: "opus"
        case .h264: "H264"
        case .vp8: "VP8"
        }
    }
}
