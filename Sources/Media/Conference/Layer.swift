internal import PayloadFormats
internal import ProtocolCore

/// One of the streams that carry a track at different sizes (simulcast, RFC 8853); a plain track has a single one.
struct Layer: ~Copyable {
    /// A layer that is asked for and does not come within this time is taken for one that the publisher cannot send.
    static let patience: Duration = .seconds(3)
    /// So long it is not asked for again.
    static let retryInterval: Duration = .seconds(10)
    /// Without a packet for so long a layer has stopped.
    static let silence: Duration = .milliseconds(1500)
    /// So long nobody must have wanted a layer until the publisher is asked to pause it.
    static let pauseDelay: Duration = .seconds(5)

    /// Nil for a track that is not simulcast.
    var rid: Rid?
    var keyframes = KeyframeBudget()
    var clock: LayerClock?
    var meter = RateMeter()
    /// What its publisher is asked to spend on it at most.
    var cap = LayerCap()
    /// Its rate when that was not limited, in bits per second; nil while unknown.
    var fullRate: Int?
    /// In pixels, known from the parameter sets of its keyframes.
    var size: PictureSize?
    var lastPacket: Instant?
    private(set) var history: PacketHistory?
    var parameterSets = ParameterSetStore()
    /// What of them came with the picture that arrives.
    var inBand = PictureSets()
    /// Since when somebody wants it, and when somebody last did (or the track was switched on).
    private var wantedSince: Instant?
    private var lastWanted: Instant?
    /// The publisher could not send it; not before then is it asked for again.
    private var givenUpUntil: Instant?
    /// What the publisher was told last.
    var isPaused = false

    init(rid: Rid?) {
        self.rid = rid
    }

    func isLive(now: Instant) -> Bool {
        guard let lastPacket else { return false }
        return now - lastPacket < Layer.silence
    }

    /// Whether nothing has come for so long.
    func isSilent(for duration: Duration, now: Instant) -> Bool {
        lastPacket.map { now - $0 >= duration } ?? true
    }

    /// Whether it flows, or may be expected to once it is asked for.
    func isAvailable(now: Instant) -> Bool {
        if isLive(now: now) { return true }
        return givenUpUntil.map { now >= $0 } ?? true
    }

    /// Whether nobody has wanted it for long.
    func isIdle(now: Instant) -> Bool {
        lastWanted.map { now - $0 >= Layer.pauseDelay } ?? false
    }

    /// All but the highest temporal layer: half of the pictures. Nil without temporal layers.
    func halfOption(_ number: UInt8) -> LayerOption? {
        let highest = meter.highestTemporal
        guard highest > 0 else { return nil }
        return LayerOption(layer: number, temporal: highest - 1, rate: meter.rate(upTo: highest - 1))
    }

    mutating func forgetDemand() {
        wantedSince = nil
        lastWanted = nil
        givenUpUntil = nil
        isPaused = false
        cap.forget()
    }

    mutating func noteWanted(_ isWanted: Bool, now: Instant) {
        if isWanted || lastWanted == nil { lastWanted = now }
        guard isWanted else {
            wantedSince = nil
            return
        }
        let since = wantedSince ?? now
        wantedSince = since
        if isLive(now: now) {
            givenUpUntil = nil
        } else if now - max(since, lastPacket ?? since) >= Layer.patience, isAvailable(now: now) {
            givenUpUntil = now + Layer.retryInterval
        }
    }

    /// Keeps a video packet for retransmission. Returns where its payload lies from now on; nil when it is there already: a
    /// duplicate is not forwarded.
    @inline(__always)
    mutating func store(
        _ details: PacketDetails, payload: UnsafeRawPointer, length: Int, now: Instant, buffers: inout PacketBuffers
    ) -> UnsafeRawPointer? {
        if history == nil { history = PacketHistory() }
        guard history?.entry(details.sequence) == nil else { return nil }
        let kept = history?.store(details, payload: payload, length: length, now: now, from: &buffers)
        meter.add(length, temporal: details.temporal)
        lastPacket = now
        return kept
    }

    @inline(__always)
    func stored(_ sequence: UInt16) -> PacketHistory.Entry? {
        history?.entry(sequence)
    }

    /// The publisher began a new RTP stream: nothing of the old one fits any more. Its parameter sets may: an encoder that
    /// sends them once does not do so again because its SSRC has changed, and others replace them.
    mutating func restart(buffers: inout PacketBuffers) {
        history?.release(to: &buffers)
        history = nil
        clock = nil
        size = nil
        lastPacket = nil
        meter = RateMeter()
        inBand = PictureSets()
    }
}

extension PictureSize {
    var area: Int { width * height }
}
