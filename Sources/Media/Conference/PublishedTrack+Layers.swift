internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore

/// Which layers a track has to offer, and which of them anybody wants.
extension PublishedTrack {
    /// A picture this much smaller than the view still fills it well enough.
    private static let viewTolerance = 0.85
    /// A 720p stream of a camera, from which the rates of other sizes are guessed until they are measured.
    static let referenceRate = 1_700_000.0
    private static let referenceArea = 1280.0 * 720
    /// A share may exceed what is left to its receiver: it is mostly still, and matters most.
    private static let screenOverdraw = 3.0
    /// A camera without anything smaller to fall back to may exceed it a little.
    private static let soleOverdraw = 1.4

    /// What a slot may get of this track, and what would be of use to it.
    func candidate(
        for request: VideoRequest?, kind: SlotDescription.Kind, memory: AllocationMemory?, now: Instant
    ) -> SlotCandidate {
        let sizes = (0..<layerCount).map { size(of: $0) }
        let ascending = (0..<layerCount).sorted { (sizes[$0].area, $0) < (sizes[$1].area, $1) }
        let isShort = link.isShort(now: now)
        let isDoubtful = link.isDoubtful(now: now)
        let useful = ascending.firstIndex { covers(sizes[$0], request) } ?? ascending.count - 1
        var options: [LayerOption] = []
        var best = -1
        for (rank, index) in ascending.enumerated() {
            let layer = layers + index
            guard layer.pointee.isAvailable(now: now), !isDoubtful || !isLeftOut(index, now: now) else { continue }
            let number = UInt8(truncatingIfNeeded: index)
            let rate = rate(of: index, sizes[index], now: now)
            // Fewer pictures are better than none: below the smallest layer there are its temporal layers.
            if options.isEmpty, layer.pointee.meter.highestTemporal > 0 {
                for temporal in 0..<layer.pointee.meter.highestTemporal {
                    options.append(
                        LayerOption(
                            layer: number, temporal: temporal, rate: layer.pointee.meter.rate(upTo: temporal)))
                }
            }
            // Between two sizes lies the larger one with half of its pictures.
            if let below = options.last, rank <= useful, layer.pointee.isLive(now: now),
                let half = layer.pointee.halfOption(number), half.rate > below.rate * 5 / 4, half.rate < rate * 9 / 10
            {
                options.append(half)
            }
            options.append(LayerOption(layer: number, temporal: .max, rate: rate))
            if rank <= useful { best = rank }
            if rank >= useful { break }
        }
        let limit: AllocationReason =
            best < useful
            ? (isShort ? .publisherBandwidth : .notSent) : useful < ascending.count - 1 ? .viewSize : .best
        var candidate = SlotCandidate(
            importance: importance(of: request, kind: kind), options: options, wish: max(options.count - 1, 0),
            limit: limit)
        if let memory, let option = memory.option {
            candidate.present = options.firstIndex { $0.layer == option.layer && $0.temporal == option.temporal }
        }
        if let wished = options.last { candidate.fullRate = fullRate(of: Int(wished.layer), sizes[Int(wished.layer)]) }
        candidate.cautiousUntil = memory?.cautiousUntil
        candidate.overdraw =
            kind == .screen ? PublishedTrack.screenOverdraw : options.count == 1 ? PublishedTrack.soleOverdraw : 1
        return candidate
    }

    /// Whether the pictures of one layer are larger than those of another.
    func isLarger(_ layer: UInt8, than other: UInt8) -> Bool {
        guard layer != other, Int(layer) < layerCount, Int(other) < layerCount else { return false }
        return size(of: Int(layer)).area > size(of: Int(other)).area
    }

    /// Whether a layer does not come although a smaller one does.
    private func isLeftOut(_ index: Int, now: Instant) -> Bool {
        guard layers[index].isSilent(for: PublisherLink.silence, now: now) else { return false }
        let area = size(of: index).area
        return (0..<layerCount).contains {
            $0 != index && size(of: $0).area < area && !layers[$0].isSilent(for: PublisherLink.silence, now: now)
        }
    }

