public import ProtocolCore

/// Remembers under which transport-wide number each packet of one stream left, for feedback that names packets by stream.
///
/// 2 kB, one per stream that is sent.
public struct StreamNumbering: Sendable {
    /// The packets remembered. A power of two.
    public static let capacity = 1024

    private var numbers = InlineArray<1024, UInt16>(repeating: 0)
    private var highest: SequenceNumber?
    /// How many numbers below the highest are known, itself included.
    private var known = 0

    public init() {}

    /// Notes a packet that leaves; sequence numbers ascend, skipped ones are unknown.
    public mutating func sent(_ sequence: SequenceNumber, transportSequence: UInt16) {
        let ahead = highest.map { sequence.distance(from: $0) } ?? 1
        // After a gap nothing before it can be told from what was never sent.
        known = ahead == 1 ? min(known + 1, StreamNumbering.capacity) : 1
        highest = sequence
        numbers[Int(sequence.rawValue) & (StreamNumbering.capacity - 1)] = transportSequence
    }

    /// The transport-wide number of a packet; nil when it was not sent, or too long ago.
    public func transportSequence(of sequence: SequenceNumber) -> SequenceNumber? {
        guard let highest else { return nil }
        let behind = highest.distance(from: sequence)
        guard behind >= 0, behind < known else { return nil }
        return SequenceNumber(numbers[Int(sequence.rawValue) & (StreamNumbering.capacity - 1)])
    }
}
