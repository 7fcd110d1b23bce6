public import ClientTransport
internal import ProtocolCore
public import Reception

/// Where a picture comes from.
public enum MediaStreamType: String, Hashable, Sendable {
    case camera
    case screen
}

/// Turns Opus packets into samples; what a decoder of one stream must do. Sound has one channel at 48 kHz.
public protocol AudioDecoding: AnyObject {
    func decodePacket(_ packet: [UInt8]) throws -> [Int16]
    /// The frame before `next`, from the copy in it.
    func decodeLostFrame(_ duration: Duration, from next: [UInt8]) throws -> [Int16]
    /// Something that continues what was played last.
    func concealFrame(_ duration: Duration) throws -> [Int16]
}

/// Takes what others in a call send: to render it, record it or work with it.
///
/// Called on the thread that receives packets: must return at once. Participants are named by their participant id.
public protocol IncomingMediaReceiver: AnyObject, Sendable {
    /// A coded picture, in decoding order, each stream from a keyframe on.
    func receiveVideo(_ accessUnit: VideoAccessUnit, from participant: String, _ type: MediaStreamType)
    /// The next samples of a participant, gaps filled; only with a decoder.
    func receiveAudio(_ samples: [Int16], from participant: String)
    /// A packet of Opus as it came, without jitter buffer; only without a decoder.
    func receiveAudioPacket(_ payload: [UInt8], _ packet: ReceivedPacket, from participant: String)
}

extension IncomingMediaReceiver {
    public func receiveVideo(_ accessUnit: VideoAccessUnit, from participant: String, _ type: MediaStreamType) {}
    public func receiveAudio(_ samples: [Int16], from participant: String) {}
    public func receiveAudioPacket(_ payload: [UInt8], _ packet: ReceivedPacket, from participant: String) {}
}

/// What a client does with the media of others.
public struct IncomingMediaOptions: Sendable {
    /// Nil: nothing is received but counted.
    public var receiver: (any IncomingMediaReceiver)?
    /// Makes a decoder for each audio slot; nil leaves packets as they are.
    public var makeAudioDecoder: (@Sendable () throws -> any AudioDecoding)?
    /// Places for pictures of others, at most 25.
    public var videoSlots: Int
    /// The size at which pictures are wanted, in pixels.
    public var videoWidth: Int
    public var videoHeight: Int

    public init(
        receiver: (any IncomingMediaReceiver)? = nil,
        makeAudioDecoder: (@Sendable () throws -> any AudioDecoding)? = nil, videoSlots: Int = 4,
        videoWidth: Int = 1920, videoHeight: Int = 1080
    ) {
        self.receiver = receiver
        self.makeAudioDecoder = makeAudioDecoder
        self.videoSlots = videoSlots
        self.videoWidth = videoWidth
        self.videoHeight = videoHeight
    }
}
