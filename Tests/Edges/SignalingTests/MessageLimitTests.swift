import Calling
import CallingTestSupport
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Signaling

@Suite("What a client's messages may hold")
struct MessageLimitTests {
    private let stage = Stage()
    private let long = String(repeating: "x", count: 250_000)

    /// Every string member of every message, with a value of 250 kB.
    @Test(
        "Every string has a limit, and the refusal names the member without repeating it",
        arguments: [
            (#"{"type":"LONG","id":3}"#, "type"),
            (#"{"type":"token","id":3,"token":"LONG"}"#, "token"),
            (#"{"type":"call.start","id":3,"targets":["8:acs:a","LONG"]}"#, "targets.1"),
            (#"{"type":"call.join","id":3,"groupId":"LONG"}"#, "groupId"),
            (#"{"type":"call.accept","id":3,"callId":"LONG"}"#, "callId"),
            (#"{"type":"call.reject","id":3,"callId":"c","reason":"LONG"}"#, "reason"),
            (#"{"type":"call.reject","id":3,"callId":"LONG"}"#, "callId"),
            (#"{"type":"call.hangUp","id":3,"callId":"LONG"}"#, "callId"),
            (#"{"type":"call.add","id":3,"callId":"c","target":"LONG"}"#, "target"),
            (#"{"type":"call.remove","id":3,"callId":"c","participantId":"LONG"}"#, "participantId"),
            (#"{"type":"call.mute","id":3,"callId":"LONG","muted":true}"#, "callId"),
            (#"{"type":"call.muteParticipants","id":3,"callId":"c","participantIds":["LONG"]}"#, "participantIds.0"),
            (#"{"type":"call.hold","id":3,"callId":"LONG","onHold":true}"#, "callId"),
            (#"{"type":"call.publish","id":3,"callId":"LONG","camera":true,"screen":true}"#, "callId"),
            (#"{"type":"call.raiseHand","id":3,"callId":"LONG","raised":true}"#, "callId"),
            (#"{"type":"call.lowerHands","id":3,"callId":"c","participantIds":["LONG"]}"#, "participantIds.0"),
            (#"{"type":"call.spotlight","id":3,"callId":"c","on":true,"participantIds":["LONG"]}"#, "participantIds.0"),
            (#"{"type":"call.react","id":3,"callId":"c","reaction":"LONG"}"#, "reaction"),
            (
                #"{"type":"call.start","id":3,"targets":["8:acs:a"],"customContext":{"userToUser":"LONG"}}"#,
                "customContext.userToUser"
            ),
            (
                #"{"type":"call.start","id":3,"targets":["8:acs:a"],"customContext":{"headers":[{"key":"LONG"}]}}"#,
                "customContext.headers.0.key"
            ),
            (
                #"{"type":"call.start","id":3,"targets":["8:a"],"customContext":{"headers":[{"key":"k","value":"LONG"}]}}"#,
                "customContext.headers.0.value"
            ),
            (#"{"type":"media.offer","id":3,"callId":"LONG","sdp":"v=0"}"#, "callId"),
            (#"{"type":"media.offer","id":3,"callId":"c","sdp":"LONG"}"#, "sdp"),
            (
                #"{"type":"media.offer","id":3,"callId":"c","sdp":"v=0","lines":[{"mid":"LONG","purpose":"camera"}]}"#,
                "lines.0.mid"
            ),
            (
                #"{"type":"call.join","id":3,"groupId":"2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b","media":{"sdp":"LONG"}}"#,
                "media.sdp"
            ),
            (#"{"type":"media.receive","id":3,"callId":"LONG","slots":[]}"#, "callId"),
            (#"{"type":"media.receive","id":3,"callId":"c","slots":[{"mid":"LONG"}]}"#, "slots.0.mid"),
            (
                #"{"type":"media.receive","id":3,"callId":"c","slots":[{"mid":"1","participantId":"LONG"}]}"#,
                "slots.0.participantId"
            ),
            (
                #"{"type":"data.recipients","id":3,"callId":"c","channelId":1,"participantIds":["LONG"]}"#,
                "participantIds.0"
            ),
        ])
    func longStrings(template: String, member: String) async throws {
        let ada = await stage.signIn("ada")
        _ = ada.connection.takeAll()
        await ada.send(text: template.replacing("LONG", with: long))
        let error = try #require(ada.connection.takeAll().first)
        #expect(error.refusal == "malformedMessage")
        #expect(error["error"]?["target"]?.string == member)
        #expect(error["to"]?.integer == 3)
        #expect(error.text.utf8.count < 512)
        #expect(ada.connection.closeCode == nil)
    }

    @Test(
        "The strings of a hello have limits too",
        arguments: ["token", "displayName", "endpointId", "resume", "replaces"])
    func longHello(member: String) async throws {
        let client = await stage.connect()
        var members: [JSONValue.Member] = [
            .init(name: "type", value: "hello"), .init(name: "version", value: 1), .init(name: "token", value: "ada"),
        ]
        members.removeAll { $0.name == member }
        members.append(.init(name: member, value: .string(String(repeating: "x", count: 9_000))))
        await client.send(.object(members))
        let error = try #require(client.push("error"))
        #expect(error["error"]?["target"]?.string == member)
        #expect(error.text.utf8.count < 512)
        #expect(client.connection.closeCode == 4400)
    }

    @Test("A display name of few characters and many bytes is refused")
    func heavyName() async {
        let heavy = "a" + String(repeating: "\u{301}", count: 1_000)
        let client = await stage.signIn(heavy, token: "ada")
        #expect(client.push("error")?["error"]?["target"] == "displayName")
    }

    @Test("Refusals repeat only the beginning of an identifier, and of a mid")
    func refusals() async throws {
        let ada = await stage.signIn("ada")
        let identifier = String(repeating: "c", count: 64)
        let unknown = await ada.request("call.hangUp", ["callId": .string(identifier)])
        #expect(unknown.refusal == "callNotFound")
        #expect(String(repeating: "é", count: 100).shortenedForRefusal == String(repeating: "é", count: 64) + "…")
        let heavy = "a" + String(repeating: "\u{301}", count: 1_000)
        #expect(heavy.shortenedForRefusal.utf8.count < 200)
    }

    @Test("Before hello 16 KiB are read, afterwards 256 KiB; the connection hears when")
    func firstFrame() async throws {
        let padding = String(repeating: " ", count: MessageLimits.helloBytes)
        let stranger = await stage.connect()
        await stranger.send(text: #"{"type":"hello","version":1,"token":"ada"}"# + padding)
        #expect(stranger.push("error")?.refusal == "malformedMessage")
        #expect(stranger.connection.closeCode == 1009)
        #expect(!stranger.connection.isAdmitted)
        let ada = await stage.signIn("ada")
        #expect(ada.connection.isAdmitted)
        await ada.send(text: #"{"type":"ping","time":1}"# + padding)
        #expect(ada.push("pong") != nil)
        #expect(await !stage.signIn("bad").connection.isAdmitted)
    }

    @Test("A budget of bytes beside that of messages, which a resumed session keeps")
    func bytes() async throws {
        let settings = SignalingSettings()
        let frame = #"{"type":"ping","time":1}"# + String(repeating: " ", count: 200_000)
        let ada = await stage.signIn("ada")
        let count = settings.byteBurst / frame.utf8.count
        for _ in 0..<count { await ada.send(text: frame) }
        #expect(ada.connection.closeCode == nil)
        let welcome = try #require(ada.push("welcome"))
        await ada.send(text: frame)
        #expect(ada.connection.closeCode == 4429)
        let again = await stage.signIn("ada", resume: welcome["resume"]?.string)
        #expect(again.push("welcome")?["resumed"] == true)
        await again.send(text: frame)
        #expect(again.connection.closeCode == 4429)
        let third = await stage.signIn("ada", resume: again.connection.unread.first?["resume"]?.string)
        await third.stayAlive(for: .seconds(20))
        await third.send(text: frame)
        #expect(third.connection.closeCode == nil)
    }

    @Test("Wishes are kept for the slots that were negotiated, and others are refused by name")
    func slots() async throws {
        let ada = await stage.signIn("ada")
        let media: JSONValue = [
            "sdp": "v=0", "lines": [["mid": "0", "purpose": "microphone"], ["mid": "7", "purpose": "videoSlot"]],
        ]
        let joined = await ada.request(
            "call.join", ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b", "media": media])
        let call = try #require(joined["call"]?["callId"])
        func receive(_ mid: String) async -> JSONValue {
            await ada.request(
                "media.receive",
                ["callId": call, "slots": [["mid": .string(mid), "participantId": "p", "source": "camera"]]])
        }
        #expect(await receive("7")["type"] == "reply")
        for number in 100..<150 {
            let refused = await receive("\(number)")
            #expect(refused.refusal == "slotNotFound")
            #expect(refused["error"]?.codes == "404/0")
            #expect(refused["error"]?["target"] == .string("\(number)"))
        }
        let participant = try #require(joined["call"]?["participantId"]?.string)
        let leg = await stage.media.leg(ParticipantID(participant), in: CallID(call.string ?? ""))
        #expect(leg?.slots.map(\.mid) == ["7"])
        // A new offer without that m-line takes its name away, and the wish with it.
        await ada.request(
            "media.offer",
            ["callId": call, "sdp": "v=0", "lines": [["mid": "0", "purpose": "microphone"]]])
        #expect(await receive("7").refusal == "slotNotFound")
        let emptied = await stage.media.leg(ParticipantID(participant), in: CallID(call.string ?? ""))
        #expect(emptied?.slots == [SlotRequest(mid: "7", participant: nil)])
    }
}
