import Calling
import CallingTestSupport
import Foundation
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Refused messages")
struct RefusalTests {
    private let stage = Stage()

    @Test(
        "What is malformed is named, and the connection lives",
        arguments: [
            ("nonsense", nil, nil), ("[]", nil, nil), ("", nil, nil), ("{}", "type", nil),
            (#"{"type":7,"id":3}"#, "type", 3), (#"{"type":"call.hold","onHold":true,"callId":"x"}"#, "id", nil),
            (#"{"type":"call.hold","id":"3","onHold":true,"callId":"x"}"#, "id", nil),
            (#"{"type":"call.hold","id":3,"onHold":true}"#, "callId", 3),
            (#"{"type":"call.hold","id":3,"callId":"x","onHold":"yes"}"#, "onHold", 3),
            (#"{"type":"call.start","id":3}"#, "targets", 3),
            (#"{"type":"call.start","id":3,"targets":["a",1]}"#, "targets.1", 3),
            (#"{"type":"call.join","id":3,"groupId":"x"}"#, "groupId", 3),
            (#"{"type":"call.start","id":3,"targets":["a"],"media":{}}"#, "media.sdp", 3),
            (
                #"{"type":"call.start","id":3,"targets":["a"],"media":{"sdp":"x","lines":[{"mid":"0","purpose":"fax"}]}}"#,
                "media.lines.0.purpose", 3
            ),
            (
                #"{"type":"media.receive","id":3,"callId":"x","slots":[{"mid":"1","participantId":"p","source":"camera","width":-1}]}"#,
                "slots.0.width", 3
            ),
            (#"{"type":"data.recipients","id":3,"callId":"x","channelId":0}"#, "channelId", 3),
            (#"{"type":"data.recipients","id":3,"callId":"x","channelId":70000}"#, "channelId", 3),
            (
                #"{"type":"data.recipients","id":3,"callId":"x","channelId":1,"participantIds":[7]}"#,
                "participantIds.0", 3
            ),
            (#"{"type":"ping"}"#, "time", nil),
        ] as [(String, String?, Int?)])
    func malformed(text: String, member: String?, id: Int?) async throws {
        let ada = await stage.signIn("ada")
        _ = ada.connection.takeAll()
        await ada.send(text: text)
        let error = try #require(ada.connection.takeAll().first)
        #expect(error["type"] == "error")
        #expect(error.refusal == "malformedMessage")
        #expect(error["error"]?.codes == "400/0")
        #expect(error["error"]?["target"]?.string == member)
        #expect(error["to"]?.integer == id)
        #expect(ada.connection.closeCode == nil)
    }

    @Test("An unknown type")
    func unknownType() async {
        let ada = await stage.signIn("ada")
        #expect(await ada.request("call.teleport").refusal == "unknownType")
    }

    @Test("Unknown members are ignored")
    func unknownMembers() async {
        let ada = await stage.signIn("ada")
        let reply = await ada.request(
            "call.join", ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b", "mood": ["good": true]])
        #expect(reply["type"] == "reply")
    }

    @Test("A second hello is out of state")
    func secondHello() async {
        let ada = await stage.signIn("ada")
        await ada.hello("ada")
        #expect(ada.push("error")?.refusal == "invalidState")
        #expect(ada.connection.closeCode == nil)
    }

    @Test("Refusals of the call plane carry their words and numbers")
    func words() async throws {
        let ada = await stage.signIn("ada")
        let nowhere: JSONValue = ["callId": "7c1e5a90-3b2d-4f68-9e07-a1b2c3d4e5f6"]
        let unknown = await ada.request("call.hangUp", nowhere)
        #expect(unknown.refusal == "callNotFound")
        #expect(unknown["error"]?["target"] == "7c1e5a90-3b2d-4f68-9e07-a1b2c3d4e5f6")
        let oneself = await ada.request("call.start", ["targets": ["8:acs:ada"]])
        #expect(oneself.refusal == "invalidTarget")
        #expect(oneself["error"]?["target"] == "8:acs:ada")
        #expect(await ada.request("call.start", ["targets": []]).refusal == "invalidTarget")
        let nobody = await ada.request("call.start", ["targets": ["nobody"]])
        #expect(nobody.refusal == "userNotFound")
        #expect(nobody["error"]?.codes == "404/0")
        #expect(nobody["error"]?["target"] == "nobody")
        for unreachable in ["8:echo123", "4:+14255550100", "8:orgid:0e4f", "28:0e4f"] {
            let refused = await ada.request("call.start", ["targets": [.string(unreachable)]])
            #expect(refused.refusal == "invalidTarget")
            #expect(refused["error"]?["target"] == .string(unreachable))
        }
        let joined = await ada.request("call.join", ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"])
        let call = joined["call"]?["callId"] ?? .null
        #expect(
            await ada.request("call.remove", ["callId": call, "participantId": "x"]).refusal == "participantNotFound")
        await stage.media.failToOpen()
        #expect(await ada.request("call.start", ["targets": ["8:acs:bea"]]).refusal == "internal")
    }

    @Test("Every refusal of the call plane has a word of the protocol")
    func everyRefusal() {
        let refusals: [(CallRefusal, String, Int)] = [
            (.callNotFound(CallID("c")), "callNotFound", 404), (.callEnded(CallID("c")), "callEnded", 410),
            (.participantNotFound(ParticipantID("p")), "participantNotFound", 404),
            (.invalidState("x"), "invalidState", 409), (.notRinging(CallID("c"), .accept), "notRinging", 400),
            (.answeredElsewhere(CallID("c")), "answeredElsewhere", 487),
            (.userNotFound(UserID("u")), "userNotFound", 404), (.slotNotFound(mid: "9"), "slotNotFound", 404),
            (.invalidTarget(nil, why: "x"), "invalidTarget", 400),
            (.callFull(limit: 350), "callFull", 403), (.notAllowed("x"), "notAllowed", 403),
            (.mediaNegotiationFailed(MediaNegotiationError("x")), "mediaNegotiationFailed", 410),
            (.serverClosing, "serverClosing", 503), (.mediaUnavailable("x"), "internal", 500),
        ]
        for (refusal, word, code) in refusals {
            let error = SignalingError(refusal, user: UserID("u"))
            #expect(error.reason.rawValue == word)
            #expect(error.code.code == code)
        }
    }

    @Test("No text brings the reader down, cut off anywhere or nested deeply")
    func hostileText() async {
        let whole =
            #"{"type":"media.offer","id":20,"callId":"7c1e","sdp":"v=0\r\né\u00e9","lines":[{"mid":"0","purpose":"camera"}],"x":[1.5,-2,true,null]}"#
        for length in 0...whole.utf8.count {
            let cut = String(decoding: whole.utf8.prefix(length), as: UTF8.self)
            let isRead = (try? ClientMessage.decode(cut)) != nil
            #expect(isRead == (length == whole.utf8.count))
        }
        let deep = #"{"type":"bye","x":"# + String(repeating: "[", count: 100_000)
        #expect((try? ClientMessage.decode(deep)) == nil)
        for depth in [10, 100, 400] {
            let nested =
                #"{"type":"bye","x":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                + "}"
            #expect((try? ClientMessage.decode(nested)) == (depth < JSONLimits.message.depth ? .bye : nil))
        }
        #expect((try? ClientMessage.decode(#"{"type":"ping","time":1e999}"#)) == nil)
    }

    @Test("What is written is JSON that others read as it was meant")
    func writing() throws {
        let text = "quote \" slash \\ / line \r\n\t bell \u{7} null \u{0} é 🙂"
        let value: JSONValue = ["a": .string(text), "b": [1, .number(0.25), true, .null], "c": [:]]
        let read = try #require(
            try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any])
        #expect(read["a"] as? String == text)
        #expect(JSONValue(text: value.text)?.canonical == value.canonical)
    }
}
