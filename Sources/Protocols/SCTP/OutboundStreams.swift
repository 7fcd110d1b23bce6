internal import ProtocolCore

/// Messages that wait to be sent, by stream, and whose turn it is.
///
/// The parts of a message have successive numbers (no interleaving, RFC 8260), so one message is finished before the next
/// begins. Then the streams with the highest priority go first, in turn.
struct OutboundStreams: Sendable {
    private struct Stream {
        var messages = FIFO<OutboundMessage>()
        var next = StreamSequenceNumber(0)
        var waitingBytes = 0
    }

    private var streams: [StreamIdentifier: Stream] = [:]
    /// Streams with something to send, by the priority of their first message; each is in one of them, once.
    private var ready = [FIFO<StreamIdentifier>](repeating: FIFO(), count: MessagePriority.allCases.count)
    /// The stream whose first message is partly sent.
    private var current: StreamIdentifier?
    private(set) var waitingBytes = 0

    var isEmpty: Bool { current == nil && ready.allSatisfy(\.isEmpty) }

    func waitingBytes(of stream: StreamIdentifier) -> Int {
        streams[stream]?.waitingBytes ?? 0
    }

    func isIdle(_ stream: StreamIdentifier) -> Bool {
        streams[stream]?.messages.isEmpty ?? true
    }

    mutating func append(_ message: OutboundMessage) {
        let wasEmpty = isIdle(message.stream)
        streams[message.stream, default: Stream()].messages.append(message)
        streams[message.stream, default: Stream()].waitingBytes += message.bytes.count
        waitingBytes += message.bytes.count
        if wasEmpty { ready[Int(message.priority.rawValue)].append(message.stream) }
    }

    /// The message that goes next; those that came too late are passed over, as is one that is partly sent, which its
    /// caller has to give up then (see `expiredPart`).
    mutating func nextMessage(at now: Instant, abandoned: inout Int) -> OutboundMessage? {
        while true {
            guard let stream = nextStream(), let message = streams[stream]?.messages.first else { return nil }
            if message.sentCount > 0 || !message.isExpired(at: now) { return message }
            drop(stream)
            abandoned += 1
        }
    }

    /// Marks the next `count` bytes of the next message as sent and gives their chunk.
    mutating func take(_ count: Int, at now: Instant) -> SentChunk? {
        guard let identifier = nextStream(), var message = streams[identifier]?.messages.first else { return nil }
        if message.sentCount == 0 {
            leaveReady(identifier)
            current = identifier
            if message.isOrdered {
                message.sequence = streams[identifier]?.next ?? message.sequence
                streams[identifier]?.next = message.sequence.next
            }
        }
        let range = message.sentCount..<min(message.sentCount + count, message.bytes.count)
        var flags: DataChunk.Flags = message.isOrdered ? [] : [.unordered]
        if range.lowerBound == 0 { flags.insert(.beginning) }
        if range.upperBound == message.bytes.count { flags.insert(.end) }
        message.sentCount = range.upperBound
        streams[identifier]?.messages[0].sentCount = range.upperBound
        streams[identifier]?.messages[0].sequence = message.sequence
        streams[identifier]?.waitingBytes -= range.count
        waitingBytes -= range.count
        if flags.contains(.end) { finish(identifier) }
        return SentChunk(flags: flags, message: message, range: range, sentAt: now)
    }

    /// Gives up the rest of a message that is partly sent; gives an empty last part in its place, or nil when the message
    /// is not here any more.
    mutating func abandonRest(of number: UInt64, at now: Instant) -> SentChunk? {
        guard
            let identifier = current, let message = streams[identifier]?.messages.first, message.number == number
        else { return nil }
        let rest = message.bytes.count - message.sentCount
        streams[identifier]?.waitingBytes -= rest
        waitingBytes -= rest
        finish(identifier)
        return SentChunk(
            state: .abandoned, flags: message.isOrdered ? [.end] : [.end, .unordered], message: message,
            range: message.bytes.count..<message.bytes.count, sentAt: now)
    }

    /// Begins streams anew, which are idle.
    mutating func reset(_ identifiers: [StreamIdentifier]) {
        for identifier in identifiers {
            streams[identifier]?.next = StreamSequenceNumber(0)
        }
    }

    /// Drops all messages of streams from `limit` on; gives their number.
    mutating func removeStreams(from limit: UInt16) -> Int {
        var count = 0
        for (identifier, stream) in streams where identifier.rawValue >= limit {
            count += stream.messages.count
            waitingBytes -= stream.waitingBytes
            streams[identifier] = nil
        }
        guard count > 0 else { return 0 }
        for level in ready.indices {
            var kept = FIFO<StreamIdentifier>()
            while let identifier = ready[level].popFirst() {
                if identifier.rawValue < limit { kept.append(identifier) }
            }
            ready[level] = kept
        }
        return count
    }

    mutating func removeAll() {
        self = OutboundStreams()
    }

    private func nextStream() -> StreamIdentifier? {
        if let current { return current }
        for queue in ready.reversed() where !queue.isEmpty {
            return queue.first
        }
        return nil
    }

    private mutating func leaveReady(_ identifier: StreamIdentifier) {
        for level in ready.indices.reversed() where ready[level].first == identifier {
            _ = ready[level].popFirst()
            return
        }
    }

    /// The first message of a stream is done with.
    private mutating func finish(_ identifier: StreamIdentifier) {
        current = nil
        _ = streams[identifier]?.messages.popFirst()
        if let following = streams[identifier]?.messages.first {
            ready[Int(following.priority.rawValue)].append(identifier)
        }
    }

    /// The first message of a stream, of which nothing was sent, is not sent at all.
    private mutating func drop(_ identifier: StreamIdentifier) {
        let count = streams[identifier]?.messages.first?.bytes.count ?? 0
        streams[identifier]?.waitingBytes -= count
        waitingBytes -= count
        leaveReady(identifier)
        finish(identifier)
    }
}
