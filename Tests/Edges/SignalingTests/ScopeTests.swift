import Calling
import CallingTestSupport
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Scopes of tokens")
struct ScopeTests {
    private let stage = Stage()

    @Test("The table of acts and scopes")
    func table() {
        let voip = CallPermissions(scopes: ["voip"])
        let joins = CallPermissions(scopes: ["voip.join"])
        let chat = CallPermissions(scopes: ["chat", "chat.join", "chat.join.limited", "VOIP", ""])
        for act in CallAct.allCases {
            #expect(voip.allows(act))
            #expect(!chat.allows(act))
        }
        let allowed = CallAct.allCases.filter(joins.allows)
        #expect(allowed == [.signIn, .askForServers, .join, .takePart])
        #expect(CallPermissions(scopes: ["voip.join", "voip"]) == voip)
    }

    @Test(
        "A token without a scope for calls is refused at hello", arguments: ["chat", "chat.join", "chat.join.limited"])
    func chat(scope: String) async {
        let client = await stage.signIn("ada", token: "ada/\(scope)")
        let error = client.push("error")
        #expect(error?.refusal == "missingScope")
        #expect(error?["error"]?.codes == "403/0")
        #expect(client.connection.closeCode == 4401)
        #expect(await stage.service.sessionCount == 0)
    }

    @Test("Who may only join is not rung, neither alone nor beside another device")
    func notRung() async throws {
        let guest = await stage.signIn("guest", token: "guest/voip.join")
        let ada = await stage.signIn("ada")
        let started = await ada.request("call.start", ["targets": ["8:acs:guest"]])
        #expect(started["call"]?["state"] == "Connecting")
        var last: JSONValue?
        while let state = ada.push("call.state") { last = state }
        #expect(last?["reason"]?.codes == "480/10037")
        #expect(guest.push("incomingCall") == nil)
        let device = await stage.signIn("guest")
        await ada.request("call.start", ["targets": ["8:acs:guest"]])
        #expect(device.push("incomingCall") != nil)
        #expect(guest.push("incomingCall") == nil)
    }

    @Test("Who may only join neither starts, answers, turns away nor adds")
    func refusedActs() async throws {
        let guest = await stage.signIn("guest", token: "guest/voip.join")
        let device = await stage.signIn("guest")
        let ada = await stage.signIn("ada")
        await ada.request("call.start", ["targets": ["8:acs:guest"]])
        let call = try #require(device.push("incomingCall")?["callId"])
        for (act, members) in [
            ("call.start", ["targets": ["8:acs:ada"]]), ("call.accept", ["callId": call]),
            ("call.reject", ["callId": call]), ("call.add", ["callId": call, "target": "8:acs:bea"]),
        ] as [(String, JSONValue)] {
            let refused = await guest.request(act, members)
            #expect(refused.refusal == "missingScope", "\(act)")
            #expect(refused["error"]?["target"] == "voip", "\(act)")
        }
        #expect(await guest.request("media.servers")["type"] == "reply")
    }

    @Test("A new token may allow more, which takes effect at once, but not less")
    func newToken() async throws {
        let guest = await stage.signIn("guest", token: "guest/voip.join")
        let ada = await stage.signIn("ada")
        #expect(await guest.request("token", ["token": "guest/voip"])["type"] == "reply")
        await ada.request("call.start", ["targets": ["8:acs:guest"]])
        #expect(guest.push("incomingCall") != nil)
        #expect(await guest.request("token", ["token": "guest/voip.join"]).refusal == "missingScope")
        #expect(await guest.request("token", ["token": "guest/chat"]).refusal == "missingScope")
    }

    @Test("A session is not resumed with a token that allows less")
    func resume() async throws {
        let ada = await stage.signIn("ada")
        let key = ada.push("welcome")?["resume"]?.string
        let again = await stage.signIn("ada", token: "ada/voip.join", resume: key)
        #expect(again.push("welcome")?["resumed"] == false)
        #expect(await stage.service.sessionCount == 1)
    }
}
