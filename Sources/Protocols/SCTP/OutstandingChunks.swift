internal import ProtocolCore

/// The DATA chunks between the last one that arrived with all before it and the last one sent.
struct OutstandingChunks: Sendable {
    /// What an acknowledgement said that is new.
    struct Outcome: Hashable, Sendable {
        /// Bytes of chunks that are now known to have arrived, with headers.
        var acknowledgedSize = 0
        /// Whether the number up to which everything arrived has grown.
        var advances = false
        var roundTrip: Duration?
        /// Chunks that three acknowledgements reported missing.
        var missing: [TransmissionSequenceNumber] = []
    }

    /// How many reports of something behind it show that a chunk is lost (RFC 9260 §7.2.4).
    private static let missingReportsOfLoss = 3

    /// The number of the first chunk here.
    private(set) var first: TransmissionSequenceNumber
    private var chunks = FIFO<SentChunk>()
    /// Bytes of chunks in flight, with headers.
    private(set) var flightSize = 0
    /// Bytes of messages in all chunks here.
    private(set) var byteCount = 0
    private(set) var lostCount = 0
    private var acknowledgedCount = 0
    /// No chunk before this place is lost.
    private var lostHint = 0
    private var perStream: [StreamIdentifier: Int] = [:]

    init(first: TransmissionSequenceNumber) {
        self.first = first
    }

    var isEmpty: Bool { chunks.isEmpty }
    /// The number of the chunk to be sent next.
    var next: TransmissionSequenceNumber { first + chunks.count }
    /// Whether the peer has to be told that it waits in vain (RFC 3758 §3.5 C3).
    var isFirstAbandoned: Bool { chunks.first?.state == .abandoned }

    func isIdle(_ stream: StreamIdentifier) -> Bool { perStream[stream] == nil }

    func chunk(_ tsn: TransmissionSequenceNumber) -> SentChunk? {
        let index = tsn.distance(from: first)
        return index >= 0 && index < chunks.count ? chunks[index] : nil
    }

    mutating func append(_ chunk: SentChunk) {
        if chunk.state == .inFlight { flightSize += chunk.size }
        byteCount += chunk.range.count
        perStream[chunk.message.stream, default: 0] += 1
        chunks.append(chunk)
    }

    /// Takes an acknowledgement that does not go beyond what was sent (RFC 9260 §6.2.1, §7.2.4).
    mutating func acknowledge(
        _ chunk: SelectiveAcknowledgement, isRecovering: Bool, at now: Instant
    ) -> Outcome {
        var outcome = Outcome()
        var newest: TransmissionSequenceNumber?
        while !chunks.isEmpty, !first.isNewer(than: chunk.cumulative), let sent = chunks.popFirst() {
            if sent.state != .acknowledged, sent.state != .abandoned {
                note(sent, tsn: first, now: now, outcome: &outcome, newest: &newest)
            }
            leave(sent)
            first = first + 1
            lostHint = max(lostHint - 1, 0)
            outcome.advances = true
        }
        guard !chunk.blocks.isEmpty || acknowledgedCount > 0 else { return outcome }
        // Blocks may come in any order and overlap.
        let blocks = chunk.blocks.sorted { $0.start < $1.start }
        let shift = first.distance(from: chunk.cumulative)
        var block = 0
        for index in 0..<chunks.count {
            let distance = index + shift
            while block < blocks.count, blocks[block].end < distance { block += 1 }
            let isReported = block < blocks.count && blocks[block].start <= distance
            switch (chunks[index].state, isReported) {
            case (.inFlight, true), (.lost, true):
                note(chunks[index], tsn: first + index, now: now, outcome: &outcome, newest: &newest)
                if chunks[index].state == .inFlight { flightSize -= chunks[index].size } else { lostCount -= 1 }
                chunks[index].state = .acknowledged
                acknowledgedCount += 1
            case (.acknowledged, false):
                // The receiver took it back, as it may (§6.2.1 D iii).
                chunks[index].state = .inFlight
                flightSize += chunks[index].size
                acknowledgedCount -= 1
            case (.inFlight, false), (.lost, false), (.acknowledged, true), (.abandoned, _):
                break
            }
        }
        countMissing(blocks, newest, isRecovering && outcome.advances, &outcome)
        return outcome
    }

    private mutating func countMissing(
        _ blocks: [SelectiveAcknowledgement.Block], _ newest: TransmissionSequenceNumber?, _ countsAll: Bool,
        _ outcome: inout Outcome
    ) {
        guard let end = blocks.map(\.end).max() else { return }
        // Without recovery only what lies before something newly arrived counts as missing.
        let limit: Int
        if countsAll {
            limit = end
        } else if let newest {
            limit = newest.distance(from: first)
        } else {
            return
        }
        for index in 0..<min(max(limit, 0), chunks.count) where chunks[index].state == .inFlight {
            guard !chunks[index].isFastRetransmission else { continue }
            chunks[index].missingReports += 1
            if chunks[index].missingReports == Self.missingReportsOfLoss { outcome.missing.append(first + index) }
        }
    }

