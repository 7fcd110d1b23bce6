internal import PayloadFormats
internal import ProtocolCore
internal import RTP

/// A header extension with the id that our offers give it, the same one as in Chromium's.
enum HeaderExtensionID: UInt8 {
    case audioLevel = 1
    case absoluteSendTime = 2
    case transportSequence = 3
    case mid = 4
    case rid = 10
    case repairedRid = 11
    case videoOrientation = 13

    var meaning: HeaderExtension {
        switch self {
        case .audioLevel: .audioLevel
        case .absoluteSendTime: .absoluteSendTime
        case .transportSequence: .transportSequence
        case .mid: .mid
        case .rid: .rid
        case .repairedRid: .repairedRid
        case .videoOrientation: .videoOrientation
        }
    }

    /// The extensions that a line offers.
    static func offered(for line: OfferLine) -> [HeaderExtensionID] {
        switch line.purpose.kind {
        case .audio: [.audioLevel, .absoluteSendTime, .transportSequence, .mid]
        case .video: [.absoluteSendTime, .transportSequence, .mid, .rid, .repairedRid, .videoOrientation]
        }
    }
}

/// The codecs of our offers with their payload types, which are the same on every line as bundling demands.
enum OfferedCodec {
    private static let videoFeedback: RTCPFeedback = [.nack, .pli, .fir, .transportCC]

    static let opus = NegotiatedCodec(
        codec: .opus, payloadType: PayloadType(111), redPayloadType: PayloadType(63), clockRate: 48_000, channels: 2,
        feedback: [.transportCC])
    /// Constrained Baseline of level 4, which allows 1920 x 1080 at 30 frames per second.
    static let h264Baseline = h264(102, rtx: 103, profile: "42e028")
    static let h264High = h264(104, rtx: 105, profile: "640028")
    static let vp8 = NegotiatedCodec(
        codec: .vp8, payloadType: PayloadType(96), rtxPayloadType: PayloadType(97), clockRate: 90_000,
        feedback: videoFeedback)

    private static func h264(_ type: UInt8, rtx: UInt8, profile: Substring) -> NegotiatedCodec {
        NegotiatedCodec(
            codec: .h264, payloadType: PayloadType(type), rtxPayloadType: PayloadType(rtx), clockRate: 90_000,
            h264: try? H264ProfileLevelID(parsing: profile), packetizationMode: 1, feedback: videoFeedback)
    }

    /// What a line offers, in its order.
    static func all(for line: OfferLine) -> [NegotiatedCodec] {
        line.codecs.flatMap { codec -> [NegotiatedCodec] in
            switch (codec, line.purpose.kind) {
            case (.opus, .audio): [opus]
            case (.h264, .video): [h264Baseline, h264High]
            case (.vp8, .video): [vp8]
            case (.opus, .video), (.h264, .audio), (.vp8, .audio): []
            }
        }
    }
}
