internal import Conference
package import ProtocolCore

/// How busy a worker is, and what it does about that before anybody notices.
///
/// A worker that has no time left forwards late, then loses what its socket cannot hold. Before that it sends less to
/// everybody: each level takes a layer, the last one slots, too. It rises a level while it is too busy for a second, and
/// comes back by one after five calm ones, as each level changes what it is measured by.
package struct WorkerLoad {
    /// The part of the time that is used for a window, from which on a worker is too busy …
    static let busyShare = 0.85
    /// … or how late its tick may be, …
    static let lateTick: Duration = .milliseconds(50)
    /// … and below which it is calm again.
    static let calmShare = 0.55
    /// What is measured over.
    static let window: Duration = .seconds(1)
    /// So many calm windows lower the level by one.
    static let calmWindows = 5
    /// All layers but the smallest are given up at the second level, and slots at the third.
    package static let highestLevel = 3

    /// 0 (all is well) ... `highestLevel`.
    package private(set) var level = 0
    /// The part of the latest window that was used, 0...1.
    package private(set) var share = 0.0
    /// How late the latest window's latest tick was.
    package private(set) var lateness = Duration.zero

    private var begin: Instant?
    private var busy = Duration.zero
    private var latest = Duration.zero
    private var calm = 0

    package init() {}

    /// Takes how long the worker has just worked until `now`, and how late it began.
    package mutating func note(busy time: Duration, late: Duration = .zero, now: Instant) {
        let since = begin ?? (now + (.zero - time))
        begin = since
        busy = busy + time
        latest = max(latest, late)
        let elapsed = now - since
        guard elapsed >= WorkerLoad.window else { return }
        share = min(Double(busy.nanoseconds) / Double(elapsed.nanoseconds), 1)
        lateness = latest
        begin = now
        busy = .zero
        latest = .zero
        judge()
    }

    private mutating func judge() {
        if share >= WorkerLoad.busyShare || lateness >= WorkerLoad.lateTick && share >= WorkerLoad.calmShare {
            level = min(level + 1, WorkerLoad.highestLevel)
            calm = 0
        } else if share < WorkerLoad.calmShare {
            calm += 1
            guard calm >= WorkerLoad.calmWindows else { return }
            level = max(level - 1, 0)
            calm = 0
        } else {
            calm = 0
        }
    }
}

extension WorkerCore {
    /// Takes how long the worker worked, and has its conferences follow.
    package mutating func note(busy time: Duration, late: Duration = .zero, now: Instant) {
        let level = load.level
        load.note(busy: time, late: late, now: now)
        guard load.level != level else { return }
        for conference in conferences.values { conference.pointee.setLoad(load.level) }
    }
}
