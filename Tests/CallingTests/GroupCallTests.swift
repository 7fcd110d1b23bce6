import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Group calls")
struct GroupCallTests {
    @Test("The first to join is connected alone; others come and see each other")
    func joinByGroupID() throws {
        var scene = try Scene.group("a")
        #expect(scene.state("a") == .connected)
        #expect(scene.machine.kind == .group)
        try scene.join("b")
        try scene.join("c")
        #expect(Set(scene.rosters[ParticipantID("a")]?.keys.map(\.rawValue) ?? []) == ["b", "c"])
        #expect(Set(scene.rosters[ParticipantID("c")]?.keys.map(\.rawValue) ?? []) == ["a", "b"])
    }

    @Test("A late joiner whose media is negotiated is connecting until it is ready")
    func lateJoin() throws {
        var scene = try Scene.group("a", "b")
        try scene.advance(by: .seconds(3600))
        try scene.handle(.join(Scene.joiner("c"), isReady: false))
        #expect(scene.seen("c") == .connecting)
        #expect(scene.onHold[ParticipantID("c")] == true)
        try scene.handle(.ready(ParticipantID("c")))
        #expect(scene.rosters[ParticipantID("a")]?[ParticipantID("c")]?.state == .connected)
        #expect(scene.onHold[ParticipantID("c")] == false)
    }

    @Test("One who takes longer than the set-up time is out")
    func joinTimesOut() throws {
        var scene = try Scene.group("a")
        try scene.handle(.join(Scene.joiner("c"), isReady: false))
        try scene.advance(by: .seconds(85))
        #expect(scene.ending("c") == [.setUpTimedOut])
        #expect(scene.state("a") == .connected)
    }

    @Test("Nobody joins a call that has no group id")
    func joinOneToOne() throws {
        var scene = try Scene.talking("a", "b")
        guard case .invalidState = refusal({ try scene.join("c") }) else {
            Issue.record("a stranger joined a 1:1 call")
            return
        }
    }

    @Test("A user at two endpoints is two participants; one endpoint joins once")
    func twoEndpoints() throws {
        var scene = try Scene.group("a")
        try scene.handle(.join(Scene.joiner("a", endpoint: "a2", as: "a-second"), isReady: true))
        #expect(scene.machine.roster.map(\.user) == [UserID("8:acs:a"), UserID("8:acs:a")])
        let again = refusal {
            try scene.handle(.join(Scene.joiner("a", endpoint: "a2", as: "a-third"), isReady: true))
        }
        #expect(again == .invalidState("This endpoint is in the call already."))
    }

    @Test("A group lives until the last one leaves")
    func lastOneLeaves() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.hangUp(ParticipantID("a"), forEveryone: false))
        #expect(scene.ending("a") == [.hungUp])
        #expect(scene.state("b") == .connected)
        #expect(scene.rosters[ParticipantID("b")] == [:])
        try scene.handle(.hangUp(ParticipantID("b"), forEveryone: false))
        #expect(scene.ended == .hungUp)
    }

    @Test("Several who are called all ring; the call is on with the first")
    func dialSeveral() throws {
        var scene = Scene()
        try scene.dial("a", "b", "c")
        #expect(scene.machine.kind == .group)
        try scene.accept("c1")
        #expect(scene.state("a") == .connected)
        #expect(scene.seen("b") == .ringing)
        try scene.handle(.reject(EndpointID("b1"), .declined))
        #expect(scene.state("a") == .connected)
        #expect(scene.ended == nil)
    }

    @Test("When everybody declines, the caller is told so")
    func allDecline() throws {
        var scene = Scene()
        try scene.dial("a", "b", "c")
        try scene.handle(.reject(EndpointID("b1"), .declined))
        #expect(scene.ended == nil)
        try scene.handle(.reject(EndpointID("c1"), .declined))
        #expect(scene.ending("a") == [.declinedByAll])
    }

    @Test("When nobody comes for differing reasons, the call is just over")
    func mixedFailures() throws {
        var scene = Scene()
        try scene.dial("a", "b", "c")
        try scene.handle(.reject(EndpointID("b1"), .declined))
        try scene.advance(by: .seconds(60))
        #expect(scene.ending("a") == [.callOver])
        #expect(scene.removal("c") == .noAnswer)
    }

    @Test("When everybody has left, those who still ring fall silent")
    func ringWithoutCallers() throws {
        var scene = Scene()
        try scene.dial("a", "b", "c")
        try scene.accept("b1")
        try scene.handle(.hangUp(ParticipantID("a"), forEveryone: false))
        #expect(scene.ringing.contains(EndpointID("c1")))
        try scene.handle(.hangUp(ParticipantID("b"), forEveryone: false))
        #expect(scene.silenced[EndpointID("c1")] == .cancelled)
        #expect(scene.ended == .hungUp)
    }

    @Test("Hang up for everyone")
    func hangUpForEveryone() throws {
        var scene = try Scene.group("a", "b", "c")
        try scene.handle(.invite(Scene.invitee("d"), by: ParticipantID("a")))
        try scene.handle(.hangUp(ParticipantID("b"), forEveryone: true))
        for name in ["a", "b", "c"] {
            #expect(scene.ending(name) == [.endedForEveryone])
        }
        #expect(scene.silenced[EndpointID("d1")] == .endedForEveryone)
        #expect(scene.ended == .endedForEveryone)
    }

    @Test("350 participants, and not one more")
    func limit() throws {
        var machine = CallStateMachine(id: CallID("call"))
        _ = try machine.begin(.group(GroupID("g"), first: Scene.joiner("p0"), isReady: true), now: .zero)
        for number in 1..<350 {
            _ = try machine.handle(.join(Scene.joiner("p\(number)"), isReady: true), now: .zero)
        }
        let oneMore = CallStateMachine.Input.join(Scene.joiner("p350"), isReady: true)
        #expect(refusal { _ = try machine.handle(oneMore, now: .zero) } == .callFull(limit: 350))
        let invitation = CallStateMachine.Input.invite(Scene.invitee("p350"), by: ParticipantID("p0"))
        #expect(refusal { _ = try machine.handle(invitation, now: .zero) } == .callFull(limit: 350))
        _ = try machine.handle(.hangUp(ParticipantID("p7"), forEveryone: false), now: .zero)
        let actions = try machine.handle(oneMore, now: .zero)
        #expect(machine.snapshot(for: ParticipantID("p350"))?.participants.count == 349)
        let told = actions.compactMap { action -> Int? in
            if case .tellRoster(_, let legs) = action { legs.count } else { nil }
        }
        #expect(told == [349])
    }

    @Test("More callees than a call may have are refused before anybody rings")
    func tooManyCallees() {
        var scene = Scene()
        let invitees = (0..<350).map { Scene.invitee("c\($0)") }
        #expect(
            refusal { try scene.begin(.dial(caller: Scene.joiner("a"), invitees: invitees)) }
                == .callFull(limit: 350))
        #expect(scene.ringing.isEmpty)
    }
}
