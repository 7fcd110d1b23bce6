/// A media timestamp in units of its payload's clock rate (RFC 3550 §5.1). It wraps, so it is compared serially.
@frozen
public struct RTPTimestamp: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The ticks, modulo 2^32.
    public var rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inlinable
    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// How many clock ticks `self` lies ahead of `other`, -2^31...2^31-1; negative when it lies behind.
    @inlinable
    public func distance(from other: RTPTimestamp) -> Int {
        Int(Int32(bitPattern: rawValue &- other.rawValue))
    }

    /// Whether `self` comes after `other` in serial order.
    @inlinable
    public func isNewer(than other: RTPTimestamp) -> Bool {
        distance(from: other) > 0
    }

    /// The timestamp `ticks` later (or earlier, when negative), modulo 2^32.
    @inlinable
    public static func + (lhs: RTPTimestamp, ticks: Int) -> RTPTimestamp {
        RTPTimestamp(lhs.rawValue &+ UInt32(truncatingIfNeeded: ticks))
    }

    /// The timestamp `ticks` earlier (or later, when negative), modulo 2^32.
    @inlinable
    public static func - (lhs: RTPTimestamp, ticks: Int) -> RTPTimestamp {
        RTPTimestamp(lhs.rawValue &- UInt32(truncatingIfNeeded: ticks))
    }

    public var description: String {
        String(rawValue)
    }
}
