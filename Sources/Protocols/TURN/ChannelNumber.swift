/// Names one peer of an allocation in the four-byte header of ChannelData (RFC 8656 §12).
public struct ChannelNumber: Hashable, Sendable, CustomStringConvertible {
    /// The numbers that a client may bind; the rest of the old range is reserved, so that the first byte tells
    /// ChannelData from other protocols (RFC 8656 §12).
    public static let range: ClosedRange<UInt16> = 0x4000...0x4fff

    public let rawValue: UInt16

    /// nil outside of ``range``.
    public init?(_ rawValue: UInt16) {
        guard Self.range.contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    public var description: String {
        "0x" + String(rawValue, radix: 16)
    }
}
