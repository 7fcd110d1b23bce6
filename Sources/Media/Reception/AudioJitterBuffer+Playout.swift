internal import PayloadFormats
public import ProtocolCore

/// What is played, and when the delay is brought to its target.
extension AudioJitterBuffer {
    /// How far the delay may be above its target before a frame is left out, and below it before one is made up: so far
    /// that one correction does not ask for the opposite one.
    static let tolerance: Duration = .milliseconds(20)
    /// The shortest time between two corrections, so that speech stays whole in between.
    static let adjustmentInterval: Duration = .milliseconds(100)
    /// So far above its target the delay is corrected at once, frame after frame.
    static let urgentExcess: Duration = .milliseconds(200)

    /// What to play next. Call it whenever less than 20 ms of decoded audio is left, and play as long as the action
    /// says before calling again.
    public mutating func pull(now: Instant) -> AudioPlayoutAction {
        guard let start = playout ?? begin(now: now) else { return silence(AudioJitterBuffer.step) }
        playout = start
        skipHeld()
        let delay = currentDelay(now: now)
        statistics.currentDelay = delay
        if let lead = adjust(delay: delay, now: now) { return lead }
        return playNext(delay: delay, now: now)
    }

    private mutating func begin(now: Instant) -> Int64? {
        guard let startsAt, now >= startsAt, let first = entries.first else { return nil }
        self.startsAt = nil
        heldTicks = 0
        return first.position
    }

    /// If a packet came after a time without any, and it is not the one waited for: what was played instead counts.
    private mutating func skipHeld() {
        guard heldTicks > 0, let playout, let first = entries.first else { return }
        if first.position > playout { self.playout = min(first.position, playout + heldTicks) }
        heldTicks = 0
    }

    /// How long after the fastest packets' arrival the position is played.
    private func currentDelay(now: Instant) -> Duration {
        guard let playout, let minimum = fastest.value else { return .zero }
        return .nanoseconds(now.nanoseconds) - AudioJitterBuffer.duration(ticks: playout) - minimum
    }

    /// Leaves out what can be left out when the delay is too long; gives something made up when it is too short.
    private mutating func adjust(delay: Duration, now: Instant) -> AudioPlayoutAction? {
        let target = histogram.target
        let isRecent = lastAdjustment.map { now - $0 < AudioJitterBuffer.adjustmentInterval } ?? false
        if delay < target - AudioJitterBuffer.tolerance, !isRecent, !entries.isEmpty {
            lastAdjustment = now
            statistics.inserted += AudioJitterBuffer.step
            return isSilent ? silence(AudioJitterBuffer.step) : conceal(AudioJitterBuffer.step)
        }
        var excess = delay - target - AudioJitterBuffer.tolerance
        var mayDrop = !isRecent
        while excess > .zero, mayDrop || excess > AudioJitterBuffer.urgentExcess, let dropped = dropFrame() {
            lastAdjustment = now
            statistics.removed += dropped
            excess -= dropped
            mayDrop = false
        }
        return nil
    }

    /// Leaves out the frame, or the gap, at the position; nil when too little waits behind it.
    private mutating func dropFrame() -> Duration? {
        guard let position = playout, let first = entries.first else { return nil }
        let step = AudioJitterBuffer.ticks(AudioJitterBuffer.step)
        if first.position > position {
            playout = min(first.position, position + step)
        } else {
            guard entries.count > 1 else { return nil }
            playout = first.end
            lastPlayed = first.sequence
            isSilent = first.isSilence
            entries.removeFirst()
        }
        return AudioJitterBuffer.duration(ticks: (playout ?? position) - position)
    }

    private mutating func playNext(delay: Duration, now: Instant) -> AudioPlayoutAction {
        let step = AudioJitterBuffer.ticks(AudioJitterBuffer.step)
        guard let position = playout, let first = entries.first else {
            heldTicks += step
            let isOver = AudioJitterBuffer.duration(ticks: heldTicks) > AudioJitterBuffer.concealmentLimit
            return isSilent || isOver ? silence(AudioJitterBuffer.step) : conceal(AudioJitterBuffer.step)
        }
        let gap = first.position - position
        guard gap > 0 else {
            entries.removeFirst()
            playout = first.end
            lastPlayed = first.sequence
            isSilent = first.isSilence
            isConcealing = false
            return .decode(payload: first.payload, duration: AudioJitterBuffer.duration(ticks: first.ticks))
        }
        let isContinuous = lastPlayed.map { last in first.sequence.map { $0 == last + 1 } ?? false } ?? false
        let canCorrect =
            gap <= first.ticks && first.sequence != nil
            && OpusPacket.hasForwardErrorCorrection(first.payload.span.bytes)
        if !isSilent, !isContinuous, canCorrect {
            playout = first.position
            // The copy stands for the packet before, which has been dealt with now.
            lastPlayed = first.sequence.map { $0 + -1 }
            isConcealing = false
            statistics.packetsFromForwardErrorCorrection += 1
            return .decodeForwardErrorCorrection(
                next: first.payload, duration: AudioJitterBuffer.duration(ticks: gap))
        }
        let length = min(gap, step)
        playout = position + length
        let duration = AudioJitterBuffer.duration(ticks: length)
        // Without a missing number in between, the sender has not sent anything for this time.
        return isSilent || isContinuous ? silence(duration) : conceal(duration)
    }

    private mutating func conceal(_ duration: Duration) -> AudioPlayoutAction {
        if !isConcealing { statistics.concealmentEvents += 1 }
        isConcealing = true
        statistics.concealed += duration
        return .conceal(duration: duration)
    }

    private mutating func silence(_ duration: Duration) -> AudioPlayoutAction {
        statistics.silence += duration
        return .silence(duration: duration)
    }
}
