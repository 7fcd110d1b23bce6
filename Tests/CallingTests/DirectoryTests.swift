import Calling
import CallingTestSupport
import Logging
import MediaVocabulary
import ProtocolCore
import Testing

/// An endpoint that remembers what it was told.
actor EndpointDouble: Endpoint {
    nonisolated let id: EndpointID
    nonisolated let user: UserID
    nonisolated let displayName: String
    nonisolated let takesCalls: Bool
    private(set) var incoming: [IncomingCall] = []
    private(set) var stopped: [CallEndReason] = []
    private(set) var messages: [LegMessage] = []

    init(_ name: String, _ number: Int = 1, takesCalls: Bool = true) {
        self.takesCalls = takesCalls
        id = EndpointID("\(name)\(number)")
        user = UserID("8:acs:\(name)")
        displayName = name
    }

    func ring(_ incoming: IncomingCall) { self.incoming.append(incoming) }
    func stopRinging(_ call: CallID, reason: CallEndReason) { stopped.append(reason) }
    func notify(_ message: LegMessage) { messages.append(message) }

    var states: [CallState] {
        messages.compactMap { message in
            if case .state(let state, _, _) = message.notification { state } else { nil }
        }
    }

    var endReason: CallEndReason? {
        for message in messages {
            if case .state(.disconnected, _, let reason) = message.notification { return reason }
        }
        return nil
    }
}

@Suite("Call directory")
struct DirectoryTests {
    private let clock = VirtualClock()
    private let media = MediaPlaneDouble()
    private let directory: CallDirectory
    private let a = EndpointDouble("a")
    private let b = EndpointDouble("b")
    private let b2 = EndpointDouble("b", 2)

    init() async {
        directory = CallDirectory(
            media: media, clock: clock, identifiers: IdentifierSource(SeededGenerator(seed: 1)),
            users: EverybodyExists(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for endpoint in [a, b, b2] {
            await directory.register(endpoint)
        }
    }

    private func start(_ offer: MediaOffer? = nil) async throws -> CallDirectory.SetUp {
        try await directory.start(from: a.id, targets: [b.user], isMuted: false, media: offer)
    }

    private func refusal(_ body: () async throws(CallRefusal) -> Void) async -> CallRefusal? {
        do throws(CallRefusal) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test("A whole 1:1 call, with media")
    func wholeCall() async throws {
        let setUp = try await start(MediaOffer(sdp: "a"))
        let call = setUp.snapshot.call
        #expect(setUp.snapshot.state == .connecting)
        #expect(setUp.media?.sdp == "answer to a")
        #expect(await a.states == [.ringing])
        #expect(await b.incoming.count == 1)
        #expect(await b2.incoming.count == 1)
        let caller = setUp.snapshot.participant
        #expect(await media.leg(caller, in: call)?.flows == false)
        #expect(await media.openFromTheStart.isEmpty)
        _ = try await directory.negotiate(MediaOffer(sdp: "again"), in: call, at: a.id)
        #expect(await media.leg(caller, in: call)?.flows == false)

        let taken = try await directory.accept(call, at: b.id, isMuted: false, media: MediaOffer(sdp: "b"))
        #expect(taken.snapshot.state == .connected)
        #expect(await b2.stopped == [.answeredElsewhere])
        #expect(await a.states == [.ringing, .connected])
        #expect(await media.leg(caller, in: call)?.flows == true)
        #expect(await media.leg(taken.snapshot.participant, in: call)?.flows == true)
        #expect(await media.openFromTheStart.isEmpty)
        #expect(await directory.counts.calls == 1)
        #expect(await directory.counts.participants == 2)

        try await directory.hangUp(call, at: a.id)
        #expect(await a.endReason == .hungUp)
        #expect(await b.endReason == .callOver)
        #expect(await media.conferences.isEmpty)
        #expect(await media.violations.isEmpty)
        let counts = await directory.counts
        #expect((counts.calls, counts.participants, counts.endpoints, counts.callsStarted) == (0, 0, 3, 1))
        #expect(
            await refusal { () throws(CallRefusal) in try await directory.hangUp(call, at: a.id) } == .callEnded(call))
        #expect(clock.waiting == 0)
    }

    @Test("An offer that cannot be answered rings nobody and leaves nothing behind")
    func offerRefusedAtStart() async throws {
        await media.refuseOffers("m-line 0 is odd")
        let refused = await refusal { () throws(CallRefusal) in
            _ = try await directory.start(from: a.id, targets: [b.user], isMuted: false, media: MediaOffer(sdp: "x"))
        }
        #expect(refused == .mediaNegotiationFailed(MediaNegotiationError("m-line 0 is odd")))
        #expect(await b.incoming.isEmpty)
        #expect(await media.conferences.isEmpty)
        #expect(await directory.counts.calls == 0)
    }

    @Test("An accept whose offer cannot be answered ends the call and says why to both")
    func offerRefusedAtAccept() async throws {
        let call = try await start().snapshot.call
        await media.refuseOffers("no")
        let refused = await refusal { () throws(CallRefusal) in
            _ = try await directory.accept(call, at: b.id, isMuted: false, media: MediaOffer(sdp: "x"))
        }
        #expect(refused == .mediaNegotiationFailed(MediaNegotiationError("no")))
        #expect(await a.endReason == .mediaNegotiationFailed)
        #expect(await b.endReason == .mediaNegotiationFailed)
    }

    @Test("No conference, no call")
    func noConference() async throws {
        await media.failToOpen()
        guard
            case .mediaUnavailable = await refusal({ () throws(CallRefusal) in
                _ = try await directory.start(from: a.id, targets: [b.user], isMuted: false)
            })
        else {
            Issue.record("a call without a conference")
            return
        }
        #expect(await directory.counts.calls == 0)
    }

    @Test("Targets are checked")
    func targets() async throws {
        for targets in [[], [a.user], [UserID("4:+4930")]] {
            guard
                case .invalidTarget = await refusal({ () throws(CallRefusal) in
                    _ = try await directory.start(from: a.id, targets: targets, isMuted: false)
                })
            else {
                Issue.record("\(targets) was accepted")
                continue
            }
        }
        let twice = try await directory.start(from: a.id, targets: [b.user, b.user], isMuted: false)
        #expect(twice.snapshot.kind == .oneToOne)
    }

    @Test("A callee who is signed in nowhere: the reply first, then the end")
    func unreachable() async throws {
        let setUp = try await directory.start(from: a.id, targets: [UserID("8:acs:z")], isMuted: false)
        #expect(setUp.snapshot.state == .connecting)
        #expect(await a.endReason == .noEndpoint)
    }

    @Test("Time-outs come by themselves")
    func noAnswer() async throws {
        _ = try await start()
        await clock.advance(by: .seconds(60))
        #expect(await a.endReason == .noAnswer)
        #expect(await b.stopped == [.noAnswer])
        #expect(clock.waiting == 0)
    }

    @Test("To strangers there is no such call")
    func strangers() async throws {
        let call = try await start().snapshot.call
        let c = EndpointDouble("c")
        await directory.register(c)
        #expect(
            await refusal { () throws(CallRefusal) in try await directory.hangUp(call, at: c.id) }
                == .callNotFound(call))
        #expect(
            await refusal { () throws(CallRefusal) in try await directory.reject(call, at: c.id) }
                == .callNotFound(call))
        guard
            case .invalidState = await refusal({ () throws(CallRefusal) in try await directory.hangUp(call, at: b.id) })
        else {
            Issue.record("a ringing callee hung up")
            return
        }
    }

