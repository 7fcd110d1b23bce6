import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Add, promote, remove")
struct AddAndRemoveTests {
    @Test("Adding a third person makes a group of the call, on the same id, with the media untouched")
    func promotion() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.invite(Scene.invitee("c"), by: ParticipantID("b")))
        #expect(scene.machine.kind == .group)
        #expect(scene.machine.id == CallID("call"))
        for action in scene.lastActions {
            switch action {
            case .setMedia, .removeMedia:
                Issue.record("the media was touched: \(action)")
            case .stopRinging, .ring, .tellRoster, .tell, .tellSpeakers, .tellReactions, .limitHit, .publish, .end:
                break
            }
        }
        #expect(scene.ringing.contains(EndpointID("c1")))
        #expect(scene.machine.incomingCall(at: EndpointID("c1"))?.caller == UserID("8:acs:b"))
        #expect(scene.machine.incomingCall(at: EndpointID("c1"))?.participantCount == 2)
        try scene.accept("c1")
        try scene.handle(.hangUp(ParticipantID("a"), forEveryone: false))
        #expect(scene.state("b") == .connected)
        #expect(scene.state("c") == .connected)
    }

    @Test("Both sides are told that the kind changed")
    func kindIsTold() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.invite(Scene.invitee("c"), by: ParticipantID("a")))
        let told = scene.lastActions.compactMap { action -> ParticipantID? in
            guard case .tell(let leg, .state(.connected, .group, nil)) = action else { return nil }
            return leg.participant
        }
        #expect(told == [ParticipantID("a"), ParticipantID("b")])
    }

    @Test("A call that was promoted stays a group when the third one declines")
    func promotionDeclined() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.invite(Scene.invitee("c"), by: ParticipantID("a")))
        try scene.handle(.reject(EndpointID("c1"), .declined))
        #expect(scene.machine.kind == .group)
        #expect(scene.removal("c") == .declined)
        #expect(scene.state("a") == .connected)
    }

    @Test("Who is in the call, or rings, cannot be added again")
    func addTwice() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.invite(Scene.invitee("c"), by: ParticipantID("a")))
        for name in ["b", "c"] {
            var invitee = Scene.invitee(name)
            invitee.participant = ParticipantID("\(name)-again")
            guard case .invalidState = refusal({ try scene.handle(.invite(invitee, by: ParticipantID("a"))) }) else {
                Issue.record("\(name) was added twice")
                continue
            }
        }
    }

    @Test("One who is added but signed in nowhere comes into the roster and goes, with the reason")
    func addUnreachable() throws {
        var scene = try Scene.group("a")
        try scene.handle(.invite(Scene.invitee("b", endpoints: 0), by: ParticipantID("a")))
        #expect(scene.rosters[ParticipantID("a")]?[ParticipantID("b")]?.state == .connecting)
        try scene.handle(.timeout)
        #expect(scene.rosters[ParticipantID("a")] == [:])
        #expect(scene.removal("b") == .noEndpoint)
    }

    @Test("Remove another")
    func remove() throws {
        var scene = try Scene.group("a", "b", "c")
        try scene.handle(.remove(ParticipantID("b"), by: ParticipantID("c")))
        #expect(scene.ending("b") == [.removed])
        #expect(scene.removedMedia == [ParticipantID("b")])
        #expect(scene.state("a") == .connected)
    }

    @Test("One who is removed while ringing falls silent")
    func removeRinging() throws {
        var scene = try Scene.group("a")
        try scene.handle(.invite(Scene.invitee("b", endpoints: 2), by: ParticipantID("a")))
        try scene.handle(.remove(ParticipantID("b"), by: ParticipantID("a")))
        #expect(scene.silenced == [EndpointID("b1"): .removed, EndpointID("b2"): .removed])
        #expect(refusal { try scene.accept("b1") } != nil)
        #expect(scene.state("a") == .connected)
    }

    @Test("Nobody removes itself or a stranger")
    func removeWrong() throws {
        var scene = try Scene.group("a", "b")
        let stranger = refusal { try scene.handle(.remove(ParticipantID("x"), by: ParticipantID("a"))) }
        #expect(stranger == .participantNotFound(ParticipantID("x")))
        guard case .invalidTarget = refusal({ try scene.handle(.remove(ParticipantID("a"), by: ParticipantID("a"))) })
        else {
            Issue.record("a participant removed itself")
            return
        }
    }

    @Test("Removing the other side of a 1:1 call ends it")
    func removeInOneToOne() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.remove(ParticipantID("b"), by: ParticipantID("a")))
        #expect(scene.ending("b") == [.removed])
        #expect(scene.ending("a") == [.callOver])
    }

    @Test("A revoked token takes one out of the call")
    func tokenRevoked() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.drop(ParticipantID("b"), .unauthorized))
        #expect(scene.ending("b").map { [$0.code, $0.subCode] } == [[401, 10009]])
        #expect(scene.state("a") == .connected)
    }

    @Test("A caller whose tab closes during the ring cancels the call")
    func callerCloses() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.handle(.drop(ParticipantID("a"), .applicationClosed))
        #expect(scene.ending("a") == [.applicationClosed])
        #expect(scene.silenced == [EndpointID("b1"): .cancelled])
    }
}
