public import ProtocolCore

/// Who made a frame, and which encoding of it, in the lowest bits of its time of capture.
///
/// The stamp of a synthetic frame has a number and a time; a slot shows one publisher after another, and numbers can be
/// compared within one encoding of one publisher only. It costs a precision of 16 µs.
public struct SourceMark: Hashable, Sendable {
    private static let layerBits: Int64 = 2
    private static let publisherBits: Int64 = 12
    private static let mask: Int64 = 1 << (layerBits + publisherBits) - 1
    /// How many publishers can be told apart.
    public static let mostPublishers = 1 << Int(publisherBits)

    public let publisher: Int
    public let layer: Int

    /// - Parameters:
    ///   - publisher: 0 ..< ``mostPublishers``.
    ///   - layer: 0 ..< 4.
    public init(publisher: Int, layer: Int) {
        self.publisher = publisher & (SourceMark.mostPublishers - 1)
        self.layer = layer & 3
    }

    /// Reads the mark of a time that ``marking(_:)`` gave.
    public init(of instant: Instant) {
        let bits = instant.nanoseconds & SourceMark.mask
        publisher = Int(bits >> SourceMark.layerBits)
        layer = Int(bits & 3)
    }

    /// The latest time at or before this one that divides the marked times: whatever was made since then has a marked time
    /// that is not before it, and whatever was made earlier has one before it.
    public static func dividing(_ instant: Instant) -> Instant {
        Instant(nanoseconds: instant.nanoseconds & ~mask)
    }

    /// A time with this mark: at most 16 µs before or after the real one.
    public func marking(_ instant: Instant) -> Instant {
        Instant(
            nanoseconds: instant.nanoseconds & ~SourceMark.mask | Int64(publisher) << SourceMark.layerBits
                | Int64(layer))
    }
}