    @Test("A group id names one call while it lasts, and a new one afterwards")
    func groups() async throws {
        let group = GroupID("g")
        let first = try await directory.join(group, from: a.id, isMuted: false)
        let second = try await directory.join(group, from: b.id, isMuted: true, media: MediaOffer(sdp: "b"))
        #expect(first.snapshot.call == second.snapshot.call)
        #expect(second.snapshot.participants.map(\.user) == [a.user])
        #expect(await media.leg(second.snapshot.participant, in: second.snapshot.call)?.isMuted == true)
        try await directory.hangUp(first.snapshot.call, at: a.id)
        try await directory.hangUp(first.snapshot.call, at: b.id)
        let third = try await directory.join(group, from: a.id, isMuted: false)
        #expect(third.snapshot.call != first.snapshot.call)
        #expect(await media.violations.isEmpty)
    }

    @Test("One who joins the call that rings becomes the participant that was called")
    func joinWhileRinging() async throws {
        let call = try await directory.join(GroupID("g"), from: a.id, isMuted: false).snapshot.call
        let invited = try await directory.add(b.user, to: call, by: a.id)
        let joined = try await directory.join(GroupID("g"), from: b.id, isMuted: false, media: MediaOffer(sdp: "b"))
        #expect(joined.snapshot.participant == invited)
        #expect(joined.snapshot.state == .connected)
        #expect(await b2.stopped == [.answeredElsewhere])
        #expect(await directory.counts.participants == 2)
    }

    @Test("Many who join at once are in one call")
    func joinAtOnce() async throws {
        let endpoints = (0..<20).map { EndpointDouble("p\($0)") }
        for endpoint in endpoints {
            await directory.register(endpoint)
        }
        let directory = self.directory
        let calls = try await withThrowingTaskGroup(of: CallID.self) { group in
            for endpoint in endpoints {
                group.addTask {
                    try await directory.join(
                        GroupID("g"), from: endpoint.id, isMuted: false, media: MediaOffer(sdp: "x")
                    ).snapshot.call
                }
            }
            return try await group.reduce(into: Set<CallID>()) { $0.insert($1) }
        }
        #expect(calls.count == 1)
        #expect(await directory.counts.participants == 20)
        #expect(await media.conferences.count == 1)
    }

    @Test("An endpoint that registers during the ring rings too; one that goes away leaves its calls")
    func registration() async throws {
        let call = try await start().snapshot.call
        let b3 = EndpointDouble("b", 3)
        await directory.register(b3)
        #expect(await b3.incoming.map(\.call) == [call])
        _ = try await directory.accept(call, at: b3.id, isMuted: false)
        await directory.unregister(b3.id, reason: .unauthorized)
        #expect(await b3.endReason == .unauthorized)
        #expect(await a.endReason == .callOver)
    }

