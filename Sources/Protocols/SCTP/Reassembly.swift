/// A message as the peer sent it.
struct IncomingMessage: Hashable, Sendable {
    var stream: StreamIdentifier
    var payloadProtocol: PayloadProtocolIdentifier
    var bytes: [UInt8]

    /// What it counts while it waits to be given out.
    var cost: Int { bytes.count + Reassembly.chunkOverhead }
}

/// Makes messages out of DATA chunks, and puts ordered ones in order (RFC 9260 §6.5, §6.6, §6.9).
///
/// A message's parts have successive numbers, so parts that touch are one run, kept by its first and its last number: a
/// part costs constant time wherever it arrives.
struct Reassembly: Sendable {
    /// What a part counts beside its bytes, so that many small ones do not take more memory than the window says.
    static let chunkOverhead = 48

    private struct Run {
        var last: TransmissionSequenceNumber
        var byteCount: Int
        var hasBeginning: Bool
        var hasEnd: Bool
    }

    private struct Stream {
        var next = StreamSequenceNumber(0)
        /// Whole messages whose turn has not come.
        var waiting: [StreamSequenceNumber: IncomingMessage] = [:]
    }

    private let largestMessage: Int
    private var fragments: [TransmissionSequenceNumber: DataChunk] = [:]
    private var runs: [TransmissionSequenceNumber: Run] = [:]
    private var firstByLast: [TransmissionSequenceNumber: TransmissionSequenceNumber] = [:]
    private var streams: [StreamIdentifier: Stream] = [:]
    /// What all that waits counts.
    private(set) var bufferedBytes = 0

    init(largestMessage: Int) {
        self.largestMessage = largestMessage
    }

    static func cost(of chunk: DataChunk) -> Int { chunk.bytes.count + chunkOverhead }

    /// Takes a chunk that has not been here before, and appends the messages it completes.
    mutating func insert(_ chunk: DataChunk, into messages: inout [IncomingMessage]) throws(SCTPViolation) {
        guard chunk.bytes.count <= largestMessage else { throw .messageTooLarge }
        if chunk.flags.isSuperset(of: [.beginning, .end]) {
            let message = IncomingMessage(
                stream: chunk.stream, payloadProtocol: chunk.payloadProtocol, bytes: chunk.bytes)
            complete(message, chunk, into: &messages)
            return
        }
        let first = try join(chunk)
        guard let run = runs[first], run.hasBeginning, run.hasEnd else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(run.byteCount)
        for offset in 0...run.last.distance(from: first) {
            guard let part = fragments.removeValue(forKey: first + offset) else { continue }
            bufferedBytes -= Self.cost(of: part)
            bytes += part.bytes
        }
        runs[first] = nil
        firstByLast[run.last] = nil
        complete(
            IncomingMessage(stream: chunk.stream, payloadProtocol: chunk.payloadProtocol, bytes: bytes), chunk,
            into: &messages)
    }

    /// Joins a part with those before and behind it; gives the first number of the run it is in now.
    private mutating func join(_ chunk: DataChunk) throws(SCTPViolation) -> TransmissionSequenceNumber {
        var first = chunk.tsn
        var run = Run(
            last: chunk.tsn, byteCount: chunk.bytes.count, hasBeginning: chunk.flags.contains(.beginning),
            hasEnd: chunk.flags.contains(.end))
        if !run.hasBeginning, let start = firstByLast[chunk.tsn + -1], let before = runs[start], !before.hasEnd {
            try checkConsistency(chunk, start)
            run.byteCount += before.byteCount
            run.hasBeginning = before.hasBeginning
            firstByLast[before.last] = nil
            first = start
        }
        if !run.hasEnd, let behind = runs[chunk.tsn + 1], !behind.hasBeginning {
            try checkConsistency(chunk, chunk.tsn + 1)
            run.byteCount += behind.byteCount
            run.hasEnd = behind.hasEnd
            run.last = behind.last
            runs[chunk.tsn + 1] = nil
        }
        guard run.byteCount <= largestMessage else { throw .messageTooLarge }
        fragments[chunk.tsn] = chunk
        bufferedBytes += Self.cost(of: chunk)
        runs[first] = run
        firstByLast[run.last] = first
        return first
    }