    /// Screens first, then views by size; views of about the same size are equals.
    private func importance(of request: VideoRequest?, kind: SlotDescription.Kind) -> Int {
        if kind == .screen { return .max }
        guard let request, request.width > 0, request.height > 0 else { return 0 }
        let area = min(request.width, 1 << 14) * min(request.height, 1 << 14)
        return Int.bitWidth - area.leadingZeroBitCount
    }

    private func covers(_ size: PictureSize, _ request: VideoRequest?) -> Bool {
        guard let request, request.width > 0, request.height > 0 else { return false }
        let fill = min(
            Double(request.width) / Double(max(size.width, 1)), Double(request.height) / Double(max(size.height, 1)))
        return fill * PublishedTrack.viewTolerance <= 1
    }

    /// The measured size, or a guess: a plain track is 720p, and each layer has twice the width of the one before.
    func size(of index: Int) -> PictureSize {
        if let size = layers[index].size { return size }
        for other in 0..<layerCount {
            guard let known = layers[other].size else { continue }
            let shift = index - other
            return shift >= 0
                ? PictureSize(width: known.width << shift, height: known.height << shift)
                : PictureSize(width: known.width >> -shift, height: known.height >> -shift)
        }
        let shift = layerCount - 1 - index
        return PictureSize(width: 1280 >> shift, height: 720 >> shift)
    }

    /// What a size takes of which nothing was measured yet, in bits per second.
    func guessedRate(_ size: PictureSize) -> Int {
        // Nothing is known of a plain track before it begins, and holding it back for a guess helps nobody.
        guard isSimulcast else { return 0 }
        return Int(PublishedTrack.referenceRate * Double(size.area) / PublishedTrack.referenceArea)
    }

    /// The best layer that flows, of those below `option`: what a slot may show until that comes.
    func liveLayer(below option: LayerOption, of candidate: SlotCandidate, now: Instant) -> UInt8? {
        candidate.options.prefix { $0 != option }.last { layers[Int($0.layer)].isLive(now: now) }?.layer
    }

    var demands: [LayerDemand] {
        (0..<layerCount).map {
            LayerDemand(rid: layers[$0].rid, isWanted: !layers[$0].isPaused, maximumBitrate: layers[$0].cap.value)
        }
    }

    /// The publisher switches the source on, and begins with all layers.
    mutating func forgetDemand() {
        for index in 0..<layerCount { layers[index].forgetDemand() }
    }

    /// What a publisher whose link is short is asked for: all that is smaller, and as long as it leaves the wanted layer out
    /// that one too, so that it comes back by itself. Once it is back, what is left out below it tells of no short link.
    private mutating func addSmaller(than wanted: inout UInt8, now: Instant) {
        guard wanted != 0 else { return }
        var largest = 0
        for index in 0..<layerCount where wanted & (1 << index) != 0 { largest = max(largest, size(of: index).area) }
        for index in 0..<layerCount {
            let area = size(of: index).area
            if area >= largest, isLeftOut(index, now: now) {
                link.noteLeftOut(now: now)
                wanted |= 1 << index
            }
            if area < largest { wanted |= 1 << index }
        }
    }

    /// Notes which layers are wanted now. Returns whether the publisher has to be told.
    mutating func updateDemand(now: Instant) -> Bool {
        var wanted: UInt8 = 0
        for index in 0..<subscriptionCount where !subscriptions[index].member.pointee.isOnHold {
            wanted |= subscriptions[index].layers | subscriptions[index].slot.pointee.warmLayers
        }
        var isNews = false
        for index in 0..<layerCount where wanted & (1 << index) != 0 {
            // It flowed a moment ago: what stops it is mostly the publisher's link.
            let layer = layers + index
            if isSimulcast, layer.pointee.isLive(now: now), layer.pointee.isSilent(for: PublisherLink.silence, now: now)
            {
                link.noteStop(now: now)
            }
        }
        if link.isDoubtful(now: now) { addSmaller(than: &wanted, now: now) }
        if updateCaps(now: now) { isNews = true }
        for index in 0..<layerCount {
            let layer = layers + index
            layer.pointee.meter.poll(now: now)
            layer.pointee.noteWanted(wanted & (1 << index) != 0, now: now)
            let isIdle = layer.pointee.isIdle(now: now)
            guard isIdle != layer.pointee.isPaused else { continue }
            layer.pointee.isPaused = isIdle
            isNews = true
        }
        return isNews
    }
}
