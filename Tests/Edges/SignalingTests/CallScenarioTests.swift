import Calling
import CallingTestSupport
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Calls over signalling")
struct CallScenarioTests {
    private let stage = Stage()
    private let group: JSONValue = "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"
    private let offer: JSONValue = [
        "sdp": "offer", "lines": [["mid": "1", "purpose": "camera"], ["mid": "6", "purpose": "videoSlot"]],
    ]

    @Test("The reply comes before everything else about the call")
    func order() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        _ = (ada.connection.takeAll(), bea.connection.takeAll())
        await ada.send(["type": "call.start", "id": 1, "targets": ["8:acs:bea"], "media": offer])
        #expect(ada.pending == ["reply", "call.roster", "call.state"])
        let reply = ada.connection.unread[0]
        #expect(reply["call"]?["state"] == "Connecting")
        #expect(reply["call"]?["kind"] == "oneToOne")
        #expect(reply["call"]?["rosterSequence"] == 0)
        #expect(reply["media"]?["sdp"] == "answer to offer")
        #expect(reply["media"]?["lines"]?.elements.first?["codecs"] == ["H264"])
        #expect(ada.connection.unread[1]["sequence"] == 1)
        #expect(ada.connection.unread[1]["changed"]?.elements.first?["state"] == "Ringing")
        #expect(ada.connection.unread[2]["state"] == "Ringing")
        let incoming = try #require(bea.push("incomingCall"))
        #expect(incoming["from"] == ["displayName": "ada", "userId": "8:acs:ada"])

