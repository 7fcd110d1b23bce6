internal import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// Gathers reactions, so that the applause of hundreds costs a few messages.
///
/// The first reaction goes out at once, what follows in the next report. Of one participant a report has the newest
/// reaction alone, and no report has more than its limit: of more, the oldest are not told.
struct ReactionThrottle: Sendable {
    private let interval: Duration
    private let limit: Int
    private var lastPassed: Instant?
    private var waiting: OrderedDictionary<ParticipantID, Reaction> = [:]
    /// Whether a reaction has given way since ``takeOverflow()``.
    private var hasOverflowed = false

    init(interval: Duration, limit: Int) {
        self.interval = interval
        self.limit = limit
    }

    /// When what waits may go out; nil when nothing waits.
    var deadline: Instant? {
        guard !waiting.isEmpty, let lastPassed else { return nil }
        return lastPassed + interval
    }

    /// Takes a reaction in and gives back what listeners must be told now; empty when they must wait.
    mutating func offer(_ reaction: Reaction, of participant: ParticipantID, now: Instant) -> [ParticipantReaction] {
        waiting.removeValue(forKey: participant)
        waiting[participant] = reaction
        if waiting.count > limit {
            waiting.removeFirst()
            hasOverflowed = true
        }
        return poll(now: now)
    }

    /// Whether a reaction has given way since the last time; then it is forgotten.
    mutating func takeOverflow() -> Bool {
        defer { hasOverflowed = false }
        return hasOverflowed
    }

    /// Gives back what waits once its time has come.
    mutating func poll(now: Instant) -> [ParticipantReaction] {
        guard !waiting.isEmpty else { return [] }
        if let lastPassed, now < lastPassed + interval { return [] }
        defer { waiting.removeAll() }
        lastPassed = now
        return waiting.map { ParticipantReaction(participant: $0.key, reaction: $0.value) }
    }
}