    @Test("Lost signalling shows, and the window ends it")
    func lostSignalling() async throws {
        let setUp = try await start()
        _ = try await directory.accept(setUp.snapshot.call, at: b.id, isMuted: false)
        await directory.setSignallingLost(true, at: b.id)
        #expect(await directory.snapshots(for: a.id).first?.participants.first?.state == .reconnecting)
        await directory.setSignallingLost(false, at: b.id)
        #expect(await directory.snapshots(for: a.id).first?.participants.first?.state == .connected)
        await directory.setSignallingLost(true, at: b.id)
        await clock.advance(by: .seconds(60))
        #expect(await b.endReason == .networkLost)
        #expect(await a.endReason == .callOver)
    }

    @Test("Media news reaches the leg it concerns, slots with a sentence")
    func mediaNews() async throws {
        let setUp = try await start(MediaOffer(sdp: "a"))
        let call = setUp.snapshot.call
        let taken = try await directory.accept(call, at: b.id, isMuted: false)
        let (caller, callee) = (setUp.snapshot.participant, taken.snapshot.participant)
        await directory.handle(.connected(call, caller))
        await directory.handle(
            .slots(
                call, caller,
                [
                    SlotState(
                        mid: "6", participant: callee, source: .camera,
                        condition: .unavailable(.codecNotSupported), codec: .h264)
                ]))
        await directory.handle(.codecWanted(call, caller, mid: "1", .vp8, instead: .h264))
        let notifications = await a.messages.map(\.notification)
        #expect(notifications.contains(.media(isConnected: true)))
        let reason = "Somebody who watches cannot decode H264."
        #expect(notifications.contains(.codecWanted(mid: "1", codec: .vp8, reason: reason)))
        let sentences = notifications.compactMap { notification -> String? in
            if case .slots(let slots) = notification { slots.first?.message } else { nil }
        }
        #expect(sentences == ["b sends H264, which this client cannot decode."])
        await clock.advance(by: .seconds(1000))
        #expect(await a.endReason == nil)
    }

    @Test("Leg messages of a call carry rising versions, above that of the snapshot")
    func versions() async throws {
        let setUp = try await start()
        let call = setUp.snapshot.call
        _ = try await directory.accept(call, at: b.id, isMuted: false)
        try await directory.setMuted(true, in: call, at: b.id)
        try await directory.setOnHold(true, in: call, at: b.id)
        let versions = await a.messages.map(\.version)
        #expect(versions.allSatisfy { $0 > setUp.snapshot.version })
        #expect(versions == versions.sorted())
    }

    @Test("Events tell the whole call in order")
    func events() async throws {
        let stream = await directory.events()
        let call = try await start().snapshot.call
        try await directory.reject(call, at: b.id)
        var facts: [String] = []
        for await event in stream {
            #expect(event.call == call)
            #expect(event.sequence == UInt64(facts.count + 1))
            switch event.fact {
            case .callStarted: facts.append("started")
            case .kindChanged: facts.append("kind")
            case .participantAdded: facts.append("added")
            case .participantUpdated: facts.append("updated")
            case .stateChanged(_, let state): facts.append(state.rawValue)
            case .participantRemoved: facts.append("removed")
            case .callEnded: facts.append("ended")
            }
            if facts.last == "ended" { break }
        }
        #expect(
            facts == [
                "started", "added", "added", "Connecting", "updated", "Ringing", "removed", "removed", "ended",
            ])
    }

    @Test("Draining takes no new calls, and hanging up everything ends the rest")
    func draining() async throws {
        let call = try await start().snapshot.call
        await directory.drain()
        #expect(
            await refusal { () throws(CallRefusal) in
                _ = try await directory.start(from: a.id, targets: [b.user], isMuted: false)
            } == .serverClosing)
        _ = try await directory.accept(call, at: b.id, isMuted: false)
        await directory.hangUpEverything()
        #expect(await a.endReason == .serverClosing)
        #expect(await directory.counts.calls == 0)
    }

    @Test("Adding somebody who cannot be reached gives a participant that goes again")
    func addUnreachable() async throws {
        let call = try await directory.join(GroupID("g"), from: a.id, isMuted: false).snapshot.call
        let participant = try await directory.add(UserID("8:acs:z"), to: call, by: a.id)
        let removed = await a.messages.compactMap { message -> CallEndReason? in
            guard case .roster(let change) = message.notification else { return nil }
            return change.removed.first { $0.participant == participant }?.reason
        }
        #expect(removed == [.noEndpoint])
    }

    @Test("An endpoint that takes no calls does not ring, and alone leaves its user unreachable")
    func streamsDoNotRing() async throws {
        let stream = EndpointDouble("c", takesCalls: false)
        await directory.register(stream)
        _ = try await directory.start(from: a.id, targets: [stream.user], isMuted: false, media: nil)
        await clock.advance(by: .seconds(1))
        #expect(await stream.incoming.isEmpty)
        #expect(await a.endReason?.subCode == 10037)
    }
}
