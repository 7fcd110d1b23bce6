/// Which DATA chunks have arrived: everything up to one number, and runs beyond (RFC 9260 §6.2).
struct ReceivedTSNs: Sendable {
    enum Arrival: Hashable, Sendable {
        case new
        case duplicate
        /// Too far ahead to be acknowledged, or one gap too many.
        case refused
    }

    /// So many gaps fit into every acknowledgement.
    static let largestRunCount = 128
    static let largestDuplicateCount = 16
    /// Gaps are told in 16 bits.
    private static let furthest = 0xffff

    /// The last one before the first gap.
    private(set) var cumulative: TransmissionSequenceNumber
    /// Beyond it, in order and never touching, as absolute numbers, both ends inclusive.
    private var runs: [(first: TransmissionSequenceNumber, last: TransmissionSequenceNumber)] = []
    private(set) var duplicates: [TransmissionSequenceNumber] = []

    init(before first: TransmissionSequenceNumber) {
        cumulative = first + -1
    }

    var hasGaps: Bool { !runs.isEmpty }

    /// What `insert` would say.
    func classify(_ tsn: TransmissionSequenceNumber) -> Arrival {
        let distance = tsn.distance(from: cumulative)
        if distance <= 0 { return .duplicate }
        if distance > Self.furthest { return .refused }
        let index = firstRun(endingAtOrAfter: tsn)
        if index < runs.count, !runs[index].first.isNewer(than: tsn) { return .duplicate }
        let touches =
            distance == 1 || index > 0 && runs[index - 1].last + 1 == tsn
            || index < runs.count && tsn + 1 == runs[index].first
        return touches || runs.count < Self.largestRunCount ? .new : .refused
    }

    mutating func insert(_ tsn: TransmissionSequenceNumber) -> Arrival {
        let arrival = classify(tsn)
        switch arrival {
        case .refused:
            break
        case .duplicate:
            if duplicates.count < Self.largestDuplicateCount { duplicates.append(tsn) }
        case .new where tsn == cumulative + 1:
            cumulative = tsn
            absorb()
        case .new:
            let index = firstRun(endingAtOrAfter: tsn)
            let touchesBefore = index > 0 && runs[index - 1].last + 1 == tsn
            let touchesAfter = index < runs.count && tsn + 1 == runs[index].first
            switch (touchesBefore, touchesAfter) {
            case (true, true):
                runs[index - 1].last = runs[index].last
                runs.remove(at: index)
            case (true, false): runs[index - 1].last = tsn
            case (false, true): runs[index].first = tsn
            case (false, false): runs.insert((tsn, tsn), at: index)
            }
        }
        return arrival
    }

    /// The peer does not send anything up to `tsn` any more (RFC 3758 §3.6).
    mutating func skip(to tsn: TransmissionSequenceNumber) {
        guard tsn.isNewer(than: cumulative) else { return }
        cumulative = tsn
        absorb()
    }

    /// For an acknowledgement; forgets the duplicates.
    mutating func report(window: Int) -> SelectiveAcknowledgement {
        defer { duplicates = [] }
        return SelectiveAcknowledgement(
            cumulative: cumulative, window: UInt32(clamping: window),
            blocks: runs.map { run in
                SelectiveAcknowledgement.Block(
                    start: run.first.distance(from: cumulative), end: run.last.distance(from: cumulative))
            },
            duplicates: duplicates)
    }

    /// Bytes of the chunk that `report` would make.
    var reportSize: Int { 16 + 4 * (runs.count + duplicates.count) }

    private mutating func absorb() {
        var count = 0
        while count < runs.count, !runs[count].first.isNewer(than: cumulative + 1) {
            if runs[count].last.isNewer(than: cumulative) { cumulative = runs[count].last }
            count += 1
        }
        runs.removeFirst(count)
    }

    private func firstRun(endingAtOrAfter tsn: TransmissionSequenceNumber) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if tsn.isNewer(than: runs[middle].last) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