    private func note(
        _ sent: SentChunk, tsn: TransmissionSequenceNumber, now: Instant, outcome: inout Outcome,
        newest: inout TransmissionSequenceNumber?
    ) {
        outcome.acknowledgedSize += sent.size
        newest = tsn
        if sent.transmissions == 1 { outcome.roundTrip = now - sent.sentAt }
    }

    private mutating func leave(_ sent: SentChunk) {
        switch sent.state {
        case .inFlight: flightSize -= sent.size
        case .lost: lostCount -= 1
        case .acknowledged: acknowledgedCount -= 1
        case .abandoned: break
        }
        byteCount -= sent.range.count
        let count = (perStream[sent.message.stream] ?? 1) - 1
        perStream[sent.message.stream] = count > 0 ? count : nil
    }

    /// Counts a chunk as lost; gives the message when it is given up instead.
    mutating func lose(
        _ tsn: TransmissionSequenceNumber, isFast: Bool, mayAbandon: Bool, at now: Instant
    ) -> UInt64? {
        let index = tsn.distance(from: first)
        guard index >= 0, index < chunks.count, chunks[index].state == .inFlight else { return nil }
        let sent = chunks[index]
        if mayAbandon, sent.message.isExpired(at: now) || isUsedUp(sent) {
            abandon(at: index)
            return sent.message.number
        }
        chunks[index].state = .lost
        chunks[index].missingReports = 0
        chunks[index].isFastRetransmission = isFast
        flightSize -= sent.size
        lostHint = lostCount == 0 ? index : min(lostHint, index)
        lostCount += 1
        return nil
    }

    private func isUsedUp(_ sent: SentChunk) -> Bool {
        sent.message.retransmissionLimit.map { sent.transmissions > $0 } ?? false
    }

    /// Counts all that is in flight as lost; gives the messages that are given up instead.
    mutating func loseAll(mayAbandon: Bool, at now: Instant) -> [UInt64] {
        (0..<chunks.count).compactMap { lose(first + $0, isFast: false, mayAbandon: mayAbandon, at: now) }
    }

    /// Gives up all parts of a message.
    mutating func abandon(_ tsn: TransmissionSequenceNumber) {
        let index = tsn.distance(from: first)
        guard index >= 0, index < chunks.count else { return }
        abandon(at: index)
    }

    private mutating func abandon(at index: Int) {
        let number = chunks[index].message.number
        var start = index
        while start > 0, chunks[start - 1].message.number == number { start -= 1 }
        var position = start
        while position < chunks.count, chunks[position].message.number == number {
            switch chunks[position].state {
            case .inFlight: flightSize -= chunks[position].size
            case .lost: lostCount -= 1
            case .acknowledged: acknowledgedCount -= 1
            case .abandoned: break
            }
            chunks[position].state = .abandoned
            position += 1
        }
    }

    /// The first lost chunk.
    mutating func firstLost() -> TransmissionSequenceNumber? {
        guard lostCount > 0 else { return nil }
        while lostHint < chunks.count, chunks[lostHint].state != .lost { lostHint += 1 }
        return lostHint < chunks.count ? first + lostHint : nil
    }

    /// A lost chunk goes out again.
    mutating func resend(_ tsn: TransmissionSequenceNumber, at now: Instant) {
        let index = tsn.distance(from: first)
        guard index >= 0, index < chunks.count, chunks[index].state == .lost else { return }
        chunks[index].state = .inFlight
        chunks[index].sentAt = now
        chunks[index].transmissions += 1
        lostCount -= 1
        flightSize += chunks[index].size
    }

    /// What the peer may pass over (RFC 3758 §3.5 C1...C4), with at most so many streams.
    func forwardTSN(largestSkipCount: Int) -> ForwardTSN? {
        var count = 0
        var skips: [StreamIdentifier: StreamSequenceNumber] = [:]
        while count < chunks.count, chunks[count].state == .abandoned {
            let message = chunks[count].message
            if message.isOrdered {
                if skips[message.stream] == nil, skips.count == largestSkipCount { break }
                skips[message.stream] = message.sequence
            }
            count += 1
        }
        guard count > 0 else { return nil }
        return ForwardTSN(
            cumulative: first + (count - 1),
            skips: skips.sorted { $0.key < $1.key }.map { ForwardTSN.Skip(stream: $0.key, sequence: $0.value) })
    }
}