    private func checkConsistency(_ chunk: DataChunk, _ neighbour: TransmissionSequenceNumber) throws(SCTPViolation) {
        guard let other = fragments[neighbour] else { return }
        guard
            other.stream == chunk.stream, other.payloadProtocol == chunk.payloadProtocol,
            other.flags.contains(.unordered) == chunk.flags.contains(.unordered),
            chunk.flags.contains(.unordered) || other.sequence == chunk.sequence
        else { throw .inconsistentFragments }
    }

    private mutating func complete(
        _ message: IncomingMessage, _ chunk: DataChunk, into messages: inout [IncomingMessage]
    ) {
        guard !chunk.flags.contains(.unordered) else {
            messages.append(message)
            return
        }
        let distance = chunk.sequence.distance(from: streams[message.stream, default: Stream()].next)
        // What was passed over, or is here already.
        guard distance >= 0, streams[message.stream]?.waiting[chunk.sequence] == nil else { return }
        guard distance == 0 else {
            streams[message.stream, default: Stream()].waiting[chunk.sequence] = message
            bufferedBytes += message.cost
            return
        }
        messages.append(message)
        streams[message.stream, default: Stream()].next = chunk.sequence.next
        release(message.stream, into: &messages)
    }

    /// Gives out what now is in turn.
    private mutating func release(_ identifier: StreamIdentifier, into messages: inout [IncomingMessage]) {
        guard var stream = streams[identifier] else { return }
        streams[identifier] = nil
        while let message = stream.waiting.removeValue(forKey: stream.next) {
            stream.next = stream.next.next
            bufferedBytes -= message.cost
            messages.append(message)
        }
        streams[identifier] = stream
    }

    /// Passes over what the peer gave up (RFC 3758 §3.6): parts up to its number, and ordered messages by their streams.
    mutating func skip(
        _ chunk: ForwardTSN, from cumulative: TransmissionSequenceNumber, into messages: inout [IncomingMessage]
    ) {
        let distance = chunk.cumulative.distance(from: cumulative)
        // A run that ends where the peer's number stood before waits for a part that never comes.
        let ended: [TransmissionSequenceNumber]
        if distance < firstByLast.count {
            ended = (0...max(distance, 0)).map { cumulative + $0 }.filter { firstByLast[$0] != nil }
        } else {
            ended = firstByLast.keys.filter { !$0.isNewer(than: chunk.cumulative) }
        }
        for last in ended {
            guard let first = firstByLast.removeValue(forKey: last) else { continue }
            runs[first] = nil
            for offset in 0...max(last.distance(from: first), 0) {
                if let part = fragments.removeValue(forKey: first + offset) { bufferedBytes -= Self.cost(of: part) }
            }
        }
        for skip in chunk.skips {
            var stream = streams[skip.stream, default: Stream()]
            let skipped = skip.sequence.distance(from: stream.next)
            guard skipped >= 0 else { continue }
            streams[skip.stream] = nil
            // Whichever is less work: the numbers passed over, or the messages that wait.
            let passed =
                skipped < stream.waiting.count
                ? (0...skipped).map { StreamSequenceNumber(stream.next.rawValue &+ UInt16(truncatingIfNeeded: $0)) }
                : stream.waiting.keys.filter { $0.distance(from: skip.sequence) <= 0 }
                    .sorted { $0.distance(from: $1) < 0 }
            for sequence in passed {
                guard let message = stream.waiting.removeValue(forKey: sequence) else { continue }
                bufferedBytes -= message.cost
                messages.append(message)
            }
            stream.next = skip.sequence.next
            streams[skip.stream] = stream
            release(skip.stream, into: &messages)
        }
    }

    /// Begins streams anew (RFC 6525 §5.2.2); all of them when none is named.
    mutating func reset(_ identifiers: [StreamIdentifier]) -> [StreamIdentifier] {
        let identifiers = identifiers.isEmpty ? streams.keys.sorted() : identifiers
        for identifier in identifiers {
            guard let stream = streams.removeValue(forKey: identifier) else { continue }
            for message in stream.waiting.values { bufferedBytes -= message.cost }
        }
        return identifiers
    }
}
