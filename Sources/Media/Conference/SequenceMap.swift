/// What is added to the numbers inside a source's packets, so that they go on in the slot.
struct StreamShift: Equatable {
    var timestamp: UInt32 = 0
    var pictureID: UInt16 = 0
    var tl0PictureIndex: UInt8 = 0

    @inline(__always)
    func apply(to numbers: VP8Numbers?) -> VP8Numbers? {
        numbers.map {
            VP8Numbers(
                pictureID: ($0.pictureID &+ pictureID) & 0x7fff,
                tl0PictureIndex: $0.tl0PictureIndex &+ tl0PictureIndex)
        }
    }
}

/// Which numbers of a source's layer became which of a slot, so that late packets and NACKs find their way.
///
/// Numbers are kept as runs: a run ends where a layer is switched, or where packets are left out (a temporal layer that
/// the receiver does not get). The oldest run is forgotten first. Fixed size, no allocation.
struct SequenceMap {
    /// Runs remembered: two seconds of every second picture at 30 frames a second left out.
    static let capacity = 32

    private struct Run {
        /// The first source number, and the number after the last one.
        var start: UInt16 = 0
        var end: UInt16 = 0
        /// What is added to a source number to make it the slot's.
        var offset: UInt16 = 0
        var layer: UInt8 = 0
        /// The run is one packet that the source has not sent, put in before its packet `start`.
        var isInserted = false
        var shift = StreamShift()
    }

    /// Where a packet of the slot came from.
    struct Origin: Equatable {
        var layer: UInt8
        var sequence: UInt16
        var shift: StreamShift
        /// The packet is of ours, put in before that of the source.
        var isInserted = false
    }

    private var runs = InlineArray<32, Run>(repeating: Run())
    private var count = 0
    /// Position of the newest run in the ring.
    private var newest = 0

    /// Begins with a new layer or source: its number `source` becomes `out`.
    mutating func begin(layer: UInt8, source: UInt16, out: UInt16, shift: StreamShift) {
        append(
            Run(start: source, end: source, offset: out &- source, layer: layer, shift: shift))
    }

    /// Forgets everything: what the numbers stood for is gone.
    mutating func removeAll() {
        count = 0
    }

    private mutating func append(_ run: Run) {
        newest = count == 0 ? 0 : (newest + 1) % SequenceMap.capacity
        runs[newest] = run
        count = min(count + 1, SequenceMap.capacity)
    }

    /// The slot's number for a packet of the present layer; nil when it was left out, or is older than the run of the
    /// switch. A number newer than all others extends the present run.
    @inline(__always)
    mutating func map(_ source: UInt16) -> UInt16? {
        guard count > 0 else { return nil }
        let ahead = Int16(bitPattern: source &- runs[newest].end)
        if ahead >= 0 {
            runs[newest].end = source &+ 1
            // Moves along, or half a turn of the numbers later every packet would look older than the run.
            if Int16(bitPattern: source &- runs[newest].start) > 0x4000 { runs[newest].start = source &- 0x2000 }
            return source &+ runs[newest].offset
        }
        if Int16(bitPattern: source &- runs[newest].start) >= 0 { return source &+ runs[newest].offset }
        return lookUp(source)
    }

    /// Leaves a packet out: those after it move up by one. Late ones are just not mapped.
    mutating func leaveOut(_ source: UInt16) {
        guard count > 0, Int16(bitPattern: source &- runs[newest].end) >= 0 else { return }
        var next = runs[newest]
        let isEmpty = next.start == source
        next.start = source &+ 1
        next.end = source &+ 1
        next.offset &-= 1
        if isEmpty {
            runs[newest] = next
        } else {
            // Numbers between the last packet and this one are not known to be left out: the receiver may ask for them.
            runs[newest].end = source
            append(next)
        }
    }

    /// Puts a packet of ours before the source's next one, which must be newer than all others; returns its number.
    mutating func insert(before source: UInt16) -> UInt16? {
        guard count > 0, Int16(bitPattern: source &- runs[newest].end) >= 0 else { return nil }
        var next = runs[newest]
        var inserted = next
        inserted.start = source
        inserted.end = source &+ 1
        inserted.isInserted = true
        next.start = source
        next.end = source
        next.offset &+= 1
        if runs[newest].start == source {
            runs[newest] = inserted
        } else {
            runs[newest].end = source
            append(inserted)
        }
        append(next)
        return source &+ inserted.offset
    }

    @inline(never)
    private func lookUp(_ source: UInt16) -> UInt16? {
        let layer = runs[newest].layer
        for age in 1..<max(count, 1) {
            let run = runs[(newest + SequenceMap.capacity - age) % SequenceMap.capacity]
            guard run.layer == layer else { return nil }
            if run.isInserted { continue }
            if Int16(bitPattern: source &- run.start) >= 0 {
                return Int16(bitPattern: source &- run.end) < 0 ? source &+ run.offset : nil
            }
        }
        return nil
    }

    /// The layer and source number behind a number of the slot; nil when it was not sent, or too long ago.
    func origin(of out: UInt16) -> Origin? {
        for age in 0..<count {
            let run = runs[(newest + SequenceMap.capacity - age) % SequenceMap.capacity]
            let source = out &- run.offset
            if Int16(bitPattern: source &- run.start) >= 0, Int16(bitPattern: source &- run.end) < 0 {
                return Origin(layer: run.layer, sequence: source, shift: run.shift, isInserted: run.isInserted)
            }
        }
        return nil
    }
}
