internal import ProtocolCore

/// How fast data flows, in bits per second; never negative.
public struct Bitrate: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bitsPerSecond: Int

    public static let zero = Bitrate(bitsPerSecond: 0)
    /// The most that is ever told apart: 1 Tbit/s. Keeps sums and products far from overflow.
    static let ceiling = 1_000_000_000_000

    /// Negative values become 0, values above 1 Tbit/s become that.
    @inlinable
    public init(bitsPerSecond: Int) {
        self.bitsPerSecond = min(max(bitsPerSecond, 0), 1_000_000_000_000)
    }

    /// The rate of so many bytes within a time span; zero when the span is not positive.
    public init(bytes: Int, over span: Duration) {
        let seconds = Double(span.nanoseconds) / 1e9
        self.init(seconds > 0 ? Double(bytes) * 8 / seconds : 0)
    }

    /// Rounds to whole bits per second; what is not a number becomes 0.
    init(_ bitsPerSecond: Double) {
        let bounded = min(max(bitsPerSecond, 0), Double(Bitrate.ceiling))
        self.init(bitsPerSecond: bounded.isNaN ? 0 : Int(bounded.rounded()))
    }

    public static func kilobits(_ kilobitsPerSecond: Int) -> Bitrate {
        Bitrate(Double(kilobitsPerSecond) * 1e3)
    }

    public static func megabits(_ megabitsPerSecond: Double) -> Bitrate {
        Bitrate(megabitsPerSecond * 1e6)
    }

    /// The bytes that flow within a time span; 0 when the span is not positive.
    public func bytes(in span: Duration) -> Int {
        bytes(inNanoseconds: span.nanoseconds)
    }

    func bytes(inNanoseconds nanoseconds: Int64) -> Int {
        Int(value * Double(max(nanoseconds, 0)) / 8e9)
    }

    /// How long so many bytes take; an hour at most, and at zero rate.
    public func time(for bytes: Int) -> Duration {
        let hour = 3600.0
        guard bitsPerSecond > 0 else { return .seconds(Int(hour)) }
        let seconds = min(Double(max(bytes, 0)) * 8 / value, hour)
        return .nanoseconds(Int64((seconds * 1e9).rounded(.up)))
    }

    @inlinable
    public static func < (lhs: Bitrate, rhs: Bitrate) -> Bool {
        lhs.bitsPerSecond < rhs.bitsPerSecond
    }

    public static func + (lhs: Bitrate, rhs: Bitrate) -> Bitrate {
        Bitrate(bitsPerSecond: lhs.bitsPerSecond + rhs.bitsPerSecond)
    }

    /// Zero where `rhs` is the larger one.
    public static func - (lhs: Bitrate, rhs: Bitrate) -> Bitrate {
        Bitrate(bitsPerSecond: lhs.bitsPerSecond - rhs.bitsPerSecond)
    }

    public static func * (lhs: Bitrate, rhs: Double) -> Bitrate {
        Bitrate(lhs.value * rhs)
    }

    /// The rate as a number to calculate with.
    var value: Double {
        Double(bitsPerSecond)
    }

    /// In kbit/s, for logs.
    public var description: String {
        "\(bitsPerSecond / 1000) kbit/s"
    }
}
