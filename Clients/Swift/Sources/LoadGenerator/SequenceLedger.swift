internal import ProtocolCore

/// How many packets of one stream came and how many did not, by their sequence numbers.
///
/// Each packet is told once: whoever decrypts refuses copies. A packet that comes late counts as having come.
struct SequenceLedger: Sendable {
    private var newest: (sequence: SequenceNumber, number: Int64)?
    /// The first number that counts.
    private var first: Int64 = 0
    private(set) var received = 0

    /// Packets that are missing up to the newest one.
    var lost: Int {
        guard let newest, newest.number >= first else { return 0 }
        return max(0, Int(newest.number - first) + 1 - received)
    }

    mutating func record(_ sequence: SequenceNumber) {
        guard let newest else {
            self.newest = (sequence, Int64(sequence.rawValue))
            first = Int64(sequence.rawValue)
            received = 1
            return
        }
        let number = newest.number + Int64(sequence.distance(from: newest.sequence))
        if number > newest.number { self.newest = (sequence, number) }
        // Of before the count began, or before the stream's first packet.
        guard number >= first else { return }
        received += 1
    }

    /// Counts from the next packet on.
    mutating func startOver() {
        received = 0
        if let newest { first = newest.number + 1 }
    }
}
