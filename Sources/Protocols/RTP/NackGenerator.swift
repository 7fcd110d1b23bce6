public import ProtocolCore

/// Finds the packets of one stream that are missing and asks for them again a limited number of times.
///
/// Nothing is stored while nothing is missing, and 8 kB at most. Without loss `record` compares one number. A packet is
/// asked for after a short wait, since it may only be late, and again after each round trip.
/// When a packet cannot be repaired in time, or too many are missing, no picture can be shown until the next keyframe: so
/// the list is emptied, and `needsKeyframe` is set at once.
///
/// Repaired packets must be recorded too, under their original number.
public struct NackGenerator: Sendable {
    /// The most packets tracked; a larger loss is repaired by a keyframe. Well over a second of 1.5 Mbit/s video.
    public static let maximumMissing = 300
    /// How often one packet is asked for: mediasoup and libwebrtc, 10 (`MaxNackRetries`).
    public static let maximumTries: UInt8 = 10
    /// The shortest time between two requests for one packet: mediasoup's NACK timer, 40 ms.
    public static let minimumRepeatInterval: Duration = .milliseconds(40)
    /// The longest time between two requests, whatever the round trip: beyond it video waits too long to be worth it.
    public static let maximumRepeatInterval: Duration = .milliseconds(400)
    /// The round-trip time until one is measured: mediasoup and libwebrtc, 100 ms (`DefaultRtt`).
    public static let defaultRoundTripTime: Duration = .milliseconds(100)
    /// A packet that is missing for three round trips, within these bounds, is given up: each moment more is one without a
    /// picture, and a keyframe takes a round trip itself. On short paths that is after `maximumTries`.
    public static let waitBounds: ClosedRange<Duration> = .milliseconds(450)...(.milliseconds(900))
    static let waitRoundTrips = 3
    /// How long a gap may be mere reordering before it is asked for: LiveKit's first wait, 10 ms.
    public static let reorderTolerance: Duration = .milliseconds(10)
    /// Missing packets this far behind the newest are given up: mediasoup and libwebrtc, 10000 (`MaxPacketAge`).
    public static let maximumAge = 10_000

    @usableFromInline
    struct Missing: Sendable {
        @usableFromInline
        var since: Instant
        @usableFromInline
        var due: Instant
        @usableFromInline
        var sequence: SequenceNumber
        @usableFromInline
        var tries: UInt8

        @usableFromInline
        init(since: Instant, due: Instant, sequence: SequenceNumber, tries: UInt8) {
            self.since = since
            self.due = due
            self.sequence = sequence
            self.tries = tries
        }
    }

    /// Whether something was lost that will not be repaired. The caller asks the sender for a keyframe and clears the flag.
    public var needsKeyframe = false
    /// The measured round trip to the sender; it decides how soon a request is repeated.
    public var roundTripTime: Duration = NackGenerator.defaultRoundTripTime

    /// In serial order.
    @usableFromInline
    var missing: [Missing] = []
    @usableFromInline
    var newest: SequenceNumber?
    private var newestKeyframe: SequenceNumber?

    public init() {}

    /// The packets that are missing now, 0...`maximumMissing`.
    @inlinable
    public var missingCount: Int { missing.count }

    /// Notes a packet that arrived, at first hand or repaired.
    @inlinable
    public mutating func record(_ sequence: SequenceNumber, at arrival: Instant) {
        guard let newest else {
            self.newest = sequence
            return
        }
        let ahead = sequence.distance(from: newest)
        if ahead == 1 {
            self.newest = sequence
        } else if ahead > 1 {
            noteGap(after: newest, before: sequence, at: arrival)
            self.newest = sequence
        } else if missingCount > 0 {
            remove(sequence)
        }
    }

    /// Notes that a keyframe begins at `sequence`: what is missing before it is still asked for, so that no picture is left
    /// out, but nothing depends on it any more.
    public mutating func noteKeyframe(at sequence: SequenceNumber) {
        if newestKeyframe.map({ sequence.isNewer(than: $0) }) ?? true { newestKeyframe = sequence }
    }

    /// When `poll(now:)` has something to ask for; nil when nothing is missing.
    @inlinable
    public var deadline: Instant? {
        var earliest: Instant?
        for packet in missing {
            earliest = min(earliest ?? packet.due, packet.due)
        }
        return earliest
    }

    /// The packets to ask for now, in serial order; empty most of the time, without an allocation.
    ///
    /// A packet that was asked for `maximumTries` times in vain, or is missing for too long, is given up. With it goes all
    /// that is missing, and `needsKeyframe` is set, unless a keyframe has begun since.
    public mutating func poll(now: Instant) -> [SequenceNumber] {
        guard missingCount > 0, let newest else { return [] }
        let repeatInterval = min(
            max(roundTripTime, NackGenerator.minimumRepeatInterval), NackGenerator.maximumRepeatInterval)
        let longestWait = min(
            max(roundTripTime * NackGenerator.waitRoundTrips, NackGenerator.waitBounds.lowerBound),
            NackGenerator.waitBounds.upperBound)
        var requests: [SequenceNumber] = []
        var isHopeless = false
        let keyframe = newestKeyframe
        keepMissing { missing in
            guard missing.due <= now else { return true }
            guard missing.tries < NackGenerator.maximumTries, now - missing.since < longestWait,
                newest.distance(from: missing.sequence) <= NackGenerator.maximumAge
            else {
                isHopeless = isHopeless || !(keyframe?.isNewer(than: missing.sequence) ?? false)
                return false
            }
            missing.tries += 1
            // What is given up is given up in time, not only when it would be asked for again.
            missing.due = min(now + repeatInterval, missing.since + longestWait)
            requests.append(missing.sequence)
            return true
        }
        guard isHopeless else { return requests }
        giveUp()
        return []
    }

    @usableFromInline
    mutating func noteGap(after newest: SequenceNumber, before sequence: SequenceNumber, at arrival: Instant) {
        let gap = sequence.distance(from: newest) - 1
        guard missingCount + gap <= NackGenerator.maximumMissing else {
            giveUp()
            return
        }
        let due = arrival + NackGenerator.reorderTolerance
        for step in 1...gap {
            missing.append(Missing(since: arrival, due: due, sequence: newest + step, tries: 0))
        }
    }

    @usableFromInline
    mutating func giveUp() {
        missing.removeAll(keepingCapacity: true)
        needsKeyframe = true
    }

    @usableFromInline
    mutating func remove(_ sequence: SequenceNumber) {
        keepMissing { $0.sequence != sequence }
    }

    /// Keeps the entries that `decide` wants, in their order.
    private mutating func keepMissing(_ decide: (inout Missing) -> Bool) {
        var kept = 0
        for index in missing.indices {
            if decide(&missing[index]) {
                if kept != index {
                    missing[kept] = missing[index]
                }
                kept += 1
            }
        }
        missing.removeLast(missing.count - kept)
    }
}
