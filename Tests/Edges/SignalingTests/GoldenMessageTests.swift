import Calling
import Foundation
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Signaling

/// The examples of the protocol's description, which the web library is tested against as well.
@Suite("Golden messages")
struct GoldenMessageTests {
    struct Golden: CustomTestStringConvertible, Sendable {
        let name: String
        let message: JSONValue
        var testDescription: String { name }
    }

    static func goldens(_ direction: String) -> [Golden] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Golden/signalling")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }.compactMap { file in
            guard let data = try? Data(contentsOf: file),
                let golden = JSONValue(text: String(decoding: data, as: UTF8.self)),
                golden["direction"]?.string == direction, let message = golden["message"]
            else { return nil }
            return Golden(name: file.lastPathComponent, message: message)
        }
    }

    @Test("There are examples of every message of the protocol")
    func complete() {
        let client = Set(Self.goldens("client").compactMap { $0.message["type"]?.string })
        #expect(
            client == [
                "hello", "ping", "bye", "token", "call.start", "call.join", "call.accept", "call.reject",
                "call.hangUp", "call.add", "call.remove", "call.mute", "call.muteParticipants", "call.hold",
                "call.publish", "call.raiseHand", "call.lowerHands", "call.spotlight", "call.react", "media.offer",
                "media.receive", "media.servers",
                "data.recipients",
            ])
        let server = Set(Self.goldens("server").compactMap { $0.message["type"]?.string })
        #expect(
            server == [
                "welcome", "pong", "reply", "error", "tokenExpiring", "serverClosing", "incomingCall",
                "incomingCallEnded", "call.state", "call.roster", "call.self", "call.speakers", "call.reactions",
                "media.state",
                "media.slots", "media.codec", "media.layers", "media.allocation",
            ])
    }

    @Test("Every example of a client is read, member by member", arguments: goldens("client"))
    func client(golden: Golden) throws {
        let message = try ClientMessage.decode(golden.message.text)
        #expect(message.example.canonical == golden.message.canonical)
    }

    @Test("Every example of the server is written exactly so", arguments: goldens("server"))
    func server(golden: Golden) throws {
        let message = try #require(ServerMessage(example: golden.message))
        #expect(message.json.canonical == golden.message.canonical)
        #expect(JSONValue(text: message.json.text)?.canonical == golden.message.canonical)
    }
}

extension JSONValue {
    /// The same value with its members in alphabetical order.
    var canonical: JSONValue {
        switch self {
        case .null, .bool, .integer, .number, .string: self
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members):
            .object(
                members.map { Member(name: $0.name, value: $0.value.canonical) }.sorted { $0.name < $1.name })
        }
    }
}
