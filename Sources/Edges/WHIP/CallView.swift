internal import Calling
internal import MediaVocabulary

/// What a viewer knows of its call: who shows a picture and who speaks, kept up to date by what its leg is told.
///
/// Those without a picture are left out. In a large call they are nearly all, and each of hundreds of viewers hears of
/// each of them.
struct CallView: Sendable {
    /// In the order in which their first pictures began.
    private(set) var roster: [RosterEntry]
    /// Who speaks, loudest first.
    private(set) var dominant: [ParticipantID]
    private let version: UInt64

    init(_ snapshot: CallSnapshot) {
        roster = snapshot.participants.filter(CallView.showsPicture)
        dominant = snapshot.dominant
        version = snapshot.version
    }

    /// Whether the snapshot says already what the message says.
    func contains(_ message: LegMessage) -> Bool {
        message.version <= version
    }

    /// Takes a change in; returns whether it matters to a viewer.
    mutating func apply(_ change: RosterChange) -> Bool {
        var isNews = false
        for entry in change.added { isNews = apply(entry) || isNews }
        for entry in change.changed { isNews = apply(entry) || isNews }
        for departure in change.removed { isNews = remove(departure.participant) || isNews }
        return isNews
    }

    private mutating func apply(_ entry: RosterEntry) -> Bool {
        guard CallView.showsPicture(entry) else { return remove(entry.participant) }
        if let index = roster.firstIndex(where: { $0.participant == entry.participant }) {
            roster[index] = entry
        } else {
            roster.append(entry)
        }
        return true
    }

    private mutating func remove(_ participant: ParticipantID) -> Bool {
        guard let index = roster.firstIndex(where: { $0.participant == participant }) else { return false }
        roster.remove(at: index)
        return true
    }

    mutating func apply(_ report: SpeakerReport) -> Bool {
        guard dominant != report.dominant else { return false }
        dominant = report.dominant
        return true
    }

    private static func showsPicture(_ entry: RosterEntry) -> Bool {
        entry.camera || entry.screen
    }
}
