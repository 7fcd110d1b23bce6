import Calling
import CallingTestSupport
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Pages that go away")
struct LeaveTests {
    private let stage = Stage()
    private let group: JSONValue = ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"]

    private func removal(_ client: Client) -> JSONValue? {
        client.push("call.roster")?["removed"]?.elements.first
    }

    @Test("Whoever has the resume key ends the session as its client would", arguments: [true, false])
    func leave(isConnected: Bool) async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let key = try #require(ada.push("welcome")?["resume"]?.string)
        await ada.request("call.join", group)
        await bea.request("call.join", group)
        if !isConnected { await ada.channel.closed() }
        _ = bea.connection.takeAll()
        await stage.clock.advance(by: .seconds(1))
        await stage.service.leave(key)
        await stage.clock.advance(by: .seconds(1))
        #expect(removal(bea)?["reason"]?.codes == "0/4521")
        #expect(await stage.service.sessionCount == 1)
        #expect(ada.connection.closeCode == (isConnected ? 1000 : nil))
        await stage.service.leave(key)
        #expect(await stage.service.sessionCount == 1)
    }

    @Test("The key before the last is good while the client may not have got the new one, and no other")
    func keys() async throws {
        let ada = await stage.signIn("ada")
        let first = try #require(ada.push("welcome")?["resume"]?.string)
        let again = await stage.signIn("ada", resume: first)
        await stage.service.leave("r-0")
        await stage.service.leave("")
        #expect(await stage.service.sessionCount == 1)
        await again.send(["type": "ping", "time": 1])
        await stage.service.leave(first)
        #expect(await stage.service.sessionCount == 1)
        await stage.service.leave(try #require(again.push("welcome")?["resume"]?.string))
        #expect(await stage.service.sessionCount == 0)
    }

    @Test("A hello that replaces another session of the page ends it before the welcome")
    func replaces() async throws {
        let ada = await stage.signIn("ada", endpoint: "0b7e6d5c-4a3b-4c2d-9e1f-0a9b8c7d6e5f")
        let bea = await stage.signIn("bea")
        let key = try #require(ada.push("welcome")?["resume"]?.string)
        await ada.request("call.join", group)
        await bea.request("call.join", group)
        await ada.channel.closed()
        await stage.clock.advance(by: .seconds(1))
        _ = bea.connection.takeAll()
        let again = await stage.signIn("ada", endpoint: "0b7e6d5c-4a3b-4c2d-9e1f-0a9b8c7d6e5f", replaces: key)
        let welcome = again.push("welcome")
        #expect(welcome?["resumed"] == false)
        #expect(welcome?["endpointId"] == "0b7e6d5c-4a3b-4c2d-9e1f-0a9b8c7d6e5f")
        #expect(removal(bea)?["reason"]?.codes == "0/4521")
        let joined = await again.request("call.join", group)
        #expect(joined["call"]?["participants"]?.elements.map { $0["userId"] } == ["8:acs:bea"])
        #expect(await stage.service.sessionCount == 2)
    }

    @Test("A living session is replaced too, and wins over resume")
    func replacesAndResumes() async throws {
        let ada = await stage.signIn("ada")
        let key = try #require(ada.push("welcome")?["resume"]?.string)
        let again = await stage.signIn("ada", resume: key, replaces: key)
        #expect(again.push("welcome")?["resumed"] == false)
        #expect(ada.connection.closeCode == 1000)
        #expect(await stage.service.sessionCount == 1)
    }

    @Test("Nobody replaces the session of another user, or learns of it")
    func foreign() async throws {
        let ada = await stage.signIn("ada")
        let key = try #require(ada.push("welcome")?["resume"]?.string)
        let mallory = await stage.signIn("mallory", replaces: key)
        #expect(mallory.push("welcome")?["resumed"] == false)
        #expect(mallory.pending.isEmpty)
        #expect(ada.connection.closeCode == nil)
        let refused = await stage.signIn("bad", replaces: key)
        #expect(refused.connection.closeCode == 4401)
        #expect(await stage.service.sessionCount == 2)
    }
}
