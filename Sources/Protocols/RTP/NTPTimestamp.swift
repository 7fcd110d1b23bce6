import ProtocolCore

/// A wall-clock time in 32.32 fixed-point seconds since 1900 (RFC 5905 §6, RFC 3550 §4). It wraps in 2036.
@frozen
public struct NTPTimestamp: RawRepresentable, Hashable, Sendable {
    /// Seconds since 1900 in the high half, their fraction in the low half.
    public var rawValue: UInt64

    /// The seconds from the NTP era's start (1900) to the Unix epoch (1970).
    private static let unixEpoch: UInt64 = 2_208_988_800

    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Converts a wall-clock time, told as the duration since 1970-01-01 UTC, which must not be negative.
    public init(sinceUnixEpoch duration: Duration) {
        let nanoseconds = UInt64(max(0, duration.nanoseconds))
        let seconds = (nanoseconds / 1_000_000_000) &+ NTPTimestamp.unixEpoch
        let fraction = ((nanoseconds % 1_000_000_000) << 32) / 1_000_000_000
        rawValue = seconds << 32 | fraction
    }

    /// The time as a duration since 1970-01-01 UTC, taken to lie between 1970 and 2036-02-07 or in the 68 years after.
    public var sinceUnixEpoch: Duration {
        let seconds = UInt32(truncatingIfNeeded: (rawValue >> 32) &- NTPTimestamp.unixEpoch)
        let nanoseconds = ((rawValue & 0xffff_ffff) &* 1_000_000_000) >> 32
        return .seconds(Int64(seconds)) + .nanoseconds(Int64(nanoseconds))
    }

    /// The middle 32 bits, 16.16 fixed-point seconds, as report blocks carry them.
    @inlinable
    public var compact: CompactNTP {
        CompactNTP(rawValue: UInt32(truncatingIfNeeded: rawValue >> 16))
    }
}

/// A time or a time span in 16.16 fixed-point seconds (RFC 3550 §4): the middle of an `NTPTimestamp`, or a delay.
@frozen
public struct CompactNTP: RawRepresentable, Hashable, Sendable {
    /// Whole seconds in the high half, their fraction in the low half.
    public var rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Converts a delay; a negative one becomes 0, one of 65536 seconds or more becomes the largest value.
    public init(_ duration: Duration) {
        let nanoseconds = UInt64(max(0, duration.nanoseconds))
        guard nanoseconds < 65_536 * 1_000_000_000 else {
            rawValue = .max
            return
        }
        rawValue = UInt32(truncatingIfNeeded: (nanoseconds << 16) / 1_000_000_000)
    }

    /// The value as a time span.
    public var duration: Duration {
        .nanoseconds(Int64((UInt64(rawValue) &* 1_000_000_000) >> 16))
    }
}
