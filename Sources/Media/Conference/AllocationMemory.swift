internal import ProtocolCore

/// What was decided for a slot last time, and what follows from it.
struct AllocationMemory {
    /// In the first time of a source in its slot the link is still being learnt, and a fall is no reason for caution.
    static let learningTime: Duration = .seconds(3)

    let source: TrackReference
    private let begin: Instant
    private(set) var option: LayerOption?
    /// Not before then does it rise.
    private(set) var cautiousUntil: Instant?

    init(source: TrackReference, now: Instant) {
        self.source = source
        begin = now
    }

    mutating func note(_ option: LayerOption?, fell: Bool, reason: AllocationReason, now: Instant) {
        self.option = option
        guard fell, now - begin >= AllocationMemory.learningTime else { return }
        switch reason {
        case .bandwidth, .priority, .paused: cautiousUntil = now + LayerAllocator.cautionTime
        case .best, .viewSize, .caution, .notSent: break
        }
    }
}
