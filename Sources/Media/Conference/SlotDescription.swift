public import MediaVocabulary
public import ProtocolCore

/// What a slot may carry and how its packets look: fixed when it was negotiated.
public struct SlotDescription: Sendable {
    public enum Kind: UInt8, Sendable {
        case audio
        case video
        case screen
    }

    public var mid: Mid
    public var kind: Kind
    public var ssrc: SSRC
    public var rtxSSRC: SSRC?
    /// Payload types by codec that the receiver can decode, and those of their retransmissions.
    public var payloadTypes: [MediaCodec: PayloadType]
    public var rtxPayloadTypes: [MediaCodec: PayloadType]
    /// The payload type of Opus with copies of earlier packets (RFC 2198); nil when the receiver takes none.
    public var redPayloadType: PayloadType?

    public init(
        mid: Mid, kind: Kind, ssrc: SSRC, rtxSSRC: SSRC?, payloadTypes: [MediaCodec: PayloadType],
        rtxPayloadTypes: [MediaCodec: PayloadType], redPayloadType: PayloadType? = nil
    ) {
        self.mid = mid
        self.kind = kind
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        self.payloadTypes = payloadTypes
        self.rtxPayloadTypes = rtxPayloadTypes
        self.redPayloadType = redPayloadType
    }
}

/// A payload type per codec, without a dictionary; 0xff stands for none.
struct PayloadTypeTable {
    private var opus: UInt8
    private var h264: UInt8
    private var vp8: UInt8

    init(_ types: [MediaCodec: PayloadType]) {
        opus = types[.opus]?.rawValue ?? 0xff
        h264 = types[.h264]?.rawValue ?? 0xff
        vp8 = types[.vp8]?.rawValue ?? 0xff
    }

    @inline(__always)
    subscript(codec: MediaCodec) -> UInt8? {
        let value =
            switch codec {
            case .opus: opus
            case .h264: h264
            case .vp8: vp8
            }
        return value == 0xff ? nil : value
    }
}
