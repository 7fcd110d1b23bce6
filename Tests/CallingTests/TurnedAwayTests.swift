import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Reject, busy, cancel, no answer")
struct TurnedAwayTests {
    @Test("A reject at one endpoint ends the ring at all of them")
    func reject() throws {
        var scene = Scene()
        try scene.dial("a", "b", endpoints: 3)
        try scene.handle(.reject(EndpointID("b2"), .declined))
        #expect(scene.ending("a") == [.declined])
        #expect(scene.silenced == [EndpointID("b1"): .declined, EndpointID("b3"): .declined])
        #expect(scene.removal("b") == .declined)
        #expect(scene.ended == .declined)
    }

    @Test("Busy is the callee's own word")
    func busy() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.handle(.reject(EndpointID("b1"), .busy))
        #expect(scene.ending("a").map(\.code) == [486])
    }

    @Test("The caller's cancel silences the callee")
    func cancel() throws {
        var scene = Scene()
        try scene.dial("a", "b", endpoints: 2)
        try scene.handle(.hangUp(ParticipantID("a"), forEveryone: false))
        #expect(scene.ending("a") == [.cancelled])
        #expect(scene.silenced == [EndpointID("b1"): .cancelled, EndpointID("b2"): .cancelled])
        #expect(scene.ended == .cancelled)
    }

    @Test("Nobody answers within the ring time")
    func noAnswer() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.advance(by: .seconds(59))
        #expect(scene.ended == nil)
        try scene.advance(by: .seconds(1))
        #expect(scene.ending("a") == [.noAnswer])
        #expect(scene.silenced == [EndpointID("b1"): .noAnswer])
    }

    @Test("A callee who is signed in nowhere is due at once")
    func noEndpoint() throws {
        var scene = Scene()
        try scene.begin(.dial(caller: Scene.joiner("a"), invitees: [Scene.invitee("b", endpoints: 0)]))
        #expect(scene.state("a") == .connecting)
        #expect(scene.machine.nextDeadline == scene.now)
        try scene.handle(.timeout)
        #expect(scene.ending("a") == [.noEndpoint])
    }

    @Test("All endpoints of the callee vanish while it rings")
    func calleeVanishes() throws {
        var scene = Scene()
        try scene.dial("a", "b", endpoints: 2)
        try scene.handle(.endpointGone(EndpointID("b1")))
        #expect(scene.ended == nil)
        try scene.handle(.endpointGone(EndpointID("b2")))
        #expect(scene.ending("a") == [.calleeVanished])
    }

    @Test("A callee whose media cannot be negotiated tells the caller why")
    func negotiationFails() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.handle(.accept(EndpointID("b1"), displayName: "b", isMuted: false, isReady: false))
        try scene.handle(.drop(ParticipantID("b"), .mediaNegotiationFailed))
        #expect(scene.ending("b") == [.mediaNegotiationFailed])
        #expect(scene.ending("a") == [.mediaNegotiationFailed])
    }

    @Test("Of two accepts the first wins; the second is refused")
    func raceOfTwoAccepts() throws {
        var scene = Scene()
        try scene.dial("a", "b", endpoints: 2)
        try scene.accept("b1")
        let late = refusal { try scene.accept("b2") }
        #expect(late == .notRinging(CallID("call"), .accept))
        #expect(scene.silenced == [EndpointID("b2"): .answeredElsewhere])
        #expect(scene.machine.roster.map(\.participant) == [ParticipantID("a"), ParticipantID("b")])
    }

    @Test("A reject after the accept of another endpoint is refused and harms nobody")
    func rejectAfterAccept() throws {
        var scene = Scene()
        try scene.dial("a", "b", endpoints: 2)
        try scene.accept("b1")
        #expect(refusal { try scene.handle(.reject(EndpointID("b2"), .declined)) } != nil)
        #expect(scene.state("b") == .connected)
    }

    @Test("A ringing callee cannot hang up, mute or hold")
    func outOfState() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        let b = ParticipantID("b")
        for input in [
            CallStateMachine.Input.hangUp(b, forEveryone: false), .mute(b, true), .hold(b, true), .ready(b),
            .muteOthers(nil, by: b), .invite(Scene.invitee("c"), by: ParticipantID("a")),
            .hold(ParticipantID("a"), true),
        ] {
            guard case .invalidState = refusal({ try scene.handle(input) }) else {
                Issue.record("\(input) was not refused")
                continue
            }
        }
        #expect(scene.seen("b") == .ringing)
    }
}
