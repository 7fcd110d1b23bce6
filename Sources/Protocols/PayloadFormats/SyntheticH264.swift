public import ProtocolCore

/// A source of H.264 access units for load and tests: true NAL units and parameter sets around slices of filler.
///
/// No decoder makes a picture of it. Each slice says which frame it is and when it was made, and its bytes follow from
/// the frame's number, so that a receiver can check every byte and measure how long it travelled. One seed gives one
/// sequence of sizes.
public struct SyntheticH264: Sendable {
    /// What the stream looks like.
    public struct Configuration: Hashable, Sendable {
        /// The size that the sequence parameter set tells.
        public var size: PictureSize
        /// Frames per second, at least 1.
        public var frameRate: Int
        /// Bits per second of all NAL units, on average over a keyframe interval.
        public var bitRate: Int
        /// The frames from one keyframe to the next; nil for a keyframe at the beginning and on request only.
        public var keyframeInterval: Int?
        /// Whether every odd frame after a keyframe is one that no other refers to (`nal_ref_idc` 0).
        public var hasTemporalLayers: Bool

        public init(
            size: PictureSize = PictureSize(width: 1280, height: 720), frameRate: Int = 30, bitRate: Int = 1_500_000,
            keyframeInterval: Int? = nil, hasTemporalLayers: Bool = false
        ) {
            self.size = size
            self.frameRate = frameRate
            self.bitRate = bitRate
            self.keyframeInterval = keyframeInterval
            self.hasTemporalLayers = hasTemporalLayers
        }
    }

    /// What was made.
    public struct Frame: Hashable, Sendable {
        /// Counts all frames from 0.
        public var number: UInt32
        public var isKeyframe: Bool
        /// Whether later frames refer to it.
        public var isReference: Bool
    }

    /// How many times the mean frame a keyframe is; the frames after it are smaller until the rate is made up for.
    static let keyframeFactor = 6
    /// The fewest bytes of a slice: its stamp and a little filler.
    static let minimumSliceSize = SyntheticH264Stamp.offset + SyntheticH264Stamp.byteCount + 8

    /// May be changed at any time; a new size is told with the next keyframe.
    public var configuration: Configuration

    private var random: SeededGenerator
    private var nextNumber: UInt32 = 0
    private var framesSinceKeyframe = 0
    private var wantsKeyframe = true
    /// Bytes sent above the rate, still to be made up for.
    private var debt = 0

    public init(_ configuration: Configuration = Configuration(), seed: UInt64 = 1) {
        self.configuration = configuration
        random = SeededGenerator(seed: seed)
    }

    /// Makes the next frame a keyframe.
    public mutating func requestKeyframe() {
        wantsKeyframe = true
    }

    /// Writes the next access unit, in the byte stream format, in place of what `accessUnit` holds.
    ///
    /// - Parameter now: The time of capture, which the receiver reads again.
    public mutating func next(into accessUnit: inout [UInt8], now: Instant) -> Frame {
        accessUnit.removeAll(keepingCapacity: true)
        if let interval = configuration.keyframeInterval, framesSinceKeyframe >= interval { wantsKeyframe = true }
        let isKeyframe = wantsKeyframe
        framesSinceKeyframe = isKeyframe ? 1 : framesSinceKeyframe + 1
        wantsKeyframe = false
        let isOdd = framesSinceKeyframe & 1 == 0
        let frame = Frame(
            number: nextNumber, isKeyframe: isKeyframe,
            isReference: isKeyframe || !configuration.hasTemporalLayers || !isOdd)
        nextNumber &+= 1
        if isKeyframe {
            let sequence = H264ParameterSets.sequence(size: configuration.size, frameRate: configuration.frameRate)
            H264AnnexB.append(sequence.span.bytes, to: &accessUnit)
            H264AnnexB.append(H264ParameterSets.picture().span.bytes, to: &accessUnit)
        }
        let stamp = SyntheticH264Stamp(number: frame.number, capturedAt: now)
        accessUnit.append(contentsOf: H264AnnexB.startCode)
        stamp.appendSlice(header: header(of: frame), size: sliceSize(of: frame), to: &accessUnit)
        return frame
    }

    private func header(of frame: Frame) -> UInt8 {
        if frame.isKeyframe { return 0x65 }
        return frame.isReference ? 0x41 : 0x01
    }

    private mutating func sliceSize(of frame: Frame) -> Int {
        let mean = max(SyntheticH264.minimumSliceSize, configuration.bitRate / 8 / max(1, configuration.frameRate))
        if frame.isKeyframe {
            let size = mean * SyntheticH264.keyframeFactor
            debt += size - mean
            return size
        }
        var size = mean
        // What a non-reference frame is smaller, the reference frame before or after it is larger.
        if configuration.hasTemporalLayers { size += frame.isReference ? mean / 4 : -mean / 4 }
        let spread = mean / 5
        let variation = spread > 0 ? Int.random(in: -spread...spread, using: &random) : 0
        let wanted = size + variation - min(mean / 4, max(-mean / 4, debt))
        let given = max(SyntheticH264.minimumSliceSize, wanted)
        debt += given - size
        return given
    }
}
