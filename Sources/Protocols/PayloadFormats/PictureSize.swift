/// The size of a video picture in pixels, as it is shown.
public struct PictureSize: Hashable, Sendable, CustomStringConvertible {
    public var width: Int
    public var height: Int

    @inlinable
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// `1280x720`.
    public var description: String {
        "\(width)x\(height)"
    }
}
