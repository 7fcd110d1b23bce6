import Calling
import CallingTestSupport
import ProtocolCore
import Testing

@testable import Signaling

/// Every act in every state of a call in which it may come too early, too late or from the wrong one: the numbers that
/// client applications switch on, as `docs/protocol.md` lists them.
@Suite("Acts in wrong states")
struct ActTableTests {
    enum Situation: String, CaseIterable, Sendable {
        /// There never was such a call.
        case unknown
        /// Others are in the call; this user never had a part in it.
        case foreign
        /// The call rings here.
        case ringing
        /// The caller gave up.
        case cancelled
        /// Another device of the user took the call.
        case elsewhere
        /// We took it ourselves.
        case connected
        /// We call, and nobody has answered.
        case dialling
        /// The call is over.
        case ended
        /// We left a group that goes on.
        case left
        /// We were called into a group that goes on, and did not answer in time.
        case missed
    }

    private static let acts: [(name: String, members: JSONValue)] = [
        ("call.accept", [:]), ("call.reject", [:]), ("call.hangUp", [:]), ("call.add", ["target": "8:acs:dora"]),
        ("call.remove", ["participantId": "nobody"]), ("call.mute", ["muted": true]), ("call.muteParticipants", [:]),
        ("call.hold", ["onHold": true]), ("call.publish", ["camera": false, "screen": false]),
        ("media.offer", ["sdp": "v=0"]), ("media.receive", ["slots": []]), ("data.recipients", ["channelId": 1]),
    ]

    /// What each act is answered with, in the order of `acts`; `ok` is a reply.
    private static let expected: [Situation: [String]] = [
        .unknown: Array(repeating: "404/0", count: 12),
        .foreign: Array(repeating: "404/0", count: 12),
        .ringing: ["ok", "ok"] + Array(repeating: "409/0", count: 10),
        .cancelled: ["400/41006", "400/41007"] + Array(repeating: "410/0", count: 10),
        .elsewhere: ["487/10003", "400/41007"] + Array(repeating: "409/0", count: 10),
        .connected: ["400/41006", "400/41007", "ok", "ok", "404/0"] + Array(repeating: "ok", count: 7),
        .dialling: [
            "400/41006", "400/41007", "ok", "409/0", "409/0", "ok", "409/0", "409/0", "ok", "ok", "ok", "ok",
        ],
        .ended: ["400/41006", "400/41007"] + Array(repeating: "410/0", count: 10),
        .left: ["400/41006", "400/41007"] + Array(repeating: "404/0", count: 10),
        .missed: ["400/41006", "400/41007"] + Array(repeating: "404/0", count: 10),
    ]

    @Test("The whole table", arguments: Situation.allCases)
    func table(situation: Situation) async throws {
        for (index, act) in Self.acts.enumerated() {
            // Each act on a stage of its own, since some change the state.
            let (client, call) = try await enter(situation)
            guard case .object(let members) = act.members else { return }
            let answer = await client.request(
                act.name, .object([.init(name: "callId", value: call)] + members))
            let outcome = answer["type"] == "reply" ? "ok" : answer["error"]?.codes
            #expect(outcome == Self.expected[situation]?[index], "\(act.name) when \(situation)")
            if outcome != "ok" {
                #expect(answer["error"]?["message"]?.string?.hasSuffix(".") == true)
            }
        }
    }

    /// Brings Bea and a call into a situation.
    private func enter(_ situation: Situation) async throws -> (Client, JSONValue) {
        let stage = Stage()
        let group: JSONValue = ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"]
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        func ring() async throws -> JSONValue {
            try #require(await ada.request("call.start", ["targets": ["8:acs:bea"]])["call"]?["callId"])
        }
        switch situation {
        case .unknown: return (bea, "7c1e5a90-3b2d-4f68-9e07-a1b2c3d4e5f6")
        case .foreign: return (bea, try #require(await ada.request("call.join", group)["call"]?["callId"]))
        case .ringing: return (bea, try await ring())
        case .cancelled:
            let call = try await ring()
            await ada.request("call.hangUp", ["callId": call])
            return (bea, call)
        case .elsewhere:
            let phone = await stage.signIn("bea")
            let call = try await ring()
            await phone.request("call.accept", ["callId": call])
            return (bea, call)
        case .connected:
            let call = try await ring()
            await bea.request("call.accept", ["callId": call])
            return (bea, call)
        case .dialling:
            _ = await stage.signIn("cleo")
            return (bea, try #require(await bea.request("call.start", ["targets": ["8:acs:cleo"]])["call"]?["callId"]))
        case .ended:
            let call = try await ring()
            await bea.request("call.accept", ["callId": call])
            await bea.request("call.hangUp", ["callId": call])
            return (bea, call)
        case .left:
            await ada.request("call.join", group)
            let call = try #require(await bea.request("call.join", group)["call"]?["callId"])
            await bea.request("call.hangUp", ["callId": call])
            return (bea, call)
        case .missed:
            let call = try #require(await ada.request("call.join", group)["call"]?["callId"])
            await ada.request("call.add", ["callId": call, "target": "8:acs:bea"])
            await bea.stayAlive(for: .seconds(61), others: ada)
            return (bea, call)
        }
    }
}
