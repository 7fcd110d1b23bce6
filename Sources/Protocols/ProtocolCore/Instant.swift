/// A point on a monotonic time line, told to every protocol core by its driver.
///
/// Cores never read a clock: the driver passes the instant of an input, and tests pass any instant they like.
/// The origin is arbitrary; only differences have meaning. Range: about 292 years either side of the origin.
public struct Instant: Hashable, Comparable, Sendable, InstantProtocol {
    /// Nanoseconds since the time line's origin.
    public var nanoseconds: Int64

    /// The origin of the time line; tests usually start here.
    public static let zero = Instant(nanoseconds: 0)

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    @inlinable
    public func advanced(by duration: Duration) -> Instant {
        Instant(nanoseconds: nanoseconds &+ duration.nanoseconds)
    }

    @inlinable
    public func duration(to other: Instant) -> Duration {
        .nanoseconds(other.nanoseconds &- nanoseconds)
    }

    @inlinable
    public static func < (lhs: Instant, rhs: Instant) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }

    @inlinable
    public static func + (lhs: Instant, rhs: Duration) -> Instant {
        lhs.advanced(by: rhs)
    }

    @inlinable
    public static func - (lhs: Instant, rhs: Instant) -> Duration {
        rhs.duration(to: lhs)
    }
}

extension Duration {
    /// The duration in whole nanoseconds, cut toward zero and wrapped outside the range of `Int64`.
    @inlinable
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    /// The duration in milliseconds, as a fraction.
    @inlinable
    public var milliseconds: Double {
        Double(nanoseconds) / 1_000_000
    }
}
