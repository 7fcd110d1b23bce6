internal import ProtocolCore

/// Which of the last 64 sequence numbers of a stream have come.
struct SequenceHistory {
    enum Verdict {
        /// It has not come before, as far as is known.
        case new
        case duplicate
        /// It is so far away that the stream must have begun anew.
        case restart
    }

    /// A larger step than any loss that a stream survives (RFC 3550 appendix A.1, `MAX_DROPOUT`).
    static let maximumStep = 3000

    private var newest: SequenceNumber?
    /// Bit n: whether the number n before the newest has come.
    private var seen: UInt64 = 0

    mutating func note(_ sequence: SequenceNumber) -> Verdict {
        guard let newest else {
            begin(sequence)
            return .new
        }
        let step = sequence.distance(from: newest)
        if abs(step) > SequenceHistory.maximumStep {
            begin(sequence)
            return .restart
        }
        if step > 0 {
            seen = step < 64 ? seen << UInt64(step) | 1 : 1
            self.newest = sequence
            return .new
        }
        guard step > -64 else { return .new }
        let bit = UInt64(1) << UInt64(-step)
        if seen & bit != 0 { return .duplicate }
        seen |= bit
        return .new
    }

    /// Whether a number has not come though older ones have.
    func isMissing(_ sequence: SequenceNumber) -> Bool {
        guard let newest else { return false }
        let age = newest.distance(from: sequence)
        guard (0..<63).contains(age), seen >> UInt64(age) & 1 == 0 else { return false }
        return seen >> UInt64(age) != 0
    }

    private mutating func begin(_ sequence: SequenceNumber) {
        newest = sequence
        seen = 1
    }
}
