import CallingTestSupport
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Calling
@testable import Signaling

@Suite("What one user may have")
struct UserLimitTests {
    private static func group(_ number: Int) -> JSONValue {
        .string("2f6a8c1e-5d4b-4a39-8b27-" + String(100_000_000_000 + number))
    }

    private static func limits(_ change: (inout UserLimits) -> Void) -> UserLimits {
        var limits = UserLimits()
        change(&limits)
        return limits
    }

    @Test("Calls at a time, over all devices, however they are begun; one that ends makes room")
    func callsPerUser() async throws {
        let stage = Stage(userLimits: Self.limits { $0.calls = 3 })
        let ada = await stage.signIn("ada")
        let phone = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let ringing = try #require(await bea.request("call.start", ["targets": ["8:acs:ada"]])["call"]?["callId"])
        let first = try #require(await ada.request("call.join", ["groupId": Self.group(1)])["call"]?["callId"])
        #expect(await phone.request("call.join", ["groupId": Self.group(1)])["type"] == "reply")
        #expect(await ada.request("call.start", ["targets": ["8:acs:bea"]])["type"] == "reply")
        for (act, members) in [
            ("call.join", ["groupId": Self.group(2)]), ("call.start", ["targets": ["8:acs:bea"]]),
            ("call.accept", ["callId": ringing]),
        ] as [(String, JSONValue)] {
            let refused = await phone.request(act, members)
            #expect(refused.refusal == "limitReached", "\(act)")
            #expect(refused["error"]?.codes == "429/0")
            #expect(refused["error"]?["target"] == "calls.perUser")
        }
        // Being rung takes no place, neither the caller's nor the callee's.
        #expect(await stage.directory.counts.calls == 3)
        await ada.request("call.hangUp", ["callId": first])
        #expect(await phone.request("call.accept", ["callId": ringing])["type"] == "reply")
        #expect(await phone.request("call.join", ["groupId": Self.group(3)]).refusal == "limitReached")
    }

    @Test("A refused or failed attempt takes no place")
    func failures() async {
        let stage = Stage(userLimits: Self.limits { $0.calls = 1 })
        let ada = await stage.signIn("ada")
        for _ in 0..<5 {
            #expect(await ada.request("call.start", ["targets": ["nobody"]]).refusal == "userNotFound")
        }
        await stage.media.refuseOffers("no")
        for number in 0..<5 {
            let refused = await ada.request("call.join", ["groupId": Self.group(number), "media": ["sdp": "x"]])
            #expect(refused.refusal == "mediaNegotiationFailed")
        }
        #expect(await ada.request("call.join", ["groupId": Self.group(9)])["type"] == "reply")
        await ada.send(["type": "bye"])
        let again = await stage.signIn("ada")
        #expect(await again.request("call.join", ["groupId": Self.group(9)])["type"] == "reply")
    }

    @Test("People rung in a minute, one for each of a group; they come back evenly")
    func ringsPerMinute() async {
        let stage = Stage(userLimits: Self.limits { $0.ringsPerMinute = 6 })
        let ada = await stage.signIn("ada")
        #expect(await ada.request("call.start", ["targets": ["8:acs:a", "8:acs:b", "8:acs:c"]])["type"] == "reply")
        let joined = await ada.request("call.join", ["groupId": Self.group(1)])
        let call = joined["call"]?["callId"] ?? .null
        #expect(await ada.request("call.add", ["callId": call, "target": "8:acs:d"])["type"] == "reply")
        let refused = await ada.request("call.start", ["targets": ["8:acs:a", "8:acs:b"]])
        #expect(refused.refusal == "limitReached")
        #expect(refused["error"]?["target"] == "calls.ringsPerMinute")
        #expect(await ada.request("call.start", ["targets": ["8:acs:a"]])["type"] == "reply")
        #expect(await ada.request("call.join", ["groupId": Self.group(2)]).refusal == "limitReached")
        // Joining a call that is there rings nobody.
        let bea = await stage.signIn("bea")
        await bea.request("call.join", ["groupId": Self.group(3)])
        #expect(await ada.request("call.join", ["groupId": Self.group(3)])["type"] == "reply")
        await ada.stayAlive(for: .seconds(10))
        #expect(await ada.request("call.start", ["targets": ["8:acs:a"]])["type"] == "reply")
        #expect(await ada.request("call.start", ["targets": ["8:acs:a"]]).refusal == "limitReached")
    }

    @Test("Devices at which a user is signed in: lost ones make way, living ones do not")
    func sessionsPerUser() async {
        var settings = SignalingSettings()
        settings.sessionsPerUser = 3
        let stage = Stage(settings: settings)
        let clients = [await stage.signIn("ada"), await stage.signIn("ada"), await stage.signIn("ada")]
        let refused = await stage.signIn("ada")
        #expect(refused.push("error")?.refusal == "limitReached")
        #expect(refused.connection.closeCode == 4429)
        #expect(await stage.signIn("bea").connection.closeCode == nil)
        await clients[1].channel.closed()
        #expect(await stage.signIn("ada").connection.closeCode == nil)
        #expect(clients[0].connection.closeCode == nil)
        #expect(await stage.service.sessionCount == 4)
        await clients[0].send(["type": "bye"])
        #expect(await stage.signIn("ada").connection.closeCode == nil)
        #expect(await stage.signIn("ada").connection.closeCode == 4429)
    }

