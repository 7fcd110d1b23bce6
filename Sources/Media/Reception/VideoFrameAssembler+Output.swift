internal import PayloadFormats
public import ProtocolCore
internal import RTP

/// What comes out: whole access units, and where to go on after a loss.
extension VideoFrameAssembler {
    /// The next access unit; nil when it is not whole, or only a keyframe will help. Call it until it gives nil, after
    /// each packet and when time has gone by without one.
    public mutating func next(now: Instant) -> VideoAccessUnit? {
        updateBlocking(now: now)
        while true {
            var range = needsKeyframe ? nil : nextAccessUnit
            if range == nil, needsKeyframe || hasGivenUp {
                guard goToKeyframe() else { return nil }
                range = nextAccessUnit
            }
            guard let range else {
                updateBlocking(now: now)
                return nil
            }
            blockedSince = nil
            hasGivenUp = false
            guard let unit = assemble(range) else { continue }
            statistics.framesAssembled += 1
            if unit.isKeyframe { statistics.keyframesAssembled += 1 }
            freezes.noteFrame(at: now)
            statistics.freezeCount = freezes.freezeCount
            statistics.totalFreezesDuration = freezes.totalFreezesDuration
            return unit
        }
    }

    /// Notes since when packets have been waiting behind a gap, and gives up the gap when that is too long.
    mutating func updateBlocking(now: Instant) {
        guard let first = nextNumber, !needsKeyframe, !hasGivenUp else { return }
        guard newestNumber >= first, let gap = firstGap(from: first) else {
            blockedSince = nil
            return
        }
        guard let since = blockedSince else {
            blockedSince = now
            return
        }
        guard now - since >= limits.wait else { return }
        blockedSince = nil
        if let following = endOfDroppable(around: gap, from: first) {
            statistics.framesDropped += 1
            removePackets(before: following)
            nextNumber = following
        } else {
            hasGivenUp = true
        }
    }

    /// The packets of the next access unit, if all are here.
    private var nextAccessUnit: ClosedRange<Int64>? {
        nextNumber.flatMap { first in end(from: first).map { first...$0 } }
    }

    /// The first number that is missing before the newest packet.
    private func firstGap(from first: Int64) -> Int64? {
        guard first <= newestNumber else { return nil }
        return (first...newestNumber).first { !isPresent($0) }
    }

    /// If the gap at `gap` lies in one picture that no other refers to: the first number behind the picture.
    private func endOfDroppable(around gap: Int64, from first: Int64) -> Int64? {
        guard gap > first, let before = packet(gap - 1),
            !before.hasMarker, H264Payload.isDroppable(before.payload.span.bytes)
        else { return nil }
        var number = gap
        while number <= newestNumber {
            if let packet = packet(number) {
                guard packet.timestamp == before.timestamp else { return nil }
                if packet.hasMarker { return number + 1 }
            }
            number += 1
        }
        return nil
    }

    /// The last packet of the access unit that begins with `first`, if all of it is here. The marker tells the end, and
    /// where it is missing, the next timestamp.
    private func end(from first: Int64) -> Int64? {
        var timestamp: RTPTimestamp?
        var number = first
        while number <= newestNumber {
            let index = index(number)
            guard let present = packets[index]?.number, present == number else { return nil }
            if packets[index]?.payload.isEmpty == false {
                let own = packets[index]?.timestamp
                if let timestamp, own != timestamp { return number - 1 }
                timestamp = own
                if packets[index]?.hasMarker == true { return number }
            }
            number += 1
        }
        return nil
    }

    /// Looks for the first whole keyframe, drops what is before it, and makes it the next.
    private mutating func goToKeyframe() -> Bool {
        let start = firstKept(from: nextNumber ?? .min)
        guard start <= newestNumber else { return false }
        for number in start...newestNumber {
            guard let packet = packet(number), H264Payload.startsKeyframe(packet.payload.span.bytes),
                isBeginning(number, packet), let last = end(from: number), hasIDRSlice(number...last)
            else { continue }
            dropFrames(before: number)
            nextNumber = number
            needsKeyframe = false
            return true
        }
        return false
    }

    /// Whether an access unit begins here, as far as can be known: parameter sets come first.
    private func isBeginning(_ number: Int64, _ packet: Packet) -> Bool {
        if let before = self.packet(number - 1), !before.payload.isEmpty { return before.timestamp != packet.timestamp }
        return H264Payload.containsParameterSets(packet.payload.span.bytes)
    }

    private func hasIDRSlice(_ range: ClosedRange<Int64>) -> Bool {
        range.contains { number in
            guard let packet = packet(number) else { return false }
            let payload = packet.payload.span.bytes
            return H264Payload.startsKeyframe(payload) && H264Payload.sliceReference(payload) != .noSlice
        }
    }

    /// Counts the pictures that are whole, and removes all packets.
    private mutating func dropFrames(before number: Int64) {
        var earliest = firstKept(from: nextNumber ?? .min)
        while earliest < number {
            if let packet = packet(earliest), packet.hasMarker { statistics.framesDropped += 1 }
            earliest += 1
        }
        removePackets(before: number)
    }

    /// The NAL units of the packets, which are removed; nil if they cannot be put together.
    private mutating func assemble(_ range: ClosedRange<Int64>) -> VideoAccessUnit? {
        let size = range.reduce(0) { $0 + (packets[index($1)]?.payload.count ?? 0) }
        // Start codes take the place of headers, or a little more.
        var depacketizer = H264Depacketizer(capacity: size + 64)
        var timestamp: RTPTimestamp?
        var firstArrival: Instant?
        var lastArrival: Instant?
        var isReadable = true
        for number in range {
            guard let packet = packet(number), !packet.payload.isEmpty else { continue }
            timestamp = timestamp ?? packet.timestamp
            firstArrival = min(firstArrival ?? packet.arrival, packet.arrival)
            lastArrival = max(lastArrival ?? packet.arrival, packet.arrival)
            do throws(ParseError) {
                try depacketizer.append(packet.payload.span.bytes)
            } catch {
                isReadable = false
            }
        }
        removePackets(before: range.upperBound + 1)
        nextNumber = range.upperBound + 1
        guard isReadable, depacketizer.isComplete, let timestamp, let firstArrival, let lastArrival else {
            statistics.framesDropped += 1
            needsKeyframe = true
            return nil
        }
        return VideoAccessUnit(
            timestamp: timestamp, annexB: depacketizer.stream, nalUnits: depacketizer.units,
            isKeyframe: depacketizer.hasIDRSlice, firstArrival: firstArrival, lastArrival: lastArrival)
    }

    private mutating func removePackets(before number: Int64) {
        let earliest = firstKept(from: nextNumber ?? .min)
        oldestNumber = max(oldestNumber, number)
        guard earliest < number else { return }
        for removed in earliest..<number {
            let index = index(removed)
            guard let present = packets[index]?.number, present < number else { continue }
            byteCount -= packets[index]?.payload.count ?? 0
            packets[index] = nil
        }
    }
}
