import Calling
import CallingTestSupport
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Opening and closing a connection")
struct OpeningTests {
    private let stage = Stage()

    @Test("Hello is answered by welcome")
    func welcome() async throws {
        let ada = await stage.signIn("ada", endpoint: "0B7E6D5C-4A3B-4C2D-9E1F-0A9B8C7D6E5F")
        let welcome = try #require(ada.push("welcome"))
        #expect(welcome["userId"] == "8:acs:ada")
        #expect(welcome["displayName"] == "ada")
        #expect(welcome["endpointId"] == "0b7e6d5c-4a3b-4c2d-9e1f-0a9b8c7d6e5f")
        #expect(welcome["resumed"] == false)
        #expect(welcome["resumeWindowSeconds"] == 60)
        #expect(welcome["heartbeatSeconds"] == 5)
        #expect(welcome["expiresOn"] == "2027-01-16T08:00:00Z")
        #expect(welcome["calls"] == .array([]))
        #expect(welcome["resume"]?.string?.count == 34)
        #expect(await stage.service.sessionCount == 1)
    }

    @Test("No hello within ten seconds")
    func helloTimeout() async {
        let client = await stage.connect()
        await stage.clock.advance(by: .milliseconds(9_999))
        #expect(client.connection.closeCode == nil)
        await stage.clock.advance(by: .milliseconds(1))
        #expect(client.push("error")?.refusal == "malformedMessage")
        #expect(client.connection.closeCode == 4400)
    }

    @Test(
        "A first message that is no valid hello",
        arguments: [
            #"{"type":"ping","time":1}"#, "nonsense", #"{"type":"hello","version":2,"token":"ada"}"#,
            #"{"type":"hello","version":1}"#, #"{"type":"hello","version":1,"token":"ada","endpointId":"x"}"#,
            #"{"type":"hello","version":1,"token":7}"#,
        ])
    func notHello(text: String) async {
        let client = await stage.connect()
        await client.send(text: text)
        #expect(client.push("error")?.refusal == "malformedMessage")
        #expect(client.connection.closeCode == 4400)
        await client.hello("ada")
        #expect(client.pending.isEmpty)
        #expect(await stage.service.sessionCount == 0)
    }

    @Test("A bad token")
    func badToken() async throws {
        let client = await stage.signIn("bad")
        let error = try #require(client.push("error"))
        #expect(error.refusal == "unauthorized")
        #expect(error["error"]?.codes == "401/10009")
        #expect(client.connection.closeCode == 4401)
    }

    @Test("A display name of 256 characters is taken, a longer one is not")
    func displayName() async {
        let name = String(repeating: "ä", count: 256)
        let taken = await stage.signIn(name, token: "ada")
        #expect(taken.push("welcome")?["displayName"] == .string(name))
        let refused = await stage.signIn(name + "!", token: "ada")
        #expect(refused.push("error")?["error"]?["target"] == "displayName")
    }

    @Test("The heartbeat is answered; without one the connection is lost")
    func heartbeat() async {
        let ada = await stage.signIn("ada")
        await ada.send(["type": "ping", "time": 123])
        #expect(ada.push("pong") == ["time": 123, "type": "pong"])
        await ada.stayAlive(for: .seconds(120))
        #expect(ada.connection.closeCode == nil)
        await stage.clock.advance(by: .milliseconds(14_999))
        #expect(ada.connection.closeCode == nil)
        await stage.clock.advance(by: .milliseconds(1))
        #expect(ada.connection.closeCode == 4408)
        #expect(await stage.service.sessionCount == 1)
        await stage.clock.advance(by: .seconds(60))
        #expect(await stage.service.sessionCount == 0)
        #expect(stage.clock.waiting == 0)
    }

    @Test("Bye ends the session and its calls")
    func bye() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call = await stage.talking(ada, bea, "bea")
        await ada.send(["type": "bye"])
        #expect(ada.connection.closeCode == 1000)
        #expect(await stage.service.sessionCount == 1)
        var last: JSONValue?
        while let state = bea.push("call.state") { last = state }
        #expect(last?["callId"] == .string(call))
        #expect(last?["state"] == "Disconnected")
        #expect(last?["reason"]?.codes == "0/5003")
        let events = await stage.directory.counts
        #expect(events.calls == 0)
    }

    @Test("More than 200 messages in ten seconds")
    func rateLimit() async {
        let ada = await stage.signIn("ada")
        for _ in 0..<199 {
            await ada.send(["type": "ping", "time": 1])
        }
        #expect(ada.connection.closeCode == nil)
        await stage.clock.advance(by: .seconds(10))
        for _ in 0..<200 {
            await ada.send(["type": "ping", "time": 1])
        }
        #expect(ada.connection.closeCode == nil)
        await ada.send(["type": "ping", "time": 1])
        #expect(ada.connection.closeCode == 4429)
        #expect(await stage.service.sessionCount == 1)
    }

    @Test("The server stops: everybody is told, nobody new is taken, and then it closes")
    func serverStops() async {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        _ = await stage.talking(ada, bea, "bea")
        await stage.service.announceClosing(reason: "update", inSeconds: 5)
        #expect(ada.push("serverClosing") == ["inSeconds": 5, "reason": "update", "type": "serverClosing"])
        #expect(await ada.request("call.start", ["targets": ["8:acs:cleo"]]).refusal == "serverClosing")
        let late = await stage.signIn("cleo")
        #expect(late.connection.closeCode == 1001)
        await stage.service.closeAll()
        #expect(ada.connection.closeCode == 1001)
        #expect(bea.connection.closeCode == 1001)
        #expect(await stage.service.sessionCount == 0)
        #expect(await stage.media.conferences.isEmpty)
        #expect(stage.clock.waiting == 0)
    }
}
