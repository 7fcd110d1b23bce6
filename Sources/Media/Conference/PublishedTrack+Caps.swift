internal import PayloadFormats
internal import ProtocolCore

/// How much a publisher is asked to spend on each layer.
extension PublishedTrack {
    /// What a layer takes from a receiver's link, in bits per second; 0 when nothing is known of it.
    func rate(of index: Int, _ size: PictureSize, now: Instant) -> Int {
        let layer = layers + index
        let measured = layer.pointee.meter.rate(upTo: .max)
        guard let cap = layer.pointee.cap.value else { return measured > 0 ? measured : guessedRate(size) }
        // An encoder that flows above its limit has not heard of it yet, or does not care.
        let isDisobeyed = layer.pointee.isLive(now: now) && Double(measured) > Double(cap) * LayerCap.obedience
        let isLess = layer.pointee.meter.isSettled && measured < cap
        return isDisobeyed || isLess ? measured : cap
    }

    /// What a layer would take if it were not limited, in bits per second.
    func fullRate(of index: Int, _ size: PictureSize) -> Int {
        let layer = layers + index
        if layer.pointee.cap.value == nil, layer.pointee.meter.rate(upTo: .max) > 0 {
            return layer.pointee.meter.rate(upTo: .max)
        }
        return layer.pointee.fullRate ?? guessedRate(size)
    }

    /// Works out what the receivers of each layer can use. Returns whether the publisher has to be told.
    mutating func updateCaps(now: Instant) -> Bool {
        guard isSimulcast else { return false }
        let sizes = (0..<layerCount).map { size(of: $0) }
        let ascending = (0..<layerCount).sorted { (sizes[$0].area, $0) < (sizes[$1].area, $1) }
        var isNews = false
        var below = rate(of: ascending[0], sizes[ascending[0]], now: now)
        for (rank, index) in ascending.enumerated().dropFirst() {
            let layer = layers + index
            let full = fullRate(of: index, sizes[index])
            layer.pointee.fullRate = full
            let usable = usableRate(of: rank, ascending)
            if layer.pointee.cap.update(usable: usable, full: full, below: below, now: now) {
                layer.pointee.meter.expectChange()
                isNews = true
            }
            below = rate(of: index, sizes[index], now: now)
        }
        return isNews
    }

    /// What the best of those who want a layer or a better one could use of it, in bits per second; nil when a link is
    /// unknown, or when nobody wants it.
    private func usableRate(of rank: Int, _ ascending: [Int]) -> Int? {
        var best: Int?
        for index in 0..<subscriptionCount {
            let subscription = subscriptions[index]
            guard subscription.member.pointee.takesVideo, let share = subscription.slot.pointee.linkShare,
                let wished = ascending.firstIndex(of: Int(share.layer)), wished >= rank
            else { continue }
            guard let rate = share.rate else { return nil }
            best = max(best ?? 0, Int(Double(rate) / LayerAllocator.headroom))
        }
        return best
    }
}
