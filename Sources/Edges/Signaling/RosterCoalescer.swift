internal import Calling
internal import MediaVocabulary
internal import ProtocolCore

/// Numbers the roster pushes of one call to one client, and gathers changes that come close together into one.
struct RosterCoalescer: Sendable {
    /// What is to be told of one participant.
    private struct Line {
        var entry: RosterEntry?
        /// Whether the client does not know the participant yet.
        var isNew: Bool
        var departure: Departure?
    }

    private let interval: Duration
    /// The number of the last push.
    private(set) var sequence: Int
    private var lastPush: Instant?
    private var order: [ParticipantID] = []
    private var lines: [ParticipantID: Line] = [:]

    init(interval: Duration, sequence: Int = 0) {
        self.interval = interval
        self.sequence = sequence
    }

    /// When what has gathered is to be pushed; nil when nothing has.
    func deadline(now: Instant) -> Instant? {
        guard !order.isEmpty else { return nil }
        return lastPush.map { $0 + interval } ?? now
    }

    mutating func add(_ change: RosterChange) {
        for entry in change.added {
            note(entry.participant) { line in
                line.entry = entry
                line.isNew = true
            }
        }
        for entry in change.changed {
            note(entry.participant) { $0.entry = entry }
        }
        for departure in change.removed {
            note(departure.participant) { $0.departure = departure }
        }
    }

    private mutating func note(_ participant: ParticipantID, _ change: (inout Line) -> Void) {
        if lines[participant] == nil {
            order.append(participant)
        }
        change(&lines[participant, default: Line(isNew: false)])
    }

    /// What has gathered, under the next number; nil when nothing has.
    mutating func flush(now: Instant) -> (sequence: Int, change: RosterChange)? {
        guard !order.isEmpty else { return nil }
        var change = RosterChange()
        for participant in order {
            guard let line = lines[participant] else { continue }
            if let entry = line.entry {
                if line.isNew {
                    change.added.append(entry)
                } else if line.departure == nil {
                    change.changed.append(entry)
                }
            }
            if let departure = line.departure {
                change.removed.append(departure)
            }
        }
        order.removeAll()
        lines.removeAll()
        lastPush = now
        sequence += 1
        return (sequence, change)
    }
}
