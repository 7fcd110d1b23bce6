import Calling
import MediaVocabulary
import ProtocolCore
import Testing

/// Calls under random inputs, fitting or not: whatever comes, certain things always hold.
@Suite("Random inputs")
struct RandomRunTests {
    private static let people = ["a", "b", "c", "d", "e", "f"]

    @Test("Invariants hold under thousands of random inputs", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func invariants(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        // Many calls end early, so what counts is how many inputs were taken, not how many calls there were.
        while accepted < 400 {
            var limits = CallLimits()
            limits.participants = 5
            var scene = Scene(limits: limits)
            var story = Story()
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                try scene.begin(.group(GroupID("g"), first: story.joiner("a", 1), isReady: Bool.random(using: &random)))
            case 1: try scene.begin(.dial(caller: story.joiner("a", 1), invitees: [story.invitee("b", 2)]))
            default:
                let invitees = [story.invitee("b", 1), story.invitee("c", 0), story.invitee("d", 2)]
                try scene.begin(.dial(caller: story.joiner("a", 1), invitees: invitees))
            }
            try check(scene, story)
            for _ in 0..<80 where scene.ended == nil {
                if Int.random(in: 0..<10, using: &random) == 0 {
                    try scene.advance(by: .milliseconds(Int64.random(in: 0..<30_000, using: &random)))
                } else {
                    let before = scene.machine.roster
                    if refusal({ try scene.handle(story.input(for: scene, using: &random)) }) == nil {
                        accepted += 1
                    } else {
                        #expect(scene.machine.roster == before, "a refused input changed the call")
                    }
                }
                try check(scene, story)
                guard scene.ended == nil else { break }
            }
        }
    }

    /// Makes inputs, and remembers who was ever meant to be in the call.
    private struct Story {
        var names = 0
        var everybody: Set<ParticipantID> = []

        mutating func joiner(_ name: String, _ endpoint: Int) -> CallStateMachine.Joiner {
            names += 1
            let joiner = Scene.joiner(name, endpoint: "\(name)\(endpoint)", as: "\(name)-\(names)")
            everybody.insert(joiner.participant)
            return joiner
        }

        mutating func invitee(_ name: String, _ endpoints: Int) -> CallStateMachine.Invitee {
            names += 1
            var invitee = Scene.invitee(name, endpoints: endpoints)
            invitee.participant = ParticipantID("\(name)-\(names)")
            everybody.insert(invitee.participant)
            return invitee
        }

        mutating func input(for scene: Scene, using random: inout SeededGenerator) -> CallStateMachine.Input {
            let present = scene.machine.roster.map(\.participant) + [ParticipantID("nobody")]
            func someone() -> ParticipantID { present.randomElement(using: &random) ?? ParticipantID("nobody") }
            let name = people.randomElement(using: &random) ?? "a"
            let number = Int.random(in: 1...2, using: &random)
            let endpoint = EndpointID("\(name)\(number)")
            let flag = Bool.random(using: &random)
            switch Int.random(in: 0..<31, using: &random) {
            case 0, 1: return .join(joiner(name, number), isReady: flag)
            case 2, 3: return .invite(invitee(name, number - (flag ? 1 : 0)), by: someone())
            case 4: return .ringing(someone())
            case 5: return .endpointAppeared(endpoint, user: UserID("8:acs:\(name)"))
            case 6: return .endpointGone(endpoint)
            case 7, 8, 9: return .accept(endpoint, displayName: name, isMuted: flag, isReady: number == 1)
            case 10: return .ready(someone())
            case 11: return .reject(endpoint, flag ? .declined : .busy)
            case 12: return .hangUp(someone(), forEveryone: flag && number == 1)
            case 13: return .drop(someone(), .applicationClosed)
            case 14: return .remove(someone(), by: someone())
            case 15: return .mute(someone(), flag)
            case 16: return .muteOthers(flag ? nil : [someone(), someone()], by: someone())
            case 17, 18: return .hold(someone(), flag)
            case 19: return .publish(someone(), camera: flag, screen: number == 1)
            case 20, 21: return .signalling(someone(), isLost: flag)
            case 22: return .mediaOffered(someone())
            case 23, 24: return .media(someone(), isLost: flag)
            case 25: return .signal(.hand(isRaised: flag), by: someone())
            case 26: return .signal(.lowerHands(flag ? nil : [someone()]), by: someone())
            case 27: return .signal(.startSpotlight([someone(), someone()]), by: someone())
            case 28: return .signal(.endSpotlight(flag ? nil : [someone()]), by: someone())
            case 29: return .signal(.reaction(.applause), by: someone())
            default:
                return .speakers(SpeakerReport(dominant: [someone()], levels: [someone(): 0.5]))
            }
        }
    }

