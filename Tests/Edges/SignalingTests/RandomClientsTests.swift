import Calling
import CallingTestSupport
import MediaVocabulary
import ProtocolCore
import Testing

@testable import Signaling

/// Clients that do anything at any time, lose their connections and come back: what each can rebuild from its messages
/// is what holds in the call.
@Suite("Random clients")
struct RandomClientsTests {
    /// A client program: it keeps what the protocol tells it, and nothing else.
    private struct Program {
        let name: String
        var client: Client
        var resume = ""
        var endpoint = ""
        var isConnected = true
        var call: String?
        var state = ""
        var sequence = 0
        var roster: [String: JSONValue] = [:]
        var own: [String: JSONValue] = [:]
        var incoming: Set<String> = []

        mutating func read() {
            for message in client.connection.takeAll() {
                switch message["type"]?.string {
                case "welcome": welcome(message)
                case "reply":
                    if let snapshot = message["call"] { take(snapshot) }
                case "call.roster" where message["callId"]?.string == call: change(message)
                case "call.state" where message["callId"]?.string == call:
                    state = message["state"]?.string ?? ""
                    if state == "Disconnected" { call = nil }
                case "call.self" where message["callId"]?.string == call:
                    for name in ["muted", "onHold", "camera", "screen"] { own[name] = message[name] }
                case "incomingCall": incoming.insert(message["callId"]?.string ?? "")
                case "incomingCallEnded": incoming.remove(message["callId"]?.string ?? "")
                case "call.roster", "call.state", "call.self": Issue.record("\(name): news of a foreign call")
                default: break
                }
            }
        }

        private mutating func welcome(_ message: JSONValue) {
            resume = message["resume"]?.string ?? ""
            endpoint = message["endpointId"]?.string ?? ""
            incoming = []
            let before = call
            call = nil
            if let snapshot = message["calls"]?.elements.first {
                take(snapshot)
            } else if message["resumed"] == true {
                // Its end is reported next.
                call = before
            }
        }

        private mutating func take(_ snapshot: JSONValue) {
            call = snapshot["callId"]?.string
            incoming.remove(call ?? "")
            state = snapshot["state"]?.string ?? ""
            sequence = snapshot["rosterSequence"]?.integer ?? -1
            roster = [:]
            for entry in snapshot["participants"]?.elements ?? [] { put(entry) }
            for name in ["muted", "onHold", "camera", "screen"] { own[name] = snapshot[name] }
        }

        private mutating func put(_ entry: JSONValue) {
            roster[entry["participantId"]?.string ?? ""] = entry
        }

        private mutating func change(_ message: JSONValue) {
            sequence += 1
            #expect(message["sequence"] == .integer(sequence), "\(name) missed a roster push")
            for entry in message["added"]?.elements ?? [] {
                #expect(roster[entry["participantId"]?.string ?? ""] == nil, "\(name): added twice")
                put(entry)
            }
            for entry in message["changed"]?.elements ?? [] {
                #expect(roster[entry["participantId"]?.string ?? ""] != nil, "\(name): unknown changed")
                put(entry)
            }
            for gone in message["removed"]?.elements ?? [] {
                let known = roster.removeValue(forKey: gone["participantId"]?.string ?? "")
                #expect(known != nil, "\(name): unknown removed")
            }
        }
    }

    private let stage = Stage()
    private let names = ["ada", "bea", "cleo", "dora"]

    @Test("What clients rebuild is what holds", arguments: [1, 2, 3, 4] as [UInt64])
    func rebuild(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var programs: [Program] = []
        for name in names {
            programs.append(Program(name: name, client: await stage.signIn(name)))
        }
        var compared = 0
        for _ in 0..<300 {
            let index = Int.random(in: 0..<programs.count, using: &random)
            await act(&programs[index], using: &random)
            await stage.clock.advance(by: .milliseconds(Int64.random(in: 0..<2_000, using: &random)))
            for index in programs.indices where programs[index].isConnected {
                await programs[index].client.send(["type": "ping", "time": 1])
            }
            await stage.clock.advance(by: .milliseconds(50))
            for index in programs.indices where programs[index].isConnected {
                programs[index].read()
                #expect(programs[index].client.connection.closeCode == nil)
                compared += await compare(programs[index])
            }
        }
        #expect(compared > 100, "the clients hardly ever were in a call")
        #expect(await stage.media.violations.isEmpty)
    }

    private func act(_ program: inout Program, using random: inout SeededGenerator) async {
        let flag = Bool.random(using: &random)
        guard program.isConnected else {
            program.client = await stage.signIn(program.name, resume: program.resume)
            program.isConnected = true
            return
        }
        let call: JSONValue = .string(program.call ?? program.incoming.sorted().first ?? "none")
        let others = program.roster.keys.sorted()
        let other: JSONValue = .string(others.randomElement(using: &random) ?? "none")
        let target: JSONValue = .string("8:acs:" + (names.randomElement(using: &random) ?? ""))
        let client = program.client
        func send(_ type: String, _ members: JSONValue) async {
            guard case .object(let given) = members else { return }
            await client.send(
                .object([.init(name: "type", value: .string(type)), .init(name: "id", value: 1)] + given))
        }
        switch Int.random(in: 0..<16, using: &random) {
        case 0 where program.call == nil: await send("call.start", ["targets": [target]])
        case 1, 2:
            guard program.call == nil else { return }
            await send("call.join", ["groupId": "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b", "media": ["sdp": "x"]])
        case 3, 4:
            guard program.call == nil else { return }
            await send("call.accept", ["callId": call, "muted": .bool(flag)])
        case 5:
            await send("call.reject", ["callId": call])
            program.incoming.remove(call.string ?? "")
        case 6 where flag: await send("call.hangUp", ["callId": call, "forEveryone": .bool(flag)])
        case 7: await send("call.add", ["callId": call, "target": target])
        case 8 where flag: await send("call.remove", ["callId": call, "participantId": other])
        case 9: await send("call.mute", ["callId": call, "muted": .bool(flag)])
        case 10: await send("call.muteParticipants", ["callId": call])
        case 11: await send("call.hold", ["callId": call, "onHold": .bool(flag)])
        case 12: await send("call.publish", ["callId": call, "camera": .bool(flag), "screen": false])
        case 13, 14:
            program.read()
            await client.channel.closed()
            program.isConnected = false
        default: await stage.clock.advance(by: .milliseconds(500))
        }
    }

    /// Compares what the client knows with what holds; 1 when it is in a call.
    private func compare(_ program: Program) async -> Int {
        let endpoint = EndpointID(program.endpoint)
        let snapshots = await stage.directory.snapshots(for: endpoint)
        #expect(snapshots.map(\.call.rawValue) == [program.call].compactMap { $0 }, "\(program.name)")
        let ringing = await stage.directory.incomingCalls(for: endpoint).map(\.call.rawValue)
        #expect(program.incoming == Set(ringing), "\(program.name)")
        guard let snapshot = snapshots.first else { return 0 }
        #expect(program.state == snapshot.state.rawValue, "\(program.name)")
        let truth = Dictionary(
            uniqueKeysWithValues: snapshot.participants.map { ($0.participant.rawValue, $0.json.canonical) })
        #expect(program.roster == truth, "\(program.name)")
        #expect(program.own["muted"] == .bool(snapshot.own.isMuted))
        #expect(program.own["onHold"] == .bool(snapshot.own.isOnHold))
        #expect(program.own["camera"] == .bool(snapshot.own.camera))
        return 1
    }
}