        let accepted = await bea.request("call.accept", ["callId": incoming["callId"] ?? .null, "media": offer])
        #expect(accepted["call"]?["state"] == "Connected")
        #expect(accepted["call"]?["direction"] == "Incoming")
        #expect(accepted["call"]?["participants"]?.elements.first?["state"] == "Connected")
        #expect(bea.pending.isEmpty)
    }

    @Test("First accept wins; the other endpoint is told, and refused when it is late")
    func race() async throws {
        let ada = await stage.signIn("ada")
        let phone = await stage.signIn("bea")
        let laptop = await stage.signIn("bea")
        let call = await ada.request("call.start", ["targets": ["8:acs:bea"]])["call"]?["callId"] ?? .null
        #expect(await phone.request("call.accept", ["callId": call])["type"] == "reply")
        #expect(laptop.push("incomingCallEnded")?["reason"]?.codes == "487/10003")
        #expect(phone.push("incomingCallEnded") == nil)
        let late = await laptop.request("call.accept", ["callId": call])
        #expect(late.refusal == "answeredElsewhere")
        #expect(late["error"]?.codes == "487/10003")
        let rejected = await laptop.request("call.reject", ["callId": call])
        #expect(rejected.refusal == "notRinging")
        #expect(rejected["error"]?.codes == "400/41007")
    }

    @Test("Reject")
    func reject() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call = await ada.request("call.start", ["targets": ["8:acs:bea"]])["call"]?["callId"] ?? .null
        #expect(await bea.request("call.reject", ["callId": call])["type"] == "reply")
        #expect(bea.push("incomingCallEnded") == nil)
        _ = ada.push("call.state")
        let ended = try #require(ada.push("call.state"))
        #expect(ended["state"] == "Disconnected")
        #expect(ended["reason"]?.codes == "603/0")
        #expect(await ada.request("call.hangUp", ["callId": call]).refusal == "callEnded")
    }

    @Test("No answer, in virtual time")
    func noAnswer() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        await ada.request("call.start", ["targets": ["8:acs:bea"]])
        await ada.stayAlive(for: .seconds(60), others: bea)
        #expect(bea.push("incomingCallEnded")?["reason"]?.codes == "487/10004")
        _ = ada.push("call.state")
        #expect(ada.push("call.state")?["reason"]?.codes == "487/10004")
    }

    @Test("A third person is added: the call keeps its id and becomes a group")
    func promotion() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let cleo = await stage.signIn("cleo")
        let call = await stage.talking(ada, bea, "bea")
        _ = (ada.connection.takeAll(), bea.connection.takeAll())
        let added = await bea.request("call.add", ["callId": .string(call), "target": "8:acs:cleo"])
        let state = try #require(ada.push("call.state"))
        #expect(state["kind"] == "group")
        #expect(state["state"] == "Connected")
        #expect(state["callId"] == .string(call))
        let incoming = try #require(cleo.push("incomingCall"))
        #expect(incoming["kind"] == "group")
        #expect(incoming["participantCount"] == 2)
        #expect(incoming["from"]?["userId"] == "8:acs:bea")
        let accepted = await cleo.request("call.accept", ["callId": .string(call)])
        #expect(accepted["call"]?["participantId"] == added["participantId"])
        #expect(accepted["call"]?["participants"]?.elements.count == 2)
    }

    @Test("Mute, hold, publish are told to oneself and to the others")
    func controls() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call: JSONValue = .string(await stage.talking(ada, bea, "bea"))
        _ = (ada.connection.takeAll(), bea.connection.takeAll())
        await ada.request("call.muteParticipants", ["callId": call])
        let own = try #require(bea.push("call.self"))
        #expect(own["muted"] == true)
        #expect(own["mutedBy"]?.string?.count == 36)
        await bea.request("call.hold", ["callId": call, "onHold": true])
        #expect(ada.push("call.state")?["state"] == "RemoteHold")
        #expect(bea.push("call.state")?["state"] == "LocalHold")
        await bea.request("call.publish", ["callId": call, "camera": true, "screen": false])
        await stage.clock.advance(by: .milliseconds(50))
        var last: JSONValue?
        while let roster = ada.push("call.roster") { last = roster }
        let entry = try #require(last?["changed"]?.elements.first)
        #expect(entry["muted"] == true)
        #expect(entry["onHold"] == true)
        #expect(entry["camera"] == true)
        #expect(entry["state"] == "Hold")
    }

    @Test("Hands, spotlight and reactions are told, and a snapshot has them for who comes later")
    func signals() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let joined = await ada.request("call.join", ["groupId": group])
        let call = try #require(joined["call"]?["callId"])
        let adas = try #require(joined["call"]?["participantId"])
        await bea.request("call.join", ["groupId": group])
        _ = (ada.connection.takeAll(), bea.connection.takeAll())
        await ada.request("call.raiseHand", ["callId": call, "raised": true])
        #expect(ada.push("call.self")?["hand"] == 1)
        await bea.request("call.spotlight", ["callId": call, "participantIds": [adas], "on": true])
        await stage.clock.advance(by: .milliseconds(50))
        var last: JSONValue?
        while let roster = bea.push("call.roster") { last = roster }
        #expect(last?["changed"]?.elements.first?["hand"] == 1)
        #expect(last?["changed"]?.elements.first?["spotlight"] == 2)
        await bea.request("call.react", ["callId": call, "reaction": "applause"])
        #expect(ada.push("call.reactions")?["reactions"]?.elements.first?["reaction"] == "applause")
        #expect(bea.push("call.reactions") != nil)
        let cleo = await stage.signIn("cleo")
        let late = await cleo.request("call.join", ["groupId": group])
        let seen = late["call"]?["participants"]?.elements.first { $0["participantId"] == adas }
        #expect(seen?["hand"] == 1)
        #expect(seen?["spotlight"] == 2)
        await cleo.request("call.lowerHands", ["callId": call])
        #expect(ada.push("call.self")?["spotlight"] == 2)
        while let own = ada.push("call.self") { last = own }
        #expect(last?["hand"] == nil)
        let refused = await ada.request("call.react", ["callId": call, "reaction": "yawn"])
        #expect(refused.refusal == "malformedMessage")
        let unnamed = await ada.request("call.spotlight", ["callId": call, "on": true])
        #expect(unnamed.refusal == "malformedMessage")
    }

    @Test("What the caller's application tells travels with the ring, within limits")
    func customContext() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let context: JSONValue = ["userToUser": "order 4711", "headers": [["key": "queue", "value": "billing"]]]
        await ada.request("call.start", ["targets": ["8:acs:bea"], "customContext": context])
        #expect(bea.push("incomingCall")?["customContext"]?.canonical == context.canonical)
        let long = JSONValue.string(String(repeating: "x", count: 1_025))
        let headers = JSONValue.array((0..<11).map { ["key": .string("k\($0)"), "value": "v"] })
        for wrong: JSONValue in [
            ["userToUser": long], ["headers": headers], ["headers": [["key": long, "value": "v"]]],
            ["headers": [["value": "v"]]], "order 4711",
        ] {
            let reply = await ada.request("call.start", ["targets": ["8:acs:bea"], "customContext": wrong])
            #expect(reply.refusal == "malformedMessage")
        }
    }

    @Test("Remove and hang up for everyone")
    func leaving() async throws {
        let clients = [await stage.signIn("ada"), await stage.signIn("bea"), await stage.signIn("cleo")]
        var call = JSONValue.null
        var participants: [JSONValue] = []
        for client in clients {
            let reply = await client.request("call.join", ["groupId": group])
            call = reply["call"]?["callId"] ?? .null
            participants.append(reply["call"]?["participantId"] ?? .null)
        }
        await clients[0].request("call.remove", ["callId": call, "participantId": participants[1]])
        #expect(clients[1].push("call.state")?["reason"]?.codes == "0/5300")
        #expect(await clients[1].request("call.mute", ["callId": call, "muted": true]).refusal == "callNotFound")
        await clients[2].request("call.hangUp", ["callId": call, "forEveryone": true])
        #expect(clients[0].push("call.state")?["reason"]?.codes == "0/4097")
        #expect(clients[2].push("call.state")?["reason"]?.codes == "0/4097")
    }

    @Test("Roster pushes are numbered without gaps and gathered when many join")
    func manyJoin() async throws {
        let ada = await stage.signIn("ada")
        await ada.request("call.join", ["groupId": group])
        for number in 0..<40 {
            await stage.signIn("p\(number)").request("call.join", ["groupId": group])
        }
        await stage.clock.advance(by: .milliseconds(50))
        var sequence = 0
        var known: Set<String> = []
        while let roster = ada.push("call.roster") {
            sequence += 1
            #expect(roster["sequence"] == .integer(sequence))
            for entry in roster["added"]?.elements ?? [] {
                let isNew = known.insert(entry["participantId"]?.string ?? "").inserted
                #expect(isNew)
            }
        }
        #expect(known.count == 40)
        #expect(sequence == 2)
    }

    @Test("Speakers come at most four times a second")
    func speakers() async throws {
        let ada = await stage.signIn("ada")
        let bea = await stage.signIn("bea")
        let call = CallID(await stage.talking(ada, bea, "bea"))
        let participant = try #require(
            await stage.directory.snapshots(for: EndpointID(bea.push("welcome")?["endpointId"]?.string ?? "")).first?
                .participant)
        for step in 1...20 {
            await stage.directory.handle(
                .speakers(
                    call, SpeakerReport(dominant: [participant], levels: [participant: Double(step) / 100 + 0.001])))
            await stage.clock.advance(by: .milliseconds(50))
        }
        var pushes: [JSONValue] = []
        while let push = ada.push("call.speakers") { pushes.append(push) }
        #expect((4...5).contains(pushes.count))
        #expect(pushes.first?["levels"]?[participant.rawValue] == .number(0.01))
        #expect(pushes.first?["dominant"] == .array([participant.json]))
    }

    @Test("Media offers, wishes for slots, and what the media plane tells")
    func media() async throws {
        let ada = await stage.signIn("ada")
        let reply = await ada.request("call.join", ["groupId": group, "media": offer])
        let call = reply["call"]?["callId"] ?? .null
        let participant = ParticipantID(reply["call"]?["participantId"]?.string ?? "")
        let id = CallID(call.string ?? "")
        #expect(
            await ada.request("media.offer", ["callId": call, "sdp": "again"])["media"]?["sdp"] == "answer to again")
        #expect(
            await ada.request("media.receive", ["callId": call, "slots": [["mid": "6", "participantId": .null]]])[
                "type"] == "reply")
        let leg = try #require(await stage.media.leg(participant, in: id))
        #expect(leg.offers == 2)
        #expect(leg.slots == [SlotRequest(mid: "6", participant: nil)])
        let named = await ada.request(
            "data.recipients", ["callId": call, "channelId": 7, "participantIds": [participant.json]])
        #expect(named["type"] == "reply")
        #expect(await stage.media.leg(participant, in: id)?.dataRecipients == [7: [participant]])
        let stranger = await ada.request(
            "data.recipients", ["callId": call, "channelId": 7, "participantIds": ["nobody"]])
        #expect(stranger.refusal == "participantNotFound")
        #expect(stranger["error"]?["target"] == "nobody")
        var tooMany = JSONValue.null
        for channel in 0..<CallLimits.standard.recipientLists {
            tooMany = await ada.request(
                "data.recipients",
                ["callId": call, "channelId": .integer(1_000 + channel), "participantIds": [participant.json]])
            if channel % 50 == 0 { await stage.clock.advance(by: .seconds(10)) }
        }
        #expect(tooMany.refusal == "invalidState")
        _ = await ada.request("data.recipients", ["callId": call, "channelId": 7, "participantIds": .null])
        #expect(await stage.media.leg(participant, in: id)?.dataRecipients[7] == nil)
        await stage.directory.handle(.connected(id, participant))
        #expect(ada.push("media.state")?["state"] == "connected")
        await stage.directory.handle(.interrupted(id, participant))
        #expect(ada.push("media.state")?["state"] == "interrupted")
        await stage.directory.handle(.slots(id, participant, [SlotState(mid: "6", condition: .empty)]))
        #expect(
            ada.push("media.slots")?["slots"]
                == [["mid": "6", "participantId": .null, "source": .null, "state": "empty"]] as JSONValue)
        await stage.media.refuseOffers("m-line 3 has no codec")
        let refused = await ada.request("media.offer", ["callId": call, "sdp": "bad"])
        #expect(refused.refusal == "mediaNegotiationFailed")
        #expect(refused["error"]?["message"] == "m-line 3 has no codec")
        #expect(refused["error"]?.codes == "410/3100")
    }
}
