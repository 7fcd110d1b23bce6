/// Names one RTP stream within a session (RFC 3550 §3): any 32-bit value.
public struct SSRC: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
    public var rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inlinable
    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inlinable
    public static func < (lhs: SSRC, rhs: SSRC) -> Bool {
        lhs.rawValue < rhs.rawValue
    }

    public var description: String {
        String(rawValue)
    }
}

/// An RTP payload type (RFC 3550 §5.1), 0...127. The initialiser masks the marker bit away.
public struct PayloadType: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    @inlinable
    public init(_ rawValue: UInt8) {
        self.rawValue = rawValue & 0x7f
    }

    public var description: String {
        String(rawValue)
    }
}

/// A 16-bit RTP sequence number (RFC 3550 §5.1) with serial-number comparison (RFC 1982).
public struct SequenceNumber: Hashable, Sendable, CustomStringConvertible {
    public var rawValue: UInt16

    @inlinable
    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// How far `self` lies ahead of `other`, -32768...32767; negative when it lies behind.
    @inlinable
    public func distance(from other: SequenceNumber) -> Int {
        Int(Int16(bitPattern: rawValue &- other.rawValue))
    }

    /// Whether `self` comes after `other` in serial order.
    @inlinable
    public func isNewer(than other: SequenceNumber) -> Bool {
        distance(from: other) > 0
    }

    @inlinable
    public static func + (lhs: SequenceNumber, rhs: Int) -> SequenceNumber {
        SequenceNumber(lhs.rawValue &+ UInt16(truncatingIfNeeded: rhs))
    }

    public var description: String {
        String(rawValue)
    }
}

/// A media identification tag: the name of one m-line (RFC 5888; RFC 9143), at most 32 characters here.
public struct Mid: RawRepresentable, Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public init(stringLiteral value: String) {
        rawValue = value
    }

    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String {
        rawValue
    }
}

/// A restriction identifier: the name of one simulcast layer within an m-line (RFC 8851).
public struct Rid: RawRepresentable, Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public init(stringLiteral value: String) {
        rawValue = value
    }

    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String {
        rawValue
    }
}
