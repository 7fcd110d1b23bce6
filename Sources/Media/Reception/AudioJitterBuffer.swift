internal import PayloadFormats
public import ProtocolCore
public import RTP

/// Puts the packets of one Opus stream in order and gives them out at an even pace, with as little delay as the network
/// lets it have.
///
/// Packets go in as they come. The player calls `pull(now:)` whenever less than 20 ms of decoded audio is left, and does
/// what the action says. The buffer waits for late packets as long as 95 in 100 of them need; see `DelayHistogram`. When
/// the delay is off this target by more than a frame, one frame is left out or made up, instead of changing the speed of
/// the sound; lost and silent frames are used for it first.
///
/// A gap is filled from a redundant payload (RFC 2198) if there was one, then from in-band forward error correction, and
/// else by concealment. A stream that begins anew, with other timestamps, is followed.
public struct AudioJitterBuffer: Sendable {
    /// Ticks of the RTP timestamp per second; Opus always has 48000 (RFC 7587 §4.1).
    public static let clockRate = 48_000
    /// The audio that is made up at a time.
    public static let step: Duration = .milliseconds(20)
    /// After so much made-up audio in a row there is only silence, and the next packet begins the stream anew.
    public static let concealmentLimit: Duration = .milliseconds(500)
    /// The most packets that wait, 5 s of 20 ms each; when more come, all are thrown away.
    public static let capacity = 250
    /// The longest payload that is taken, well above what 120 ms of Opus can need.
    public static let maximumPayload = 8192

    /// What was received and played. `currentDelay` is as of the last pull.
    public internal(set) var statistics = AudioReceptionStatistics()

    /// One packet that waits. Its position is its timestamp without wraps, in ticks.
    struct Entry {
        var position: Int64
        var ticks: Int64
        /// nil for a copy from a redundant payload.
        var sequence: SequenceNumber?
        var payload: [UInt8]

        var end: Int64 { position + ticks }
        var isSilence: Bool { payload.count <= 2 }
    }

    /// In order of their positions; none before `playout`.
    var entries: [Entry] = []
    /// The position to be played next; nil before the stream begins to play.
    var playout: Int64?
    /// When the first packet has waited long enough; set while `playout` is nil.
    var startsAt: Instant?
    /// The sequence number of the packet played last, if it was no copy.
    var lastPlayed: SequenceNumber?
    /// Whether the packet played last said that the sender is silent.
    var isSilent = false
    /// What was played without a packet since the last one, while none waited: the stream may have gone on meanwhile.
    var heldTicks: Int64 = 0
    /// Whether the last action made something up.
    var isConcealing = false
    var lastAdjustment: Instant?

    var histogram = DelayHistogram()
    var fastest = TransitMinimum()
    /// The packets that came last, by their positions.
    private var recent = RecentPositions()
    var history = SequenceHistory()
    private var newest: (timestamp: RTPTimestamp, position: Int64)?
    private var lastTransit: Duration?

    public init() {
        statistics.targetDelay = histogram.target
    }

    /// The audio that waits from the next position on, gaps included.
    public var bufferedDuration: Duration {
        guard let last = entries.last else { return .zero }
        return AudioJitterBuffer.duration(ticks: last.end - (playout ?? entries.first?.position ?? last.end))
    }

    /// Puts in a packet with an Opus payload.
    public mutating func insert(
        sequence: SequenceNumber, timestamp: RTPTimestamp, payload: RawSpan, arrival: Instant
    ) {
        guard let ticks = accept(sequence, payload) else { return }
        let position = place(timestamp, at: arrival)
        noteArrival(position, at: arrival)
        if history.isMissing(sequence + -1), OpusPacket.hasForwardErrorCorrection(payload) {
            noteRepair(position - ticks, at: arrival)
        }
        store(
            Entry(position: position, ticks: ticks, sequence: sequence, payload: payload.withUnsafeBytes { Array($0) }),
            arrival: arrival)
    }

    /// Puts in a packet with a redundant payload (RFC 2198) whose blocks are Opus. Copies of packets that are here or
    /// have been played are ignored.
    public mutating func insertRedundant(
        sequence: SequenceNumber, timestamp: RTPTimestamp, payload: RawSpan, arrival: Instant
    ) {
        guard let blocks = try? RedundantAudio.blocks(in: payload), let primary = blocks.last else {
            statistics.packetsReceived += 1
            statistics.packetsDiscarded += 1
            return
        }
        guard let ticks = accept(sequence, payload.extracting(primary.range)) else { return }
        let position = place(timestamp, at: arrival)
        noteArrival(position, at: arrival)
        for block in blocks.dropLast() {
            let copy = payload.extracting(block.range)
            guard block.timestampOffset > 0, let ticks = AudioJitterBuffer.ticks(of: copy) else { continue }
            let original = position - Int64(block.timestampOffset)
            noteRepair(original, at: arrival)
            storeCopy(
                Entry(position: original, ticks: ticks, sequence: nil, payload: copy.withUnsafeBytes { Array($0) }))
        }
        let bytes = payload.extracting(primary.range).withUnsafeBytes { Array($0) }
        store(Entry(position: position, ticks: ticks, sequence: sequence, payload: bytes), arrival: arrival)
    }

