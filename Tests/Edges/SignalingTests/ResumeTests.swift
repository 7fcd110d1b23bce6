import Calling
import CallingTestSupport
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Resuming a session")
struct ResumeTests {
    private let stage = Stage()

    private func key(_ client: Client) -> String {
        client.push("welcome")?["resume"]?.string ?? ""
    }

    @Test("Within the window: the same participant, a snapshot, no new entry in the roster")
    func withinTheWindow() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call = await stage.talking(ada, bea, "bea")
        _ = ada.connection.takeAll()
        let old = key(bea)
        await bea.channel.closed()
        await stage.clock.advance(by: .milliseconds(50))
        #expect(ada.push("call.roster")?["changed"]?.elements.first?["state"] == "Reconnecting")
        await ada.request("call.mute", ["callId": .string(call), "muted": true])
        await ada.stayAlive(for: .seconds(59))
        let back = await stage.signIn("bea", resume: old)
        let welcome = try #require(back.push("welcome"))
        #expect(welcome["resumed"] == true)
        #expect(welcome["resume"] != .string(old))
        let snapshot = try #require(welcome["calls"]?.elements.first)
        #expect(snapshot["callId"] == .string(call))
        #expect(snapshot["state"] == "Connected")
        #expect(snapshot["participants"]?.elements.first?["muted"] == true)
        #expect(back.pending.isEmpty)
        await stage.clock.advance(by: .milliseconds(50))
        let roster = try #require(ada.push("call.roster"))
        #expect(roster["added"] == .array([]))
        #expect(roster["changed"]?.elements.first?["state"] == "Connected")

        // The call goes on where the snapshot ends.
        await ada.request("call.mute", ["callId": .string(call), "muted": false])
        let next = try #require(back.push("call.roster"))
        #expect(next["sequence"]?.integer == (snapshot["rosterSequence"]?.integer ?? 0) + 1)
        await back.stayAlive(for: .seconds(120), others: ada)
        #expect(ada.connection.closeCode == nil)
        #expect(await stage.directory.counts.participants == 2)
    }

    @Test("After the window the session is gone and the call is over")
    func afterTheWindow() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        _ = await stage.talking(ada, bea, "bea")
        let old = key(bea)
        await bea.channel.closed()
        await ada.stayAlive(for: .seconds(60))
        var last: JSONValue?
        while let state = ada.push("call.state") { last = state }
        #expect(last?["reason"]?.codes == "0/5003")
        let back = await stage.signIn("bea", resume: old)
        let welcome = try #require(back.push("welcome"))
        #expect(welcome["resumed"] == false)
        #expect(welcome["calls"] == .array([]))
    }

    @Test("The old connection is closed when the session goes on over another")
    func takenOver() async throws {
        let ada = await stage.signIn("ada")
        let old = key(ada)
        let second = await stage.signIn("ada", resume: old)
        #expect(second.push("welcome")?["resumed"] == true)
        #expect(ada.connection.closeCode == 4409)
        await ada.channel.closed()
        await second.send(["type": "ping", "time": 1])
        #expect(second.push("pong") != nil)
        await ada.send(["type": "bye"])
        #expect(second.connection.closeCode == nil)
    }

    @Test("A resume key is good once, but stays good while the client may not have got the new one")
    func keyRotation() async throws {
        let first = await stage.signIn("ada")
        let old = key(first)
        let second = await stage.signIn("ada", resume: old)
        let third = await stage.signIn("ada", resume: old)
        #expect(third.push("welcome")?["resumed"] == true)
        await third.send(["type": "ping", "time": 1])
        #expect(await stage.signIn("ada", resume: old).push("welcome")?["resumed"] == false)
        let unused = key(second)
        #expect(await stage.signIn("ada", resume: unused).push("welcome")?["resumed"] == false)
    }

    @Test("Nobody resumes the session of another user")
    func stolenKey() async throws {
        let ada = await stage.signIn("ada")
        let thief = await stage.signIn("bea", resume: key(ada))
        #expect(thief.push("welcome")?["resumed"] == false)
        #expect(ada.connection.closeCode == nil)
    }

    @Test("An incoming call that still rings follows again; one that ended meanwhile is reported")
    func incoming() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call = await ada.request("call.start", ["targets": ["8:acs:bea"]])["call"]?["callId"] ?? .null
        let first = key(bea)
        #expect(bea.push("incomingCall") != nil)
        await bea.channel.closed()
        let back = await stage.signIn("bea", resume: first)
        #expect(back.pending == ["welcome", "incomingCall"])
        let second = key(back)
        await back.channel.closed()
        await ada.request("call.hangUp", ["callId": call])
        let again = await stage.signIn("bea", resume: second)
        #expect(again.pending == ["welcome", "incomingCallEnded"])
        #expect(again.connection.unread.last?["reason"]?.codes == "487/0")
    }

    @Test("A call that ended while the client was away is reported after the welcome")
    func endedMeanwhile() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call = await stage.talking(ada, bea, "bea")
        let old = key(bea)
        await bea.channel.closed()
        await ada.request("call.hangUp", ["callId": .string(call)])
        let back = await stage.signIn("bea", resume: old)
        #expect(back.pending == ["welcome", "call.state"])
        #expect(back.connection.unread.last?["state"] == "Disconnected")
        #expect(back.connection.unread.last?["reason"]?.codes == "0/5003")
    }

    @Test("A device that starts anew takes its endpoint back from its lost session, but not from a living one")
    func endpointReuse() async throws {
        let endpoint = "0b7e6d5c-4a3b-4c2d-9e1f-0a9b8c7d6e5f"
        let first = await stage.signIn("ada", endpoint: endpoint)
        let twin = await stage.signIn("ada", endpoint: endpoint)
        #expect(twin.push("welcome")?["endpointId"] != .string(endpoint))
        let stranger = await stage.signIn("bea", endpoint: endpoint)
        #expect(stranger.push("welcome")?["endpointId"] != .string(endpoint))
        await first.channel.closed()
        let reloaded = await stage.signIn("ada", endpoint: endpoint)
        #expect(reloaded.push("welcome")?["endpointId"] == .string(endpoint))
        #expect(await stage.service.sessionCount == 3)
    }
}
