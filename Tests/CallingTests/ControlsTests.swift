import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Mute, hold, publish, speakers")
struct ControlsTests {
    private let a = ParticipantID("a")
    private let b = ParticipantID("b")

    @Test("Hold in a 1:1 call is remote hold on the other side")
    func holdOneToOne() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.hold(a, true))
        #expect(scene.state("a") == .localHold)
        #expect(scene.state("b") == .remoteHold)
        #expect(scene.seen("a") == .hold)
        #expect(scene.onHold[a] == true)
        #expect(scene.onHold[b] == false)
        try scene.handle(.hold(b, true))
        #expect(scene.state("b") == .localHold)
        try scene.handle(.hold(a, false))
        #expect(scene.state("a") == .remoteHold)
        try scene.handle(.hold(b, false))
        #expect(scene.state("a") == .connected)
        #expect(scene.state("b") == .connected)
    }

    @Test("Hold in a group is local")
    func holdGroup() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.hold(a, true))
        #expect(scene.state("a") == .localHold)
        #expect(scene.state("b") == .connected)
        #expect(scene.rosters[b]?[a]?.isOnHold == true)
    }

    @Test("Remote hold ends when the call becomes a group")
    func holdThenPromotion() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.hold(a, true))
        try scene.handle(.invite(Scene.invitee("c"), by: b))
        #expect(scene.state("a") == .localHold)
        #expect(scene.state("b") == .connected)
    }

    @Test("Remote mute is enforced, tells who did it, and the muted one may unmute")
    func remoteMute() throws {
        var scene = try Scene.group("a", "b", "c")
        try scene.handle(.muteOthers([b], by: a))
        #expect(scene.muted == [b: true])
        #expect(scene.own[b] == OwnState(isMuted: true, mutedBy: a))
        #expect(scene.rosters[a]?[b]?.isMuted == true)
        try scene.handle(.mute(b, false))
        #expect(scene.muted == [b: false])
        #expect(scene.own[b] == OwnState(isMuted: false))
    }

    @Test("Mute all others leaves the muter and those who muted themselves alone")
    func muteAll() throws {
        var scene = try Scene.group("a", "b", "c")
        try scene.handle(.mute(b, true))
        try scene.handle(.muteOthers(nil, by: a))
        #expect(scene.own[a]?.isMuted == false)
        #expect(scene.own[b] == OwnState(isMuted: true, mutedBy: nil))
        #expect(scene.own[ParticipantID("c")] == OwnState(isMuted: true, mutedBy: a))
    }

    @Test("A mute that names a stranger mutes nobody")
    func muteStranger() throws {
        var scene = try Scene.group("a", "b")
        #expect(
            refusal { try scene.handle(.muteOthers([b, ParticipantID("x")], by: a)) }
                == .participantNotFound(ParticipantID("x")))
        #expect(scene.machine.roster.allSatisfy { !$0.isMuted })
    }

    @Test("Who gets data goes to the media plane, whole, and to nobody else")
    func dataRecipients() throws {
        var limits = CallLimits()
        limits.recipientLists = 2
        var scene = Scene(limits: limits)
        try scene.begin(.group(GroupID("g"), first: Scene.joiner("a"), isReady: true))
        try scene.join("b")
        try scene.handle(.dataRecipients([b], channel: 1, by: a))
        #expect(scene.lastActions == [.setMedia(a, ParticipantMedia(dataRecipients: [1: [b]]))])
        try scene.handle(.dataRecipients([], channel: 2, by: a))
        #expect(scene.lastActions == [.setMedia(a, ParticipantMedia(dataRecipients: [1: [b], 2: []]))])
        #expect(throws: CallRefusal.self) { try scene.handle(.dataRecipients([b], channel: 3, by: a)) }
        #expect(throws: CallRefusal.participantNotFound("x")) {
            try scene.handle(.dataRecipients(["x"], channel: 1, by: a))
        }
        try scene.handle(.dataRecipients(nil, channel: 1, by: a))
        #expect(scene.lastActions == [.setMedia(a, ParticipantMedia(dataRecipients: [2: []]))])
        try scene.handle(.dataRecipients([b], channel: 3, by: a))
    }

    @Test("The same switch twice tells nobody anything")
    func idempotent() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.mute(a, true))
        try scene.handle(.mute(a, true))
        #expect(scene.lastActions.isEmpty)
    }

    @Test("Publishing goes to the media plane and into the roster")
    func publish() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.publish(a, camera: true, screen: true))
        #expect(scene.lastActions.first == .setMedia(a, ParticipantMedia(pictures: [.camera, .screen])))
        #expect(scene.rosters[b]?[a]?.camera == true)
        #expect(scene.rosters[b]?[a]?.screen == true)
        #expect(scene.own[a] == OwnState(camera: true, screen: true))
    }

    private func reports(_ scene: Scene) -> [SpeakerReport] {
        scene.lastActions.compactMap { action in
            if case .tellSpeakers(let report, _) = action { report } else { nil }
        }
    }

    @Test("Speakers are told on change, at most four times a second, the newest last")
    func speakers() throws {
        var scene = try Scene.group("a", "b")
        func report(_ level: Double) -> SpeakerReport {
            SpeakerReport(dominant: [ParticipantID("a")], levels: [ParticipantID("a"): level])
        }
        try scene.handle(.speakers(report(0.5)))
        #expect(reports(scene) == [report(0.5)])
        try scene.handle(.speakers(report(0.6)))
        try scene.handle(.speakers(report(0.7)))
        #expect(reports(scene).isEmpty)
        try scene.advance(by: .milliseconds(249))
        #expect(reports(scene).isEmpty)
        try scene.advance(by: .milliseconds(1))
        #expect(reports(scene) == [report(0.7)])
        try scene.advance(by: .seconds(1))
        try scene.handle(.speakers(report(0.7)))
        #expect(reports(scene).isEmpty)
        #expect(scene.machine.snapshot(for: b)?.dominant == [a])
        #expect(scene.machine.snapshot(for: b)?.participants.first?.isSpeaking == true)
    }

    @Test("Nobody is heard who is not connected, is muted or has left")
    func unheard() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.handle(.speakers(SpeakerReport(dominant: [a, ParticipantID("x")], levels: [a: 1])))
        #expect(reports(scene).isEmpty)
        try scene.accept("b1")
        try scene.handle(.mute(a, true))
        try scene.handle(.speakers(SpeakerReport(dominant: [a, b], levels: [a: 1, b: 1])))
        #expect(reports(scene) == [SpeakerReport(dominant: [b], levels: [b: 1])])
    }
}
