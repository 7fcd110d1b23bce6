internal import ProtocolCore

/// Checks every byte of the synthetic sound that comes in one slot.
struct AudioSlotCheck {
    private var ledger = SequenceLedger()
    private var tally = MediaTally()
    private var isCounting = false

    mutating func insert(sequence: SequenceNumber, payload: RawSpan, arrival: Instant) {
        ledger.record(sequence)
        guard isCounting else { return }
        tally.audioPackets += 1
        tally.bytes += payload.byteCount
        guard let audio = SyntheticAudio(checking: payload) else {
            tally.corruptedFrames += 1
            return
        }
        tally.audioLatency.record(arrival - audio.capturedAt)
    }

    /// Counts from now on.
    mutating func startCounting() {
        isCounting = true
        tally = MediaTally()
        ledger.startOver()
    }

    var result: MediaTally {
        var tally = tally
        tally.lostPackets = ledger.lost
        return tally
    }
}