    /// What repairs a lost packet comes later than that would have, and is of use only if the buffer waits for it: so it
    /// counts as the packet's arrival.
    private mutating func noteRepair(_ position: Int64, at arrival: Instant) {
        guard !recent.contains(position), let minimum = fastest.value else { return }
        recent.insert(position)
        histogram.record(transit(of: position, at: arrival) - minimum, at: arrival)
    }

    private func transit(of position: Int64, at arrival: Instant) -> Duration {
        .nanoseconds(arrival.nanoseconds) - AudioJitterBuffer.duration(ticks: position)
    }

    /// Counts the packet; nil if nothing can be done with it.
    private mutating func accept(_ sequence: SequenceNumber, _ payload: RawSpan) -> Int64? {
        statistics.packetsReceived += 1
        guard let ticks = AudioJitterBuffer.ticks(of: payload) else {
            statistics.packetsDiscarded += 1
            return nil
        }
        switch history.note(sequence) {
        case .new:
            return ticks
        case .duplicate:
            statistics.packetsDuplicated += 1
            return nil
        case .restart:
            restart()
            return ticks
        }
    }

    /// The position of a timestamp. A large step, or a packet after a long time without any, begins the stream anew.
    private mutating func place(_ timestamp: RTPTimestamp, at arrival: Instant) -> Int64 {
        if AudioJitterBuffer.duration(ticks: heldTicks) >= AudioJitterBuffer.concealmentLimit { restart() }
        guard let newest else {
            self.newest = (timestamp, 0)
            return 0
        }
        let step = Int64(timestamp.distance(from: newest.timestamp))
        let position = newest.position + step
        if abs(step) > 10 * Int64(AudioJitterBuffer.clockRate) { restart() }
        if step > 0 || playout == nil && entries.isEmpty { self.newest = (timestamp, position) }
        return position
    }

    /// Forgets what waits and where the stream was; what is known of the network's delay stays.
    private mutating func restart() {
        statistics.packetsDiscarded += entries.count
        entries.removeAll(keepingCapacity: true)
        playout = nil
        startsAt = nil
        lastPlayed = nil
        lastTransit = nil
        heldTicks = 0
        fastest.removeAll()
        recent = RecentPositions()
    }

    private mutating func noteArrival(_ position: Int64, at arrival: Instant) {
        let transit = transit(of: position, at: arrival)
        recent.insert(position)
        fastest.record(transit, at: arrival)
        if let minimum = fastest.value { histogram.record(transit - minimum, at: arrival) }
        statistics.targetDelay = histogram.target
        if let lastTransit {
            let difference = transit > lastTransit ? transit - lastTransit : lastTransit - transit
            statistics.jitter += (difference - statistics.jitter) / 16
        }
        lastTransit = transit
    }

    private mutating func store(_ entry: Entry, arrival: Instant) {
        if let playout, entry.end <= playout {
            statistics.packetsLate += 1
            return
        }
        var entry = entry
        if let index = entries.firstIndex(where: { $0.position == entry.position }) {
            // A copy from a redundant payload came before it.
            entry.payload = entries[index].payload
            entries[index] = entry
            return
        }
        if entries.count >= AudioJitterBuffer.capacity { restart() }
        if playout == nil, startsAt == nil { startsAt = arrival + histogram.target }
        add(entry)
    }

    private mutating func storeCopy(_ entry: Entry) {
        // Before the stream plays, a copy would only make it begin earlier than its first packet.
        guard playout != nil || !entries.isEmpty, entry.end > playout ?? entries[0].position,
            entries.count < AudioJitterBuffer.capacity,
            !entries.contains(where: { $0.position < entry.end && entry.position < $0.end })
        else { return }
        statistics.packetsFromRedundancy += 1
        add(entry)
    }

    private mutating func add(_ entry: Entry) {
        let index = entries.lastIndex { $0.position < entry.position }.map { $0 + 1 } ?? 0
        entries.insert(entry, at: index)
    }

    /// The length of an Opus payload; nil for one that we do not take.
    private static func ticks(of payload: RawSpan) -> Int64? {
        guard payload.byteCount <= maximumPayload, let packet = try? OpusPacket(parsing: payload) else { return nil }
        return ticks(packet.duration)
    }

    static func ticks(_ duration: Duration) -> Int64 {
        duration.nanoseconds * Int64(clockRate) / 1_000_000_000
    }

    static func duration(ticks: Int64) -> Duration {
        .nanoseconds(ticks * 1_000_000 / (Int64(clockRate) / 1000))
    }
}