    @Test("Nothing is kept of users who have nothing any more")
    func nothingKept() throws {
        var loads = UserLoads(limits: .standard)
        for number in 0..<5_000 {
            let user = UserID("8:acs:\(number)")
            try loads.reserve(for: user)
            try loads.ring(1, by: user, now: .zero + .seconds(number))
            loads.seat(ParticipantID("p"), of: user)
            loads.release(for: user)
            loads.unseat(ParticipantID("p"), of: user)
        }
        #expect(loads.count < 2_100)
    }

    @Test("More elements than an array may have")
    func elements() async {
        let stage = Stage()
        let ada = await stage.signIn("ada")
        let names = JSONValue.array(Array(repeating: "p", count: MessageLimits.names + 1))
        for (type, member) in [("call.start", "targets"), ("call.muteParticipants", "participantIds")] {
            let refused = await ada.request(
                type, .object([.init(name: "callId", value: "c"), .init(name: member, value: names)]))
            #expect(refused["error"]?["target"] == .string(member))
        }
        let many = JSONValue.array((0..<400).map { .string("8:acs:\($0)") })
        #expect(await ada.request("call.start", ["targets": many]).refusal == "callFull")
    }

    @Test("Of the ends of calls that a client missed the newest hundred are told")
    func missedNews() async throws {
        let stage = Stage()
        let ada = await stage.signIn("ada")
        let key = ada.push("welcome")?["resume"]?.string
        var callers: [(Client, JSONValue)] = []
        for number in 0..<SignalingSession.missedLimit + 1 {
            let caller = await stage.signIn("caller\(number)")
            let call = try #require(await caller.request("call.start", ["targets": ["8:acs:ada"]])["call"]?["callId"])
            callers.append((caller, call))
        }
        await ada.channel.closed()
        for (caller, call) in callers { await caller.request("call.hangUp", ["callId": call]) }
        let again = await stage.signIn("ada", resume: key)
        let ended = again.connection.takeAll().filter { $0["type"] == "incomingCallEnded" }
        #expect(ended.count == SignalingSession.missedLimit)
        #expect(ended.first?["callId"] == callers[1].1)
    }

    @Test("When too much is told of a call before its snapshot is, the client has to come again")
    func earlyNews() async throws {
        // The call itself tells a little, too.
        for count in [SignalingSession.earlyLimit - 10, SignalingSession.earlyLimit + 1] {
            let stage = Stage()
            let connection = ConnectionDouble()
            let endpoint = EndpointID("ada's")
            let session = await SignalingSession(
                sessionID: "s", endpoint: endpoint, displayName: "Ada",
                token: try stage.tokens.verify("ada"), surroundings: stage.surroundings)
            let link = await session.open(on: connection, resumeKey: "key")
            await stage.media.holdOffers()
            let joining = Task {
                let media = MediaOffer(sdp: "x")
                await session.handle(.join(GroupID("g"), isMuted: false, media: media), id: 1, on: link)
            }
            while await stage.media.heldOfferCount == 0 { await Task.yield() }
            let call = try #require(await stage.media.conferences.keys.first)
            for version in 1...count {
                await session.notify(
                    LegMessage(
                        call: call, participant: ParticipantID("p"), version: UInt64(version) + 1_000,
                        notification: .reactions([])))
            }
            await stage.media.releaseOffers()
            await joining.value
            #expect(connection.closeCode == (count > SignalingSession.earlyLimit ? 4429 : nil))
        }
    }

    @Test("Of ended calls the newest thousand are remembered")
    func rememberedCalls() async throws {
        var limits = UserLimits()
        limits.ringsPerMinute = .max
        let stage = Stage(userLimits: limits)
        let ada = await stage.signIn("ada")
        var calls: [JSONValue] = []
        for number in 0...1_000 {
            let call = try #require(await ada.request("call.join", ["groupId": Self.group(number)])["call"]?["callId"])
            await ada.request("call.hangUp", ["callId": call])
            calls.append(call)
            if number % 50 == 0 { await ada.stayAlive(for: .seconds(15)) }
        }
        #expect(await ada.request("call.hangUp", ["callId": calls[0]]).refusal == "callNotFound")
        #expect(await ada.request("call.hangUp", ["callId": calls[1]]).refusal == "callEnded")
    }

    @Test("The tables name each bound once")
    func tables() {
        let names = ([Limit].signaling + [Limit].calling).map(\.name)
        #expect(Set(names).count == names.count)
        #expect(([Limit].signaling + [Limit].calling).allSatisfy { $0.value > 0 && !$0.test.isEmpty })
    }
}
