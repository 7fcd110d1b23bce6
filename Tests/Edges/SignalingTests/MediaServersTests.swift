import Testing

@testable import Signaling

@Suite("The servers for media")
struct MediaServersTests {
    @Test("Every client may ask, whatever its token allows, and gets credentials of its own")
    func servers() async {
        let stage = Stage()
        let ada = await stage.signIn("ada", token: "ada/chat")
        let reply = await ada.request("media.servers", [:])
        #expect(reply["type"] == "reply")
        #expect(
            reply["iceServers"]
                == .array([["credential": "secret", "urls": ["turn:example.com"], "username": "8:acs:ada"]]))
        #expect(reply["expiresInSeconds"]?.integer == 60)
    }
}
