import Calling
import CallingTestSupport
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Tokens")
struct TokenTests {
    private let stage = Stage()

    @Test("A reminder a minute before expiry, then the end")
    func expiry() async throws {
        let ada = await stage.signIn("ada", token: "ada@120")
        let bea = await stage.signIn("bea")
        _ = await stage.talking(ada, bea, "bea")
        await ada.stayAlive(for: .seconds(55), others: bea)
        #expect(ada.push("tokenExpiring") == nil)
        await ada.stayAlive(for: .seconds(5), others: bea)
        #expect(ada.push("tokenExpiring")?["expiresOn"] == "2027-01-15T08:02:00Z")
        await ada.stayAlive(for: .seconds(55), others: bea)
        #expect(ada.push("tokenExpiring") == nil)
        #expect(ada.connection.closeCode == nil)
        _ = ada.connection.takeAll()
        await stage.clock.advance(by: .seconds(5))
        #expect(ada.push("call.state")?["reason"]?.codes == "401/10009")
        #expect(ada.push("error")?.refusal == "unauthorized")
        #expect(ada.connection.closeCode == 4401)
    }

    @Test("A new token of the same user prolongs the session")
    func refresh() async {
        let ada = await stage.signIn("ada", token: "ada@120")
        #expect(await ada.request("token", ["token": "ada@100000"])["type"] == "reply")
        await ada.stayAlive(for: .seconds(300))
        #expect(ada.connection.closeCode == nil)
        #expect(ada.push("tokenExpiring") == nil)
    }

    @Test("A token of another user, or a bad one, is refused and changes nothing")
    func wrongToken() async {
        let ada = await stage.signIn("ada", token: "ada@120")
        #expect(await ada.request("token", ["token": "bea"]).refusal == "unauthorized")
        #expect(await ada.request("token", ["token": "bad"]).refusal == "unauthorized")
        #expect(ada.connection.closeCode == nil)
        await ada.stayAlive(for: .seconds(120))
        #expect(ada.connection.closeCode == 4401)
    }

    @Test("A short token is announced at once")
    func shortToken() async {
        let ada = await stage.signIn("ada", token: "ada@30")
        #expect(ada.pending == ["welcome", "tokenExpiring"])
    }

    @Test("A token that expired while the machine slept ends the session with the next message or heartbeat")
    func clockJump() async {
        let ada = await stage.signIn("ada", token: "ada@3600")
        let bea = await stage.signIn("bea", token: "bea@3600")
        let joined = await bea.request("call.join", ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"])
        #expect(joined["type"] == "reply")
        _ = bea.connection.takeAll()
        stage.dateJump.withLock { $0 = 7_200 }
        await bea.send(["type": "ping", "time": 1])
        #expect(bea.connection.closeCode == 4401)
        #expect(bea.push("pong") == nil)
        #expect(bea.push("call.state")?["reason"]?.codes == "401/10009")
        #expect(ada.connection.closeCode == nil)
        await stage.clock.advance(by: .seconds(15))
        #expect(ada.connection.closeCode != nil)
        let cleo = await stage.signIn("cleo", token: "cleo@90000")
        await cleo.stayAlive(for: .seconds(30))
        #expect(cleo.connection.closeCode == nil)
    }

    @Test("Revocation closes every session of the user at once, and no other")
    func revocation() async {
        let ada = await stage.signIn("ada")
        let second = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        _ = await stage.talking(ada, bea, "bea")
        stage.tokens.refuse("ada")
        await stage.service.revoke(UserID("8:acs:ada"))
        #expect(ada.connection.closeCode == 4401)
        #expect(second.connection.closeCode == 4401)
        #expect(bea.connection.closeCode == nil)
        #expect(ada.push("error")?.refusal == "unauthorized")
        #expect(await stage.directory.counts.calls == 0)
        #expect(await stage.signIn("ada").connection.closeCode == 4401)
    }

    @Test("Scopes")
    func scopes() async {
        let guest = await stage.signIn("guest", token: "guest/voip.join")
        #expect(await guest.request("call.start", ["targets": ["8:acs:bea"]]).refusal == "missingScope")
        let joined = await guest.request("call.join", ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"])
        let call = joined["call"]?["callId"] ?? .null
        #expect(joined["call"]?["state"] == "Connected")
        #expect(await guest.request("call.add", ["callId": call, "target": "8:acs:bea"]).refusal == "missingScope")
    }
}
