internal import Congestion
internal import ProtocolCore

/// Whether another frame of video fits what the link carries in the long run.
///
/// The pacer lets bursts go faster than the target, so that a keyframe does not take long; a source that keeps above the
/// target would fill the network's queues. So what it gives is weighed here, and what is too much is left out by whole
/// frames.
struct FrameBudget {
    /// What may be owed: so much time of the target.
    static let longestDebt: Duration = .milliseconds(500)
    /// Less than this is never too much: one keyframe may well be so long.
    static let smallestLimit = 30_000

    private var owed = 0
    private var lastUpdate: Instant?

    private static func limit(_ target: Bitrate) -> Int {
        max(target.bytes(in: longestDebt), smallestLimit)
    }

    /// Whether one more frame may be taken.
    mutating func hasRoom(target: Bitrate, now: Instant) -> Bool {
        settle(target: target, now: now)
        return owed <= Self.limit(target)
    }

    /// Whether, after frames were left out, it is worth asking for a keyframe to go on with.
    mutating func hasRecovered(target: Bitrate, now: Instant) -> Bool {
        settle(target: target, now: now)
        return owed <= Self.limit(target) / 2
    }

    mutating func take(_ bytes: Int) {
        owed += bytes
    }

    /// What was taken and is not sent after all.
    mutating func giveBack(_ bytes: Int) {
        owed = max(0, owed - bytes)
    }

    private mutating func settle(target: Bitrate, now: Instant) {
        if let lastUpdate { owed = max(0, owed - target.bytes(in: now - lastUpdate)) }
        lastUpdate = now
    }
}
