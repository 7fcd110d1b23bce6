internal import Calling

/// What a session knows of its call: a snapshot, kept up to date by what its leg is told.
struct CallView: Sendable {
    private(set) var roster: [RosterEntry]
    /// Who speaks, loudest first.
    private(set) var dominant: [ParticipantID]
    private let version: UInt64

    init(_ snapshot: CallSnapshot) {
        roster = snapshot.participants
        dominant = snapshot.dominant
        version = snapshot.version
    }

    /// Whether the snapshot says already what the message says.
    func contains(_ message: LegMessage) -> Bool {
        message.version <= version
    }

    mutating func apply(_ change: RosterChange) {
        for entry in change.added + change.changed {
            if let index = roster.firstIndex(where: { $0.participant == entry.participant }) {
                roster[index] = entry
            } else {
                roster.append(entry)
            }
        }
        let gone = Set(change.removed.map(\.participant))
        roster.removeAll { gone.contains($0.participant) }
    }

    mutating func apply(_ report: SpeakerReport) {
        dominant = report.dominant
    }
}
