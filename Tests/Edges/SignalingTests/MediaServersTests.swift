import Testing

@testable import Signaling

@Suite("The servers for media")
struct MediaServersTests {
    @Test("Whoever may take part in calls may ask, and gets credentials of its own")
    func servers() async {
        let stage = Stage()
        let ada = await stage.signIn("ada", token: "ada/voip.join")
        let reply = await ada.request("media.servers", [:])
        #expect(reply["type"] == "reply")
        #expect(
            reply["iceServers"]
                == .array([["credential": "secret", "urls": ["turn:example.com"], "username": "8:acs:ada"]]))
        #expect(reply["expiresInSeconds"]?.integer == 60)
    }
}
