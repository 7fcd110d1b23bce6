internal import MediaVocabulary
internal import PayloadFormats
public import ProtocolCore

/// Who gets which layer, and which layers nobody needs.
extension Conference {
    /// How often the layers of a receiver are chosen anew, unless something changes.
    static let allocationInterval: Duration = .milliseconds(200)
    /// How often it is looked whose turn it is.
    static let allocationRound: Duration = .milliseconds(50)
    /// Receivers handled in one poll, so that it stays short in a large call.
    static let allocationsPerPoll = 24
    /// What an audio slot takes from the link, in bits per second: Opus with its redundancy and headers.
    static let audioShare = 48_000
    /// The link is probed for so much of what a receiver does not get yet: a rise needs headroom, and a link of which only
    /// the bare rate is known would never be given it.
    static let unmetDemand = LayerAllocator.headroom + 0.05
    /// A link that carries less than so many times what it is used for may soon not carry it …
    static let nearLimit = 2.5
    /// … and neither may one on which a picture fell so lately.
    static let fallMemory: Duration = .seconds(60)
    /// How much more than now a publisher is asked to send for a slot that fell so lately.
    static let riseAfterFall = 1.65
    /// A report with nothing but other rates goes out so seldom.
    static let rateReportInterval: Duration = .seconds(2)

    /// Says how much a member's link carries, in bits per second; nil while that is unknown.
    /// - Parameters:
    ///   - lossShare: Which part of what it is sent is lost, 0...1.
    ///   - isCongested: Whether a queue or loss says that the link is full.
    ///   - shown: What a probe has shown the link to carry, in bits per second, and when.
    public mutating func setBudget(
        _ budget: Int?, lossShare: Double = 0, isCongested: Bool = true, shown: (rate: Int, at: Instant)? = nil,
        for index: Int32
    ) {
        guard let member = member(index) else { return }
        member.pointee.lossShare = lossShare
        member.pointee.isCongested = isCongested
        if shown?.at != member.pointee.shown?.at {
            member.pointee.shown = shown
            member.pointee.allocationIsDue = true
            someAllocationIsDue = true
        }
        let before = member.pointee.budget
        member.pointee.budget = budget
        guard let before, let budget, abs(budget - before) * 20 < before else {
            guard before != budget else { return }
            member.pointee.allocationIsDue = true
            someAllocationIsDue = true
            return
        }
    }

    /// Says how busy the server is: at 1 everybody gets one layer less, at 2 the smallest, and at 3 only a few slots of each
    /// receiver show anything.
    public mutating func setLoad(_ level: Int) {
        guard level != load else { return }
        load = level
        allocationIsDue = true
    }

    /// For how much a member's link is to be probed, in bits per second: what would be sent if it carried anything, and
    /// what a rise needs to spare.
    public func neededRate(of index: Int32) -> Int {
        member(index)?.pointee.needed ?? 0
    }

    /// What a member gets as it was last reported; nil before anything was decided.
    public func allocation(of index: Int32) -> AllocationReport? {
        member(index)?.pointee.lastAllocationReport
    }

    mutating func allocateIfDue(now: Instant) {
        guard allocationIsDue || someAllocationIsDue || now >= nextAllocationRound else { return }
        someAllocationIsDue = false
        nextAllocationRound = now + Conference.allocationRound
        if allocationIsDue {
            allocationIsDue = false
            for case let member? in members { member.pointee.allocationIsDue = true }
        }
        var handled = 0
        for case let member? in members {
            let isOverdue = member.pointee.lastAllocation.map { now - $0 >= Conference.allocationInterval } ?? true
            guard isOverdue || member.pointee.allocationIsDue else { continue }
            member.pointee.lastAllocation = now
            member.pointee.allocationIsDue = false
            allocate(for: member, now: now)
            updateDemand(of: member, now: now)
            handled += 1
            guard handled < Conference.allocationsPerPoll else {
                // The others at the next poll.
                nextAllocationRound = now
                return
            }
        }
    }

