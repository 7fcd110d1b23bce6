public import PayloadFormats
public import ProtocolCore

/// The codecs that we forward.
public enum Codec: String, Hashable, Sendable {
    case opus
    case h264
    case vp8

    /// The name in `a=rtpmap`.
    public var encodingName: String {
        switch self {
        case .opus: "opus"
        case .h264: "H264"
        case .vp8: "VP8"
        }
    }
}

/// A codec with its payload type on one line.
public struct NegotiatedCodec: Hashable, Sendable {
    public var codec: Codec
    public var payloadType: PayloadType
    /// The payload type of its retransmissions (RFC 4588).
    public var rtxPayloadType: PayloadType?
    /// The payload type under which its packets may come with copies of earlier ones (RFC 2198); Opus only.
    public var redPayloadType: PayloadType?
    /// In Hz.
    public var clockRate: UInt32
    public var channels: UInt8
    /// Profile and level as the client offered them; nil unless the codec is H.264.
    public var h264: H264ProfileLevelID?
    /// 0 (single NAL unit) or 1 (non-interleaved), RFC 6184 §6; 0 for other codecs.
    public var packetizationMode: UInt8
    public var feedback: RTCPFeedback
    /// What the offer's `a=rtpmap` says behind the payload type. An answer repeats it, since some clients compare the
    /// names letter by letter; nil for the common form.
    public var offeredName: String?
    /// The H.264 parameter sets that the offer tells, each a NAL unit (`sprop-parameter-sets`, RFC 6184 §8.1). Some
    /// encoders send them nowhere else.
    public var parameterSets: [[UInt8]] = []

    public init(
        codec: Codec, payloadType: PayloadType, rtxPayloadType: PayloadType? = nil,
        redPayloadType: PayloadType? = nil, clockRate: UInt32, channels: UInt8 = 1, h264: H264ProfileLevelID? = nil,
        packetizationMode: UInt8 = 0,
        feedback: RTCPFeedback = []
    ) {
        self.codec = codec
        self.payloadType = payloadType
        self.rtxPayloadType = rtxPayloadType
        self.redPayloadType = redPayloadType
        self.clockRate = clockRate
        self.channels = channels
        self.h264 = h264
        self.packetizationMode = packetizationMode
        self.feedback = feedback
    }

    /// Whether streams of it can be forwarded to somebody who asks for it. In packetization mode 0 every packet would
    /// have to be one NAL unit (RFC 6184 §6.2); publishers send aggregates and fragments, which are not taken apart.
    public var isForwardable: Bool {
        codec != .h264 || packetizationMode == 1
    }
}
