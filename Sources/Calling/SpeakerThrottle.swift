internal import MediaVocabulary
internal import ProtocolCore

/// Lets a report of who speaks through only when it differs from the last one and not before an interval has passed;
/// of the reports that come too early the newest goes out when the interval is over.
struct SpeakerThrottle: Sendable {
    private let interval: Duration
    private var lastPassed: Instant?
    private var waiting: SpeakerReport?
    /// What listeners know.
    private(set) var current = SpeakerReport()

    init(interval: Duration) {
        self.interval = interval
    }

    /// When the waiting report may go out; nil when none waits.
    var deadline: Instant? {
        guard waiting != nil, let lastPassed else { return nil }
        return lastPassed + interval
    }

    /// Takes a report in and gives back what listeners must be told now, if anything.
    mutating func offer(_ report: SpeakerReport, now: Instant) -> SpeakerReport? {
        waiting = report == current ? nil : report
        return poll(now: now)
    }

    /// Gives back the waiting report once its time has come.
    mutating func poll(now: Instant) -> SpeakerReport? {
        guard let report = waiting else { return nil }
        if let lastPassed, now < lastPassed + interval { return nil }
        waiting = nil
        lastPassed = now
        current = report
        return report
    }

    /// Takes one who left out of what snapshots show; listeners learn it from the roster.
    mutating func forget(_ participant: ParticipantID) {
        current.dominant.removeAll { $0 == participant }
        current.levels[participant] = nil
        waiting?.dominant.removeAll { $0 == participant }
        waiting?.levels[participant] = nil
    }
}
