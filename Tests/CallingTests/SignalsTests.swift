import Calling
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Raised hands, spotlight, reactions")
struct SignalsTests {
    private let a = ParticipantID("a")
    private let b = ParticipantID("b")
    private let c = ParticipantID("c")

    private func marks(_ scene: Scene, _ participant: ParticipantID, seenBy other: ParticipantID) -> ParticipantMarks? {
        scene.rosters[other]?[participant]?.marks
    }

    @Test("A raised hand is seen by everybody, in the order of raising, and by who comes later")
    func raise() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.signal(.hand(isRaised: true), by: b))
        try scene.handle(.signal(.hand(isRaised: true), by: a))
        #expect(scene.own[b]?.marks.hand == 1)
        #expect(marks(scene, b, seenBy: a)?.hand == 1)
        #expect(marks(scene, a, seenBy: b)?.hand == 2)
        try scene.join("c")
        #expect(marks(scene, b, seenBy: c)?.hand == 1)
        #expect(marks(scene, a, seenBy: c)?.hand == 2)
        #expect(scene.machine.snapshot(for: b)?.own.marks.hand == 1)
    }

    @Test("Raising a raised hand changes nothing; lowering it and raising it puts it last")
    func raiseAgain() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.signal(.hand(isRaised: true), by: a))
        try scene.handle(.signal(.hand(isRaised: true), by: b))
        try scene.handle(.signal(.hand(isRaised: true), by: a))
        #expect(scene.lastActions.isEmpty)
        try scene.handle(.signal(.hand(isRaised: false), by: a))
        #expect(marks(scene, a, seenBy: b)?.hand == nil)
        try scene.handle(.signal(.hand(isRaised: true), by: a))
        #expect(marks(scene, a, seenBy: b)?.hand == 3)
    }

    @Test("Others take hands down, some or all")
    func lower() throws {
        var scene = try Scene.group("a", "b", "c")
        for participant in [a, b, c] {
            try scene.handle(.signal(.hand(isRaised: true), by: participant))
        }
        try scene.handle(.signal(.lowerHands([b]), by: a))
        #expect([a, b, c].map { scene.own[$0]?.marks.hand } == [1, nil, 3])
        try scene.handle(.signal(.lowerHands(nil), by: b))
        #expect([a, b, c].map { scene.own[$0]?.marks.hand } == [nil, nil, nil])
        let stranger = ParticipantID("stranger")
        #expect(
            refusal { try scene.handle(.signal(.lowerHands([a, stranger]), by: a)) } == .participantNotFound(stranger))
    }

    @Test("A hand stays up through a lost connection, and goes with its owner")
    func reconnect() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.signal(.hand(isRaised: true), by: b))
        try scene.handle(.signalling(b, isLost: true))
        #expect(marks(scene, b, seenBy: a)?.hand == 1)
        try scene.handle(.signalling(b, isLost: false))
        #expect(scene.machine.snapshot(for: b)?.own.marks.hand == 1)
        try scene.handle(.hangUp(b, forEveryone: false))
        try scene.handle(.join(Scene.joiner("b", as: "b-2"), isReady: true))
        #expect(marks(scene, ParticipantID("b-2"), seenBy: a)?.hand == nil)
    }

    @Test("Seven are in the spotlight at most; who is in it already does not count twice")
    func spotlight() throws {
        let names = (1...8).map { "p\($0)" }
        var scene = try Scene.group("p1")
        for name in names.dropFirst() { try scene.join(name) }
        let everybody = names.map { ParticipantID($0) }
        try scene.handle(.signal(.startSpotlight(Array(everybody[1...4])), by: everybody[0]))
        #expect(everybody.map { scene.own[$0]?.marks.spotlight } == [nil, 1, 2, 3, 4, nil, nil, nil])
        let all = refusal { try scene.handle(.signal(.startSpotlight(everybody), by: everybody[0])) }
        #expect(all == .invalidState("At most 7 participants are in the spotlight."))
        try scene.handle(.signal(.startSpotlight(Array(everybody[0...6])), by: everybody[7]))
        #expect(everybody.map { scene.own[$0]?.marks.spotlight } == [5, 1, 2, 3, 4, 6, 7, nil])
        try scene.handle(.signal(.endSpotlight([everybody[1]]), by: everybody[1]))
        try scene.handle(.signal(.startSpotlight([everybody[7], everybody[7]]), by: everybody[7]))
        #expect(scene.own[everybody[7]]?.marks.spotlight == 8)
        try scene.handle(.signal(.endSpotlight(nil), by: everybody[3]))
        #expect(everybody.allSatisfy { scene.own[$0]?.marks == ParticipantMarks() })
    }

    @Test("One who only rings can neither raise a hand nor be shown")
    func ringing() throws {
        var scene = Scene()
        try scene.dial("a", "b")
        let waiting = CallRefusal.invalidState("The participant is not connected yet.")
        #expect(refusal { try scene.handle(.signal(.hand(isRaised: true), by: a)) } == waiting)
        let unanswered = CallRefusal.invalidState("The participant has not answered yet.")
        #expect(refusal { try scene.handle(.signal(.hand(isRaised: true), by: b)) } == unanswered)
        var group = try Scene.group("a")
        try group.handle(.invite(Scene.invitee("b"), by: a))
        #expect(refusal { try group.handle(.signal(.startSpotlight([b]), by: a)) } == unanswered)
    }

    @Test("A reaction reaches everybody who is connected, its sender included")
    func react() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.signal(.reaction(.heart), by: a))
        let told = [ParticipantReaction(participant: a, reaction: .heart)]
        #expect(scene.reactions == [a: told, b: told])
    }

    @Test("Reactions that come close together are told together, the newest of each participant")
    func gathered() throws {
        var scene = try Scene.group("a", "b")
        try scene.handle(.signal(.reaction(.like), by: a))
        try scene.handle(.signal(.reaction(.like), by: a))
        try scene.handle(.signal(.reaction(.laugh), by: b))
        try scene.handle(.signal(.reaction(.heart), by: a))
        #expect(scene.reactions[b]?.count == 1)
        try scene.advance(by: .milliseconds(249))
        #expect(scene.reactions[b]?.count == 1)
        try scene.advance(by: .milliseconds(1))
        #expect(
            scene.reactions[b]?.dropFirst().map { $0 } == [
                ParticipantReaction(participant: b, reaction: .laugh),
                ParticipantReaction(participant: a, reaction: .heart),
            ])
        #expect(scene.machine.nextDeadline == nil)
        try scene.advance(by: .seconds(1))
        try scene.handle(.signal(.reaction(.like), by: b))
        #expect(scene.reactions[a]?.count == 4)
    }

    @Test("A report has a limit, and the oldest reactions give way")
    func limit() throws {
        var limits = CallLimits()
        limits.reactionsPerReport = 3
        var scene = Scene(limits: limits)
        try scene.begin(.group(GroupID("g"), first: Scene.joiner("p0"), isReady: true))
        for number in 1...5 { try scene.join("p\(number)") }
        for number in 0...5 {
            try scene.handle(.signal(.reaction(.applause), by: ParticipantID("p\(number)")))
        }
        try scene.advance(by: .milliseconds(250))
        let told = scene.reactions[ParticipantID("p0")]?.map(\.participant.rawValue)
        #expect(told == ["p0", "p3", "p4", "p5"])
        #expect(scene.limitHits == [.reactionsPerReport, .reactionsPerReport])
    }

    @Test("What the caller's application tells reaches the callee with the ring, late endpoints too")
    func context() throws {
        let context = CustomContext(userToUser: "order 4711", headers: [.init(key: "queue", value: "billing")])
        var invitee = Scene.invitee("b")
        invitee.context = context
        var scene = Scene()
        try scene.begin(.dial(caller: Scene.joiner("a"), invitees: [invitee]))
        #expect(scene.machine.incomingCall(at: EndpointID("b1"))?.context == context)
        try scene.handle(.ringing(b))
        try scene.handle(.endpointAppeared(EndpointID("b2"), user: UserID("8:acs:b")))
        #expect(scene.machine.incomingCall(at: EndpointID("b2"))?.context == context)
    }
}
