import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@testable import WHIP

@Suite struct VideoDirectorTests {
    static func entry(
        _ name: String, camera: Bool = true, screen: Bool = false, state: ParticipantState = .connected
    ) -> RosterEntry {
        RosterEntry(
            participant: ParticipantID(name), user: UserID("8:acs:\(name)"), displayName: name, state: state,
            isOnHold: state == .hold, camera: camera, screen: screen)
    }

    static func names(_ director: VideoDirector) -> [String?] {
        director.shown.map { picture in
            picture.map { ($0.source == .screen ? "screen of " : "") + $0.participant.rawValue }
        }
    }

    @Test func screensThenSpeakersThenCameras() {
        var director = VideoDirector(slots: ["1", "2", "3"], pinned: nil)
        let roster = [
            Self.entry("a"), Self.entry("b"), Self.entry("c"), Self.entry("d", camera: false, screen: true),
        ]
        let requests = director.update(roster: roster, dominant: [ParticipantID("c")])
        #expect(Self.names(director) == ["screen of d", "c", "a"])
        #expect(requests.map(\.mid) == ["1", "2", "3"])
        #expect(requests.map(\.source) == [.screen, .camera, .camera])
    }

    @Test func whoIsShownStaysInPlace() {
        var director = VideoDirector(slots: ["1", "2"], pinned: nil)
        let roster = ["a", "b", "c"].map { Self.entry($0) }
        _ = director.update(roster: roster, dominant: [])
        #expect(Self.names(director) == ["a", "b"])
        // A speaker displaces the one with the weaker claim and leaves the other alone.
        let requests = director.update(roster: roster, dominant: [ParticipantID("c")])
        #expect(Self.names(director) == ["a", "c"])
        #expect(requests == [SlotRequest(mid: "2", participant: ParticipantID("c"))])
        // Silence moves nobody.
        #expect(director.update(roster: roster, dominant: []).isEmpty)
        // Among those who speak, who is shown stays.
        #expect(director.update(roster: roster, dominant: ["b", "a", "c"].map { ParticipantID($0) }).isEmpty)
    }

    @Test func whoLeavesOrStopsMakesRoom() {
        var director = VideoDirector(slots: ["1", "2"], pinned: nil)
        _ = director.update(roster: ["a", "b", "c"].map { Self.entry($0) }, dominant: [])
        _ = director.update(roster: [Self.entry("b"), Self.entry("c")], dominant: [])
        #expect(Self.names(director) == ["c", "b"])
        _ = director.update(roster: [Self.entry("b", state: .hold), Self.entry("c", camera: false)], dominant: [])
        #expect(Self.names(director) == [nil, nil])
    }

    @Test func whoIsNotInTheCallYetIsNotShown() {
        var director = VideoDirector(slots: ["1"], pinned: nil)
        let roster = [Self.entry("a", state: .ringing), Self.entry("b", state: .connecting)]
        #expect(director.update(roster: roster, dominant: []).isEmpty)
        _ = director.update(roster: [Self.entry("a"), Self.entry("b")], dominant: [])
        // A short loss of the network takes nobody from the stage.
        #expect(director.update(roster: [Self.entry("a", state: .reconnecting)], dominant: []).isEmpty)
    }

    @Test(arguments: ["8:acs:b", "b"])
    func pinned(_ id: String) {
        var director = VideoDirector(slots: ["1", "2"], pinned: id)
        _ = director.update(roster: [Self.entry("a"), Self.entry("b", screen: true)], dominant: [ParticipantID("a")])
        #expect(Self.names(director) == ["screen of b", "b"])
    }

    @Test(arguments: 0..<200)
    func anyRosterIsShownWithoutRepeatsAndWithoutGaps(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...4, using: &generator)
        var director = VideoDirector(slots: (0..<count).map { Mid(String($0)) }, pinned: nil)
        var told: [Mid: SlotRequest] = [:]
        for _ in 0..<20 {
            let people = ["a", "b", "c", "d", "e"].filter { _ in Bool.random(using: &generator) }
            let roster = people.map {
                Self.entry($0, camera: Bool.random(using: &generator), screen: Bool.random(using: &generator))
            }
            let dominant = people.shuffled(using: &generator).prefix(2).map { ParticipantID($0) }
            for request in director.update(roster: roster, dominant: dominant) { told[request.mid] = request }
            let shown = director.shown.compactMap(\.self)
            let available = roster.reduce(0) { $0 + ($1.camera ? 1 : 0) + ($1.screen ? 1 : 0) }
            #expect(Set(shown).count == shown.count)
            #expect(shown.count == min(count, available))
            for (mid, picture) in zip(director.slots, director.shown) {
                #expect(told[mid]?.participant == picture?.participant)
            }
            let screens = roster.count(where: \.screen)
            #expect(shown.count { $0.source == .screen } == min(count, screens))
        }
    }
}
