import NIOCore

/// Until when a connection may go on as it does. A value: it is told what happens and says when to look again.
///
/// Each time is absolute or a rate. Input alone renews none of them, or a byte every few seconds would hold a connection
/// for ever.
struct ConnectionDeadlines {
    enum Phase: Equatable {
        /// The TLS handshake and the head of the first request.
        case firstHead
        /// Nothing is asked. The first byte of another head ends it.
        case idle
        /// The head of a later request has begun.
        case head
        /// The body of a request is coming, and it has not been answered.
        case body
        /// A request is answered: this side's time.
        case answering
        /// A request has been answered before all of its body came.
        case leftover
        /// The last answer has been written.
        case lingering
        /// The connection speaks something else, which sees to its own deadlines.
        case other
    }

    private let limits: HTTPLimits
    private(set) var phase = Phase.firstHead
    private var since: NIODeadline
    /// Bytes of the body so far, or of what is thrown away.
    private var received = 0
    /// Bytes of answers that have not left for the network.
    private var unsent = 0
    private var sendBy: NIODeadline?

    init(limits: HTTPLimits, now: NIODeadline) {
        self.limits = limits
        since = now
    }

    mutating func enter(_ next: Phase, now: NIODeadline) {
        guard next != phase else { return }
        phase = next
        since = now
        received = 0
        if next == .other { sendBy = nil }
    }

    mutating func read(_ bytes: Int, now: NIODeadline) {
        if phase == .idle { enter(.head, now: now) }
        received += bytes
    }

    /// Whether enough was read of what is thrown away.
    var hasDiscardedEnough: Bool {
        (phase == .leftover || phase == .lingering) && received >= limits.discardedBytes
    }

    mutating func queued(_ bytes: Int, now: NIODeadline) {
        guard phase != .other else { return }
        let share = Self.time(for: bytes, rate: limits.answerRate)
        sendBy = (unsent == 0 ? now + TimeAmount(limits.answerTimeout) : sendBy ?? now) + share
        unsent += bytes
    }

    mutating func sent(_ bytes: Int) {
        unsent = max(unsent - bytes, 0)
        if unsent == 0 { sendBy = nil }
    }

    /// When the connection is to be ended; nil for never. It only moves when something happens.
    var deadline: NIODeadline? {
        [readBy, sendBy].compactMap { $0 }.min()
    }

    /// The limit that has been hit at that time.
    func expired(now: NIODeadline) -> LimitName? {
        if let sendBy, now >= sendBy { return .answerTime }
        guard let readBy, now >= readBy else { return nil }
        switch phase {
        case .firstHead, .head: return .headTime
        case .idle: return .idleTime
        case .body: return .bodyTime
        case .leftover: return .leftoverTime
        case .lingering: return .lingerTime
        case .answering, .other: return nil
        }
    }

    private var readBy: NIODeadline? {
        switch phase {
        case .firstHead, .head: since + TimeAmount(limits.headTimeout)
        case .idle: since + TimeAmount(limits.idleTimeout)
        case .body: since + TimeAmount(limits.bodyTimeout) + Self.time(for: received, rate: limits.bodyRate)
        case .leftover: since + TimeAmount(limits.leftoverTimeout)
        case .lingering: since + TimeAmount(limits.lingerTimeout)
        case .answering, .other: nil
        }
    }

    private static func time(for bytes: Int, rate: Int) -> TimeAmount {
        .milliseconds(Int64(bytes) * 1000 / Int64(max(rate, 1)))
    }
}
