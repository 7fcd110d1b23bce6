import Foundation
import Testing

@testable import CallingClient

/// The golden messages of the protocol, which the server and the web library are tested against too.
@Suite struct WireTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../../Tests/Golden/signalling")

    private struct Golden<Message: Decodable>: Decodable {
        var direction: String
        var message: Message
    }

    func read<Message: Decodable>(_ name: String, as type: Message.Type) throws -> Message {
        let data = try Data(contentsOf: Self.folder.appendingPathComponent("\(name).json"))
        return try JSONDecoder().decode(Golden<Message>.self, from: data).message
    }

    @Test func readsTheWelcome() throws {
        let welcome = try read("welcome", as: Wire.Welcome.self)
        #expect(welcome.heartbeatSeconds == 5)
        #expect(!welcome.resumed)
        #expect(try read("welcome.resumed", as: Wire.Welcome.self).calls.isEmpty == false)
    }

    @Test func readsReplies() throws {
        let reply = try read("reply.call.withMedia", as: Wire.CallReply.self)
        #expect(reply.call.state == "Connected")
        #expect(reply.media?.sdp.hasPrefix("v=0") == true)
        #expect(try read("reply.call", as: Wire.CallReply.self).media == nil)
        #expect(try read("reply.media", as: Wire.MediaReply.self).media.sdp.isEmpty == false)
        #expect(try read("reply.participant", as: Wire.ParticipantReply.self).participantId.isEmpty == false)
        #expect(try read("reply", as: Wire.Head.self).to != nil)
    }

    @Test func readsErrors() throws {
        let failure = try read("error", as: Wire.Failure.self)
        #expect(CallingError(failure.error).reason == failure.error.reason)
        #expect(try read("error.withoutRequest", as: Wire.Head.self).to == nil)
    }

    @Test func readsPushes() throws {
        #expect(try read("incomingCall", as: Wire.IncomingCall.self).from.userId.hasPrefix("8:acs:"))
        #expect(try read("incomingCallEnded", as: Wire.IncomingCallEnded.self).reason.code == 487)
        #expect(try read("call.state", as: Wire.CallState.self).reason == nil)
        #expect(try read("call.state.disconnected", as: Wire.CallState.self).reason != nil)
        let roster = try read("call.roster", as: Wire.Roster.self)
        #expect(!(roster.added + roster.changed).isEmpty)
        #expect(try read("call.roster.removed", as: Wire.Roster.self).removed.count == 1)
        _ = try read("call.self", as: Wire.SelfState.self)
        #expect(try read("call.speakers", as: Wire.Speakers.self).dominant.isEmpty == false)
        #expect(try read("media.slots", as: Wire.Slots.self).slots.isEmpty == false)
        #expect(try read("media.layers", as: Wire.Layers.self).layers.map(\.rid) == ["q", "h", "f"])
        #expect(try read("media.layers", as: Wire.Layers.self).layers.map(\.maxBitrate) == [nil, 320_000, nil])
    }

    @Test func knowsEveryStateOfTheGoldenRoster() throws {
        let roster = try read("call.roster", as: Wire.Roster.self)
        for wire in roster.added + roster.changed {
            #expect(RemoteParticipant(wire).state.rawValue == wire.state)
        }
    }

    @Test func writesRequests() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let request: [String: JSONValue] = [
            "type": "call.mute", "id": 8, "muted": true, "none": .null, "list": .array(["a", 1]),
        ]
        let text = String(decoding: try encoder.encode(request), as: UTF8.self)
        #expect(text == #"{"id":8,"list":["a",1],"muted":true,"none":null,"type":"call.mute"}"#)
    }
}

@Suite struct BroadcastTests {
    @Test func keepsEventsForTheFirstListener() async {
        let broadcast = Broadcast<Int>()
        broadcast.send(1)
        broadcast.send(2)
        let first = broadcast.stream()
        let second = broadcast.stream()
        broadcast.send(3)
        broadcast.finish()
        var seen: [Int] = []
        for await number in first { seen.append(number) }
        #expect(seen == [1, 2, 3])
        seen = []
        for await number in second { seen.append(number) }
        #expect(seen == [3])
        for await _ in broadcast.stream() { Issue.record("nothing comes after the end") }
    }
}

@Suite struct LevelTests {
    @Test func measuresLoudness() {
        #expect(RawOutgoingAudioStream.level(of: []) == 127)
        #expect(RawOutgoingAudioStream.level(of: [0, 0, 0]) == 127)
        #expect(RawOutgoingAudioStream.level(of: Array(repeating: Int16.min, count: 10)) == 0)
        #expect(RawOutgoingAudioStream.level(of: Array(repeating: 16_384, count: 10)) == 6)
        #expect(RawOutgoingAudioStream.level(of: Array(repeating: 1, count: 10)) == 90)
    }
}
