internal import MediaVocabulary
internal import ProtocolCore

/// One way to send a track to a receiver.
struct LayerOption: Equatable {
    var layer: UInt8
    /// The highest temporal layer that is sent; `UInt8.max` for all.
    var temporal: UInt8
    /// Bits per second.
    var rate: Int
}

/// A slot that wants a part of what its receiver's link carries.
struct SlotCandidate {
    /// Who comes first: screens, then larger views.
    var importance: Int
    /// From the smallest to the best.
    var options: [LayerOption]
    /// The best option of any use, and why a better one is of none.
    var wish: Int
    var limit: AllocationReason
    /// What the best option of any use would take if its publisher were not asked for less, in bits per second.
    var fullRate = 0
    /// What was decided last time; nil for nothing.
    var present: Int?
    /// Not before then may it get more than at present.
    var cautiousUntil: Instant?
    /// It is sent even when the smallest option exceeds what is left, but not beyond this multiple of it.
    var overdraw = 1.0
}

/// Divides what a receiver's link carries among its slots.
///
/// First nobody is paused, then everybody of the highest importance gets as much as is of use, level by level, then the
/// next. A slot that fell is held back for ten seconds (LiveKit and Jitsi hold back 5 to 10), or until its link has shown
/// to carry more. As the whole is divided anew each time, what somebody no longer needs is given back before anything is taken from others.
enum LayerAllocator {
    /// How long after a fall a slot does not rise, unless its link shows that it carries more.
    static let cautionTime: Duration = .seconds(10)
    /// To rise an option must fit with this much to spare, so that small changes of the rate do not undo it.
    static let headroom = 1.1
    /// What is shown already may exceed what is left by this part of it: an estimate wavers by more, and the pacer lets as
    /// much through. A link that is really too narrow soon says so more clearly.
    static let tolerance = 0.1

    /// Slots of each receiver that go on when the server is so busy that it gives up others: the screen and who is looked
    /// at most.
    static let slotsWhenBusy = 4

    struct Decision: Equatable {
        /// Nil: paused.
        var option: Int?
        var reason: AllocationReason
    }

    /// - Parameters:
    ///   - budget: Bits per second for all slots together; nil when the link is unknown, so every wish is granted.
    ///   - load: How busy the server is, 0...3.
    static func allocate(_ wished: [SlotCandidate], budget: Int?, load: Int = 0, now: Instant) -> [Decision] {
        let order = wished.indices.sorted { (-wished[$0].importance, $0) < (-wished[$1].importance, $1) }
        let candidates = load > 0 ? relieve(wished, order: order, load: load) : wished
        guard let budget else {
            return candidates.map { Decision(option: $0.options.isEmpty ? nil : $0.wish, reason: $0.limit) }
        }
        var chosen = [Int?](repeating: nil, count: candidates.count)
        var left = budget
        for index in order {
            guard let smallest = candidates[index].options.first else { continue }
            let overdraw = max(candidates[index].overdraw, candidates[index].present == nil ? 1 : 1 + tolerance)
            guard Double(smallest.rate) <= Double(max(left, 0)) * overdraw else { continue }
            chosen[index] = 0
            left -= smallest.rate
        }
        var first = order.startIndex
        while first < order.endIndex {
            let importance = candidates[order[first]].importance
            let end = order[first...].firstIndex { candidates[$0].importance != importance } ?? order.endIndex
            raise(order[first..<end].map(\.self), candidates, &chosen, &left, now: now)
            first = end
        }
        return candidates.indices.map { index in
            Decision(option: chosen[index], reason: reason(index, candidates, chosen, left: left, now: now))
        }
    }

    /// What is left of the wishes while the server is busy. A screen stays as it is: a smaller one cannot be read, and it is
    /// one for all.
    private static func relieve(_ wished: [SlotCandidate], order: [Int], load: Int) -> [SlotCandidate] {
        var candidates = wished
        for (position, index) in order.enumerated() where !candidates[index].options.isEmpty {
            if load >= 3, position >= slotsWhenBusy {
                candidates[index].options = []
                candidates[index].limit = .serverBusy
                candidates[index].present = nil
                continue
            }
            guard candidates[index].importance != .max else { continue }
            let layers = candidates[index].options.map(\.layer)
            let best = candidates[index].options[candidates[index].wish].layer
            let ceiling =
                load >= 2
                ? layers.lastIndex(of: layers[0]) ?? 0 : layers.lastIndex { $0 != best } ?? candidates[index].wish
            guard ceiling < candidates[index].wish else { continue }
            candidates[index].wish = ceiling
            candidates[index].limit = .serverBusy
        }
        return candidates
    }

    /// Raises equals by one level at a time, so that none gets far ahead.
    private static func raise(
        _ equals: [Int], _ candidates: [SlotCandidate], _ chosen: inout [Int?], _ left: inout Int, now: Instant
    ) {
        var hasRaised = true
        while hasRaised {
            hasRaised = false
            for index in equals {
                guard let level = chosen[index], level < ceiling(candidates[index], now: now) else { continue }
                guard rise(to: level + 1, candidates[index]) <= left else { continue }
                chosen[index] = level + 1
                left -= candidates[index].options[level + 1].rate - candidates[index].options[level].rate
                hasRaised = true
            }
        }
    }

    /// What must be left to raise a slot by one level.
    private static func rise(to level: Int, _ candidate: SlotCandidate) -> Int {
        let next = candidate.options[level].rate
        let isNew = level > candidate.present ?? -1
        let spare = Int(Double(next) * (isNew ? headroom - 1 : -tolerance))
        return next - candidate.options[level - 1].rate + spare
    }

    private static func isCautious(_ candidate: SlotCandidate, now: Instant) -> Bool {
        candidate.cautiousUntil.map { now < $0 } ?? false
    }

    private static func ceiling(_ candidate: SlotCandidate, now: Instant) -> Int {
        isCautious(candidate, now: now) ? min(candidate.wish, candidate.present ?? 0) : candidate.wish
    }

    private static func reason(
        _ index: Int, _ candidates: [SlotCandidate], _ chosen: [Int?], left: Int, now: Instant
    ) -> AllocationReason {
        let candidate = candidates[index]
        guard let level = chosen[index] else { return candidate.options.isEmpty ? candidate.limit : .paused }
        if level >= candidate.wish { return candidate.limit }
        if isCautious(candidate, now: now), rise(to: level + 1, candidate) <= left { return .caution }
        let isBehind = candidates.indices.contains { other in
            candidates[other].importance > candidate.importance && (chosen[other] ?? 0) > 0
        }
        return isBehind ? .priority : .bandwidth
    }
}
