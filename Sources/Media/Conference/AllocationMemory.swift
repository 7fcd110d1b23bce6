internal import MediaVocabulary
internal import ProtocolCore

/// What was decided for a slot last time, and what follows from it.
struct AllocationMemory {
    /// In the first time of a source in its slot the link is still being learnt, and a fall is no reason for caution.
    static let learningTime: Duration = .seconds(3)

    /// A probe at a time after a fall within these bounds shows that it was a false alarm. Later ones are not believed, and
    /// none after a second fall: next to other traffic a probe shows more than the link has for us.
    static let falseAlarmBounds: ClosedRange<Duration> = .milliseconds(500)...(.milliseconds(2000))
    /// A link that is still full so long after a fall was really too narrow.
    static let confirmsFallAfter: Duration = .milliseconds(300)
    /// What takes less than this part of what did not fit is something else: the publisher spends less on it by now.
    static let lighterShare = 0.7
    /// A fall is forgotten when it did not fall again for so long.
    static let forgetsFallsAfter: Duration = .seconds(60)

    let source: TrackReference
    private let begin: Instant
    private(set) var option: LayerOption?
    /// Not before then does it rise.
    private(set) var cautiousUntil: Instant?
    private(set) var lastFall: Instant?
    /// What it took when it fell, in bits per second.
    private var rateAtFall = 0
    /// How often it fell lately.
    private var falls = 0
    /// The link was still full after the latest fall.
    private var isConfirmed = false

    init(source: TrackReference, now: Instant) {
        self.source = source
        begin = now
    }

    mutating func note(_ option: LayerOption?, fell: Bool, reason: AllocationReason, now: Instant) {
        let former = self.option
        self.option = option
        guard fell, now - begin >= AllocationMemory.learningTime else { return }
        switch reason {
        case .bandwidth, .priority, .paused:
            if let lastFall, now - lastFall >= AllocationMemory.forgetsFallsAfter { falls = 0 }
            falls += 1
            lastFall = now
            rateAtFall = former?.rate ?? 0
            isConfirmed = false
            cautiousUntil = now + LayerAllocator.cautionTime
        case .best, .viewSize, .caution, .notSent, .publisherBandwidth, .serverBusy: break
        }
    }

    /// A queue or loss says that the link is full: if that outlasts the fall, it was no false alarm.
    mutating func noteCongestion(now: Instant) {
        guard let lastFall, now - lastFall >= AllocationMemory.confirmsFallAfter else { return }
        isConfirmed = true
    }

    /// Caution ends early when the next option takes much less than what did not fit. Who falls again all the same has
    /// other traffic beside it.
    mutating func endCaution(next rate: Int) {
        if falls == 1, Double(rate) < Double(rateAtFall) * AllocationMemory.lighterShare { cautiousUntil = nil }
    }

    /// Whether caution ends early: the link was shown to carry a rise after the fall, by a probe at least.
    mutating func endCaution(shown: Int, at instant: Instant, needed: Int, now: Instant) {
        guard cautiousUntil != nil, let lastFall, falls == 1, !isConfirmed, shown >= needed else { return }
        let wait = AllocationMemory.falseAlarmBounds
        guard instant > lastFall, instant - lastFall <= wait.upperBound else { return }
        if now - lastFall >= wait.lowerBound { cautiousUntil = nil }
    }
}