    private func check(_ scene: Scene, _ story: Story) throws {
        let roster = scene.machine.roster
        let present = Set(roster.map(\.participant))
        #expect(present.count == roster.count, "somebody is in the call twice")
        #expect(roster.count <= 5)

        // Everybody whose leg is in the call sees the others as they are; `isSpeaking` travels apart.
        for entry in roster where scene.machine.leg(of: entry.participant) != nil {
            let others = roster.filter { $0.participant != entry.participant }.map(silent)
            let rebuilt = (scene.rosters[entry.participant] ?? [:]).mapValues(silent)
            #expect(Set(others) == Set(rebuilt.values))
            let snapshot = try #require(scene.machine.snapshot(for: entry.participant))
            #expect(snapshot.state == scene.states[entry.participant])
            #expect(snapshot.own == scene.own[entry.participant])
            // Media flows for the connected who are not on hold, and for nobody else.
            let flows = scene.machine.isConnected(entry.participant) && !snapshot.own.isOnHold
            #expect(scene.onHold[entry.participant] == !flows)
            #expect((scene.muted[entry.participant] ?? false) == entry.isMuted)
        }

        // An endpoint rings or takes part, not both, and only for one who is in the roster.
        for endpoint in scene.ringing {
            #expect(scene.machine.incomingCall(at: endpoint) != nil, "\(endpoint) rings for nobody")
            #expect(scene.machine.participant(at: endpoint) == nil, "\(endpoint) rings and takes part")
        }

        // Everybody was added once, and who has gone has gone once, with one reason.
        var added: [ParticipantID: Int] = [:]
        var removed: [ParticipantID: Int] = [:]
        for event in scene.events {
            switch event.fact {
            case .participantAdded(let entry): added[entry.participant, default: 0] += 1
            case .participantRemoved(let participant, _, _): removed[participant, default: 0] += 1
            case .callStarted, .kindChanged, .participantUpdated, .stateChanged, .callEnded: break
            }
        }
        for (participant, count) in added {
            #expect(count == 1)
            #expect((removed[participant] ?? 0) == (present.contains(participant) ? 0 : 1))
            #expect((scene.endings[participant] ?? []).count <= 1)
        }
        #expect(Set(added.keys).isSubset(of: story.everybody))
        #expect(Set(removed.keys).isSubset(of: added.keys))
        #expect(scene.events.map(\.sequence) == Array(1...UInt64(scene.events.count)))

        if scene.ended != nil {
            #expect(roster.isEmpty)
            #expect(scene.machine.nextDeadline == nil)
            for participant in added.keys where scene.states[participant] != nil {
                #expect(scene.states[participant] == .disconnected, "\(participant) was not told of the end")
            }
        } else {
            #expect(roster.contains { scene.machine.leg(of: $0.participant) != nil }, "a call of nobody")
            if scene.machine.kind == .oneToOne {
                #expect(roster.count == 2)
            }
        }
    }

    private func silent(_ entry: RosterEntry) -> RosterEntry {
        var entry = entry
        entry.isSpeaking = false
        return entry
    }
}
