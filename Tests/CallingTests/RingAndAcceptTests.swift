import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Ring and accept")
struct RingAndAcceptTests {
    @Test("A call goes from connecting through ringing to connected, for both")
    func wholeSetUp() throws {
        var scene = Scene()
        try scene.begin(.dial(caller: Scene.joiner("a"), invitees: [Scene.invitee("b", endpoints: 2)]))
        #expect(scene.state("a") == .connecting)
        #expect(scene.ringing == [EndpointID("b1"), EndpointID("b2")])
        #expect(scene.machine.kind == .oneToOne)
        try scene.handle(.ringing(ParticipantID("b")))
        #expect(scene.state("a") == .ringing)
        #expect(scene.seen("b") == .ringing)
        try scene.accept("b2")
        #expect(scene.state("a") == .connected)
        #expect(scene.state("b") == .connected)
        #expect(scene.seen("b") == .connected)
        #expect(scene.silenced == [EndpointID("b1"): .answeredElsewhere])
        #expect(scene.machine.snapshot(for: ParticipantID("b"))?.direction == .incoming)
        #expect(scene.machine.snapshot(for: ParticipantID("a"))?.direction == .outgoing)
    }

    @Test("Nobody's media flows before the call is answered")
    func mediaStaysCutOff() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        #expect(scene.onHold == [ParticipantID("a"): true])
        try scene.handle(.accept(EndpointID("b1"), displayName: "b", isMuted: false, isReady: false))
        #expect(scene.onHold == [ParticipantID("a"): true, ParticipantID("b"): true])
        #expect(scene.state("a") == .ringing)
        #expect(scene.seen("b") == .connecting)
        try scene.handle(.ready(ParticipantID("b")))
        #expect(scene.onHold == [ParticipantID("a"): false, ParticipantID("b"): false])
        #expect(scene.state("a") == .connected)
    }

    @Test("The ringing endpoint is told who calls")
    func incomingCall() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        let incoming = try #require(scene.machine.incomingCall(at: EndpointID("b1")))
        #expect(incoming.caller == UserID("8:acs:a"))
        #expect(incoming.callerDisplayName == "a")
        #expect(incoming.kind == .oneToOne)
        #expect(incoming.participantCount == 1)
        #expect(scene.machine.incomingCall(at: EndpointID("c1")) == nil)
    }

    @Test("An endpoint that signs in during the ring rings as well")
    func lateEndpoint() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.handle(.endpointAppeared(EndpointID("b2"), user: UserID("8:acs:b")))
        try scene.handle(.endpointAppeared(EndpointID("c1"), user: UserID("8:acs:c")))
        #expect(scene.ringing == [EndpointID("b1"), EndpointID("b2")])
        try scene.accept("b2")
        #expect(scene.state("b") == .connected)
    }

    @Test("One who accepts muted is muted")
    func acceptMuted() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        try scene.handle(.accept(EndpointID("b1"), displayName: "Bea", isMuted: true, isReady: true))
        #expect(scene.muted == [ParticipantID("b"): true])
        #expect(scene.rosters[ParticipantID("a")]?[ParticipantID("b")]?.isMuted == true)
        #expect(scene.rosters[ParticipantID("a")]?[ParticipantID("b")]?.displayName == "Bea")
    }

    @Test("Hanging up ends a 1:1 call for both")
    func hangUp() throws {
        var scene = try Scene.talking("a", "b")
        try scene.handle(.hangUp(ParticipantID("b"), forEveryone: false))
        #expect(scene.ending("b") == [.hungUp])
        #expect(scene.ending("a") == [.callOver])
        #expect(scene.ended == .hungUp)
        #expect(refusal { try scene.handle(.timeout) } == .callEnded(CallID("call")))
    }
}