    private mutating func allocate(for member: UnsafeMutablePointer<Member>, now: Instant) {
        var positions: [Int] = []
        var candidates: [SlotCandidate] = []
        var audio = 0
        for position in 0..<member.pointee.slotCount {
            let slot = member.pointee.slots + position
            guard let source = slot.pointee.source else { continue }
            if slot.pointee.kind == .audio {
                audio += Conference.audioShare
                continue
            }
            guard let track = self.member(source.member)?.pointee.track(source.source), track.pointee.isPublished
            else { continue }
            positions.append(position)
            var candidate = track.pointee.candidate(
                for: member.pointee.requests[position], kind: slot.pointee.kind,
                memory: member.pointee.allocations[position].flatMap { $0.source == source ? $0 : nil }, now: now)
            endCaution(of: &candidate, at: position, of: member, now: now)
            candidates.append(candidate)
        }
        member.pointee.steadyBudget.update(
            member.pointee.budget, used: member.pointee.used, isCongested: member.pointee.isCongested, now: now)
        let budget = member.pointee.steadyBudget.value.map { max($0 - audio, 0) }
        let decisions = LayerAllocator.allocate(candidates, budget: budget, load: load, now: now)
        var report = AllocationReport(budget: member.pointee.budget, needed: audio, slots: [])
        var demand = audio
        share(member.pointee.budget.map { $0 - audio }, among: positions, candidates, decisions, of: member, now: now)
        for (index, position) in positions.enumerated() {
            let candidate = candidates[index]
            if let wished = candidate.options.indices.contains(candidate.wish) ? candidate.options[candidate.wish] : nil
            {
                // A track that has not begun needs as much as its like, so that its link is known when it begins.
                let rate =
                    wished.rate > 0 ? max(wished.rate, candidate.fullRate) : Int(PublishedTrack.referenceRate)
                report.needed += rate
                let isMet = decisions[index].option.map { $0 >= candidate.wish } ?? false && rate == wished.rate
                demand += isMet ? rate : Int(Double(rate) * Conference.unmetDemand)
            }
            if let part = apply(decisions[index], candidate, to: position, of: member, now: now) {
                report.slots.append(part)
            }
        }
        member.pointee.needed = demand
        member.pointee.used = audio + report.slots.reduce(0) { $0 + $1.bitrate }
        publish(report, to: member, now: now)
    }

    /// Notes what each slot could have if nothing else changed: what was decided for it, and its part of what is left, or
    /// of what is missing. It is the budget of this moment that counts: a publisher that sends less soon enough saves its
    /// receivers a fall.
    private func share(
        _ budget: Int?, among positions: [Int], _ candidates: [SlotCandidate], _ decisions: [LayerAllocator.Decision],
        of member: UnsafeMutablePointer<Member>, now: Instant
    ) {
        let rates = candidates.indices.map { index in
            decisions[index].option.map { candidates[index].options[$0].rate } ?? 0
        }
        let wanting = candidates.indices.count { candidates[$0].fullRate > rates[$0] }
        let left = budget.map { ($0 - rates.reduce(0, +)) / max(wanting, 1) }
        for (index, position) in positions.enumerated() {
            let candidate = candidates[index]
            // What the server itself or the publisher holds back says nothing of the link.
            let isHeldBack = decisions[index].reason == .serverBusy || candidate.options.isEmpty
            // Next to other traffic a probe shows more than the link has for us: who fell lately rises step by step.
            let fell = member.pointee.allocations[position]?.lastFall.map { now - $0 < Conference.fallMemory } ?? false
            let most = fell && rates[index] > 0 ? Int(Double(rates[index]) * Conference.riseAfterFall) : .max
            member.pointee.slots[position].linkShare =
                isHeldBack
                ? nil
                : SlotShare(
                    layer: candidate.options[candidate.wish].layer,
                    rate: left.map { min(max($0 + rates[index], 0), most) })
        }
    }

    /// Lets a slot rise again that fell, if its link has shown since then that it carries the next option, too.
    private func endCaution(
        of candidate: inout SlotCandidate, at position: Int, of member: UnsafeMutablePointer<Member>, now: Instant
    ) {
        if member.pointee.isCongested { member.pointee.allocations[position]?.noteCongestion(now: now) }
        guard candidate.cautiousUntil != nil, let present = candidate.present,
            candidate.options.indices.contains(present + 1)
        else { return }
        member.pointee.allocations[position]?.endCaution(next: candidate.options[present + 1].rate)
        if let shown = member.pointee.shown {
            let next = Int(Double(candidate.options[present + 1].rate) * LayerAllocator.headroom)
            member.pointee.allocations[position]?.endCaution(
                shown: shown.rate, at: shown.at, needed: member.pointee.used - candidate.options[present].rate + next,
                now: now)
        }
        candidate.cautiousUntil = member.pointee.allocations[position]?.cautiousUntil
    }

