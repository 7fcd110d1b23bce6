internal import Calling
internal import MediaVocabulary
internal import ProtocolCore

/// Decides what a viewer sees, who cannot ask for anything: fills its video slots from the roster.
///
/// On stage come first those who share a screen, then the cameras of those who speak, loudest first, then the other
/// cameras in the order in which they were switched on. Among equals, who is shown already comes first. A picture stays in
/// its slot until it stops, its owner leaves, or somebody higher in that order needs the place.
struct VideoDirector: Sendable {
    /// One picture of one participant.
    struct Picture: Hashable, Sendable {
        var participant: ParticipantID
        var source: MediaSource
    }

    /// A picture that could be shown, and how urgently: the lower, the more.
    private struct Candidate {
        var picture: Picture
        /// Who comes before whom: stage, whether it is new on screen, place in its own order.
        var urgency: (stage: Int, isNew: Int, place: Int)
    }

    /// The m-lines of the slots, in order.
    let slots: [Mid]
    /// The raw id of a user, or the id of a participant, to whom the view is pinned: nobody else is shown.
    let pinned: String?
    /// What is shown in each slot.
    private(set) var shown: [Picture?]

    init(slots: [Mid], pinned: String?) {
        self.slots = slots
        self.pinned = pinned
        shown = slots.map { _ in nil }
    }

    /// Takes in who is there and who speaks, and gives back what to ask for in the slots that change.
    mutating func update(roster: [RosterEntry], dominant: [ParticipantID]) -> [SlotRequest] {
        let wanted = candidates(roster, dominant).prefix(slots.count).map(\.picture)
        var next = shown.map { picture in picture.flatMap { wanted.contains($0) ? $0 : nil } }
        var waiting = wanted.filter { !next.contains($0) }[...]
        for index in next.indices where next[index] == nil {
            next[index] = waiting.popFirst()
        }
        var requests: [SlotRequest] = []
        for (index, mid) in slots.enumerated() where next[index] != shown[index] {
            requests.append(
                SlotRequest(
                    mid: mid, participant: next[index]?.participant, source: next[index]?.source ?? .camera))
        }
        shown = next
        return requests
    }

    private func candidates(_ roster: [RosterEntry], _ dominant: [ParticipantID]) -> [Candidate] {
        var candidates: [Candidate] = []
        for (place, entry) in roster.enumerated() where isEligible(entry) {
            if entry.screen {
                let picture = Picture(participant: entry.participant, source: .screen)
                candidates.append(Candidate(picture: picture, urgency: (0, newness(of: picture), place)))
            }
            if entry.camera {
                let picture = Picture(participant: entry.participant, source: .camera)
                let rank = dominant.firstIndex(of: entry.participant)
                candidates.append(
                    Candidate(
                        picture: picture, urgency: (rank == nil ? 2 : 1, newness(of: picture), rank ?? place)))
            }
        }
        return candidates.sorted { $0.urgency < $1.urgency }
    }

    private func newness(of picture: Picture) -> Int {
        shown.contains(picture) ? 0 : 1
    }

    private func isEligible(_ entry: RosterEntry) -> Bool {
        if let pinned, entry.user.rawValue != pinned, entry.participant.rawValue != pinned { return false }
        switch entry.state {
        case .connected, .reconnecting: return !entry.isOnHold
        case .connecting, .ringing, .hold, .disconnected: return false
        }
    }
}
