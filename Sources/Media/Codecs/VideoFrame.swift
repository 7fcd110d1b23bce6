public import PayloadFormats

/// One picture in the I420 layout: eight bits, a plane of luma, then two of chroma with half the width and height.
public struct VideoFrame: Hashable, Sendable {
    /// Even width and height, at least 2.
    public let size: PictureSize
    /// The three planes one after the other without gaps: `width * height * 3 / 2` bytes.
    public var bytes: [UInt8]

    /// A grey picture.
    ///
    /// - Parameter size: Odd sides are cut by one pixel; at least 2 by 2.
    public init(size: PictureSize) {
        let width = max(2, size.width & ~1)
        let height = max(2, size.height & ~1)
        self.size = PictureSize(width: width, height: height)
        bytes = Array(repeating: 128, count: width * height * 3 / 2)
    }

    /// Where the luma samples lie, row by row.
    public var lumaRange: Range<Int> {
        0..<size.width * size.height
    }

    /// Where the blue chroma samples lie.
    public var blueRange: Range<Int> {
        lumaRange.upperBound..<lumaRange.upperBound + size.width * size.height / 4
    }

    /// Where the red chroma samples lie.
    public var redRange: Range<Int> {
        blueRange.upperBound..<blueRange.upperBound + size.width * size.height / 4
    }
}
