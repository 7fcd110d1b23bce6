internal import ProtocolCore

/// What was decided for a slot last time, and what follows from it.
struct AllocationMemory {
    let source: TrackReference
    private(set) var option: LayerOption?
    /// Not before then does it rise.
    private(set) var cautiousUntil: Instant?

    init(source: TrackReference) {
        self.source = source
    }

    mutating func note(_ option: LayerOption?, fell: Bool, reason: AllocationReason, now: Instant) {
        self.option = option
        guard fell else { return }
        switch reason {
        case .bandwidth, .priority, .paused: cautiousUntil = now + LayerAllocator.cautionTime
        case .best, .viewSize, .caution, .notSent: break
        }
    }
}
