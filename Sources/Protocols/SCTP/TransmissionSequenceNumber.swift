/// The number of a DATA chunk, over all streams, with serial-number comparison (RFC 9260 §1.6; RFC 1982).
struct TransmissionSequenceNumber: Hashable, Sendable {
    var rawValue: UInt32

    init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// How far `self` lies ahead of `other`, -2^31..<2^31; negative when it lies behind.
    func distance(from other: TransmissionSequenceNumber) -> Int {
        Int(Int32(bitPattern: rawValue &- other.rawValue))
    }

    func isNewer(than other: TransmissionSequenceNumber) -> Bool {
        distance(from: other) > 0
    }

    static func + (lhs: TransmissionSequenceNumber, rhs: Int) -> TransmissionSequenceNumber {
        TransmissionSequenceNumber(lhs.rawValue &+ UInt32(truncatingIfNeeded: rhs))
    }
}

/// The number of an ordered message within its stream (RFC 9260 §1.6).
struct StreamSequenceNumber: Hashable, Sendable {
    var rawValue: UInt16

    init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// How far `self` lies ahead of `other`, -32768...32767; negative when it lies behind.
    func distance(from other: StreamSequenceNumber) -> Int {
        Int(Int16(bitPattern: rawValue &- other.rawValue))
    }

    var next: StreamSequenceNumber {
        StreamSequenceNumber(rawValue &+ 1)
    }
}
