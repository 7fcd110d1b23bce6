/// Names one of the up to 65,535 streams of a direction (RFC 9260 §1.3); a data channel is one in each direction.
public struct StreamIdentifier: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    @inlinable
    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    @inlinable
    public static func < (lhs: StreamIdentifier, rhs: StreamIdentifier) -> Bool {
        lhs.rawValue < rhs.rawValue
    }

    public var description: String {
        String(rawValue)
    }
}

/// What a message is to the application (RFC 9260 §3.3.1); carried, not looked at.
public struct PayloadProtocolIdentifier: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inlinable
    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public var description: String {
        String(rawValue)
    }
}
