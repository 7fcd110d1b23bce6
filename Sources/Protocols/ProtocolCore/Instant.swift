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
        // 10^9 is 2^9 times 5^9: whole nanoseconds, the usual case, come out of a shift and a multiplication by the
        // inverse of 5^9 modulo 2^64, many times as fast as a division of 128 bits.
        let exact = Int64(truncatingIfNeeded: attoseconds >> 9) &* Duration.inverse
        if Int128(exact) &* 1_000_000_000 == attoseconds { return exact }
        let (seconds, rest) = components
        return seconds &* 1_000_000_000 &+ rest / 1_000_000_000
    }

    /// Of 5^9, modulo 2^64.
    @inlinable
    static var inverse: Int64 { Int64(bitPattern: 0x8e47_ce42_3a2e_9c6d) }

    /// The duration in milliseconds, as a fraction.
    @inlinable
    public var milliseconds: Double {
        Double(nanoseconds) / 1_000_000
    }
}
