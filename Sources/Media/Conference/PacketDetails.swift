public import MediaVocabulary
public import PayloadFormats
internal import ProtocolCore

/// The picture id and layer 0 index of a VP8 packet (RFC 7741 §4.2).
public struct VP8Numbers: Hashable, Sendable {
    /// 15 bits, or 7 where the sender counts in those.
    public var pictureID: UInt16
    public var tl0PictureIndex: UInt8

    @inlinable
    public init(pictureID: UInt16, tl0PictureIndex: UInt8) {
        self.pictureID = pictureID
        self.tl0PictureIndex = tl0PictureIndex
    }
}

/// Which receivers of a packet lack its parameter sets.
enum ParameterSetNeed: UInt8, Sendable {
    case nobody
    /// Those who begin with it.
    case forBeginners
    /// Those too who began with an earlier packet of the same picture.
    case forPicture
}

/// What forwarding needs to know of a received packet besides its payload bytes. Trivial, so that it is free to copy.
public struct PacketDetails: Sendable {
    public var sequence: UInt16
    public var timestamp: UInt32
    public var codec: MediaCodec
    public var marker: Bool
    /// Which of the track's simulcast streams this is, 0 for a track with a single one.
    public var layer: UInt8 = 0
    /// The temporal layer: receivers can do without those above 0. At most 2.
    public var temporal: UInt8 = 0
    /// The numbers in a VP8 payload's descriptor, which go on over switches like sequence numbers.
    public var vp8: VP8Numbers?
    /// For audio with copies of earlier packets (RFC 2198): where the packet itself begins, and the payload type of the
    /// blocks. 0 for plain audio.
    public var primaryOffset: UInt16 = 0
    public var blockPayloadType: UInt8 = 0
    /// This packet begins a picture from which a decoder can start. Of H.264 the layer finds out, which knows the
    /// parameter sets.
    public var startsKeyframe = false
    /// What is in an H.264 payload.
    public var h264: H264Content = []
    /// Who must be given the parameter sets before this packet.
    var parameterSets = ParameterSetNeed.nobody
    /// The audio level extension's byte (RFC 6464: voice bit and -dBov), when present.
    public var audioLevel: UInt8?
    /// The video orientation extension's byte (3GPP TS 26.114 §7.4.5), when present.
    public var orientation: UInt8?

    @inlinable
    public init(sequence: UInt16, timestamp: UInt32, codec: MediaCodec, marker: Bool) {
        self.sequence = sequence
        self.timestamp = timestamp
        self.codec = codec
        self.marker = marker
    }
}

extension PacketDetails {
    /// The details of a packet that goes in before this one, of the same picture.
    var asInserted: PacketDetails {
        var details = self
        details.marker = false
        return details
    }
}