    /// Carries a decision out and remembers it.
    private func apply(
        _ decision: LayerAllocator.Decision, _ candidate: SlotCandidate, to position: Int,
        of member: UnsafeMutablePointer<Member>, now: Instant
    ) -> SlotAllocation? {
        let slot = member.pointee.slots + position
        guard let source = slot.pointee.source, let track = self.member(source.member)?.pointee.track(source.source)
        else { return nil }
        let option = decision.option.map { candidate.options[$0] }
        slot.pointee.warmLayers = 0
        if member.pointee.allocations[position]?.source != source {
            member.pointee.allocations[position] = AllocationMemory(source: source, now: now)
        }
        member.pointee.allocations[position]?.note(
            option, fell: isShown(candidate, in: slot) && candidate.present.map { $0 > decision.option ?? -1 } ?? false,
            reason: decision.reason, now: now)
        var part = SlotAllocation(
            mid: slot.pointee.mid, source: source, rid: nil, size: nil, bitrate: option?.rate ?? 0, temporal: nil,
            reason: decision.reason)
        guard let option, let layer = track.pointee.layer(option.layer) else {
            // Of a track that has not begun nothing is known: its first keyframe is taken, whichever layer it is on.
            let isPaused = decision.reason == .paused || decision.reason == .serverBusy
            slot.pointee.aim(at: isPaused ? nil : 0, temporal: .max, entry: isPaused ? 0 : 0xff)
            track.pointee.updateInterest(of: slot)
            return part
        }
        var entry = UInt8(1) << option.layer
        if !layer.pointee.isLive(now: now) {
            // Before any layer flows, the first keyframe of a smaller one begins the picture.
            let fallback = track.pointee.liveLayer(below: option, of: candidate, now: now).map { [$0] }
            for other in fallback ?? candidate.options.prefix(while: { $0 != option }).map(\.layer) {
                entry |= 1 << other
            }
        }
        let wasPaused = slot.pointee.target == nil
        let interest = slot.pointee.layersOfInterest
        slot.pointee.aim(at: option.layer, temporal: option.temporal, entry: entry)
        slot.pointee.warmLayers = warmLayers(below: option, candidate, at: position, of: member, now: now)
        if slot.pointee.layersOfInterest != interest { track.pointee.updateInterest(of: slot) }
        let mustSwitch = slot.pointee.phase == .active && slot.pointee.layer != option.layer
        if member.pointee.takesVideo, mustSwitch || slot.pointee.phase == .waiting || wasPaused {
            layer.pointee.keyframes.want()
        }
        part.rid = layer.pointee.rid
        part.size = layer.pointee.size
        part.temporal = option.temporal == .max ? nil : option.temporal
        return part
    }

    /// The next smaller layer, as long as it may soon be needed: to wait for a publisher that has paused it would cost a
    /// receiver whose link falls half a second without a picture.
    private func warmLayers(
        below option: LayerOption, _ candidate: SlotCandidate, at position: Int,
        of member: UnsafeMutablePointer<Member>,
        now: Instant
    ) -> UInt8 {
        guard let below = candidate.options.prefix(while: { $0 != option }).last(where: { $0.layer != option.layer })
        else { return 0 }
        let isNearLimit = member.pointee.budget.map { Double($0) < Double(member.pointee.used) * Conference.nearLimit }
        let fell = member.pointee.allocations[position]?.lastFall.map { now - $0 < Conference.fallMemory }
        return isNearLimit ?? false || fell ?? false ? 1 << below.layer : 0
    }

    /// Whether a slot shows what was decided for it last time: what was never seen cannot be taken away.
    private func isShown(_ candidate: SlotCandidate, in slot: UnsafeMutablePointer<Slot>) -> Bool {
        guard slot.pointee.phase == .active, let present = candidate.present else { return false }
        return candidate.options[present].layer == slot.pointee.layer
    }

    private mutating func publish(
        _ report: AllocationReport, to member: UnsafeMutablePointer<Member>, now: Instant
    ) {
        let last = member.pointee.lastAllocationReport
        guard !report.slots.isEmpty || !(last?.slots.isEmpty ?? true) else { return }
        let isNews = last.map { !$0.isSameDecision(as: report) } ?? true
        let isOld = member.pointee.lastAllocationReportAt.map { now - $0 >= Conference.rateReportInterval } ?? true
        guard isNews || (isOld && last.map { !$0.hasSimilarRates(to: report) } ?? true) else { return }
        member.pointee.lastAllocationReport = report
        member.pointee.lastAllocationReportAt = now
        events.append(.allocation(member.pointee.index, report))
    }

    /// Tells a publisher which of its layers somebody watches, when that changes.
    private mutating func updateDemand(of member: UnsafeMutablePointer<Member>, now: Instant) {
        for source in [MediaSource.camera, .screen] {
            let track = member.pointee.track(source)
            guard track.pointee.isPublished else { continue }
            if track.pointee.updateDemand(now: now) {
                events.append(
                    .layers(TrackReference(member: member.pointee.index, source: source), track.pointee.demands))
            }
        }
    }
}

extension AllocationReport {
    /// Rates that differ by this part are no news.
    private static let noticeableChange = 0.1

    /// Whether the rates differ so little that nobody need be told; of reports with the same decisions.
    fileprivate func hasSimilarRates(to other: AllocationReport) -> Bool {
        func isSimilar(_ one: Int, _ two: Int) -> Bool {
            Double(abs(one - two)) <= Double(max(one, two)) * Self.noticeableChange
        }
        return (budget == nil) == (other.budget == nil) && isSimilar(budget ?? 0, other.budget ?? 0)
            && isSimilar(needed, other.needed)
            && zip(slots, other.slots).allSatisfy { isSimilar($0.bitrate, $1.bitrate) }
    }

    /// Whether the same layers are sent for the same reasons, whatever the rates.
    fileprivate func isSameDecision(as other: AllocationReport) -> Bool {
        slots.count == other.slots.count
            && zip(slots, other.slots).allSatisfy {
                $0.mid == $1.mid && $0.source == $1.source && $0.rid == $1.rid && $0.reason == $1.reason
                    && $0.temporal == $1.temporal && $0.size == $1.size
            }
    }
}
