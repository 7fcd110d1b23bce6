internal import PayloadFormats
internal import ProtocolCore
internal import RTP
internal import Reception

/// Checks every byte of the synthetic pictures that come in one slot.
struct VideoSlotCheck {
    /// Room for keyframes at 1080p with some disorder; hundreds of subscribers have up to 25 of these each.
    private static let limits = VideoFrameAssembler.Limits(packets: 256, bytes: 1 << 20)

    private var assembler = VideoFrameAssembler(limits: VideoSlotCheck.limits)
    private var ledger = SequenceLedger()
    private var last: (source: SourceMark, number: UInt32)?
    private var tally = MediaTally()
    /// Pictures taken before are not counted.
    private var countsFrom: Instant?

    /// Whether a picture has come since the beginning.
    private(set) var hasStarted = false

    mutating func insert(
        sequence: SequenceNumber, timestamp: RTPTimestamp, marker: Bool, isRecovered: Bool, payload: RawSpan,
        arrival: Instant
    ) {
        ledger.record(sequence)
        if countsFrom != nil {
            tally.videoPackets += 1
            tally.bytes += payload.byteCount
            if isRecovered { tally.recoveredPackets += 1 }
        }
        assembler.insert(
            sequence: sequence, timestamp: timestamp, marker: marker, payload: payload, arrival: arrival)
        takePictures(now: arrival)
    }

    /// Whether to ask for a keyframe; to be called now and then while nothing comes.
    mutating func wantsKeyframe(now: Instant) -> Bool {
        takePictures(now: now)
        return assembler.wantsKeyframe(now: now)
    }

    /// Counts packets from now on, and pictures taken from `begin` on.
    mutating func startCounting(at begin: Instant) {
        countsFrom = begin
        tally = MediaTally()
        ledger.startOver()
        last = nil
    }

    var result: MediaTally {
        var tally = tally
        tally.lostPackets = ledger.lost
        return tally
    }

    private mutating func takePictures(now: Instant) {
        while let unit = assembler.next(now: now) { check(unit) }
    }

    private mutating func check(_ unit: VideoAccessUnit) {
        hasStarted = true
        guard let stamp = SyntheticH264Stamp.read(accessUnit: unit.annexB.span.bytes) else {
            if countsFrom != nil { tally.corruptedFrames += 1 }
            return
        }
        let source = SourceMark(of: stamp.capturedAt)
        defer { last = (source, stamp.number) }
        guard let countsFrom, stamp.capturedAt >= countsFrom else { return }
        tally.videoFrames += 1
        if let last, last.source == source, stamp.number > last.number {
            tally.missingFrames += Int(stamp.number - last.number) - 1
        }
        tally.firstPacketLatency.record(unit.firstArrival - stamp.capturedAt)
        tally.frameLatency.record(unit.lastArrival - stamp.capturedAt)
    }
}
