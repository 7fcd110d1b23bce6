public import ProtocolCore
public import RTP

/// One whole coded picture (ITU-T H.264 §3.1), as it came out of its packets.
public struct VideoAccessUnit: Hashable, Sendable {
    /// The timestamp of its packets, in ticks of 90 kHz.
    public var timestamp: RTPTimestamp
    /// Its NAL units in the byte stream format (ITU-T H.264 annex B), with start codes of four bytes.
    public var annexB: [UInt8]
    /// Where the NAL units lie in `annexB`, without their start codes.
    public var nalUnits: [Range<Int>]
    /// Whether a decoder can start with it: it holds a slice of an IDR picture.
    public var isKeyframe: Bool
    /// When the first and the last of its packets came.
    public var firstArrival: Instant
    public var lastArrival: Instant
}

/// How the reception of one video stream went, counted from its beginning.
public struct VideoReceptionStatistics: Hashable, Sendable {
    /// Packets that were inserted, whatever became of them.
    public var packetsReceived = 0
    /// Packets that were here already, or came after their picture had been given out or given up.
    public var packetsDiscarded = 0
    /// Access units given out.
    public var framesAssembled = 0
    public var keyframesAssembled = 0
    /// Whole pictures thrown away because one before them was incomplete, and pictures that could not be put together.
    public var framesDropped = 0
    /// How often a keyframe was asked for.
    public var keyframesRequested = 0
    /// Freezes, as `FreezeDetector` counts them, of the pictures given out.
    public var freezeCount = 0
    /// How long the picture stood still in all freezes.
    public var totalFreezesDuration: Duration = .zero

    public init() {}
}
