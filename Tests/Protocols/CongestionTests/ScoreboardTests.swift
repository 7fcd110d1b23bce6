import Congestion
import NetworkEmulation
import ProtocolCore
import TestSupport
import Testing

/// Whole calls in virtual time, each judged by what it must reach, and all together written to a committed scoreboard.
@Suite("Congestion scenarios")
struct ScoreboardTests {
    /// Every scenario runs once, for all tests.
    private static let outcomes = Task {
        try await withThrowingTaskGroup(of: (String, Scenario.Outcome).self) { group in
            for scenario in Scenario.all + Scenario.dropAndRise {
                group.addTask { (scenario.name, try await LongWork.run { scenario.run() }) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func outcome(_ scenario: Scenario) async throws -> Scenario.Outcome {
        try #require(try await ScoreboardTests.outcomes.value[scenario.name])
    }

    @Test("A steady link is used to 85 % or more, with a short queue")
    func steadyLinkIsUsed() async throws {
        for scenario in [Scenario.steady, .fastFeedback, .longPath, .jitter] {
            let outcome = try await outcome(scenario)
            #expect(outcome.share >= 0.85, "\(scenario.name)")
            #expect(outcome.queue95 <= .milliseconds(60), "\(scenario.name)")
        }
    }

    @Test("After a drop the queue drains within 2 s; after the rise the rate is back within 10 s")
    func dropAndRise() async throws {
        for scenario in Scenario.dropAndRise {
            let outcome = try await outcome(scenario)
            #expect(try #require(outcome.drain) <= .seconds(2), "\(scenario.name)")
            #expect(try #require(outcome.rise) <= .seconds(10), "\(scenario.name)")
            #expect(outcome.reasons.contains(.recovery), "\(scenario.name)")
        }
    }

    @Test("A drop of 90 s is recovered from without a memory of the former rate")
    func longDrop() async throws {
        let outcome = try await outcome(.longDrop)
        #expect(try #require(outcome.drain) <= .seconds(2))
        #expect(try #require(outcome.rise) <= .seconds(16))
    }

    @Test("Loss that no rate would avoid does not take the rate away")
    func inherentLoss() async throws {
        #expect(try await outcome(.randomLoss).share >= 0.6)
        #expect(try await outcome(.burstyLoss).share >= 0.6)
    }

    @Test("Loss that comes with the rate does limit it: a queue too short to delay anything")
    func shallowQueue() async throws {
        let outcome = try await outcome(.shallowQueue)
        #expect(outcome.share >= 0.7)
        #expect(outcome.meanTarget <= .megabits(3.3))
        #expect(outcome.samples.contains { $0.state == .lossLimited })
    }

    @Test("Delay that varies without a queue does not take the rate away", arguments: Scenario.withoutQueue.indices)
    func jitterWithoutQueue(index: Int) async throws {
        let outcome = try await outcome(Scenario.withoutQueue[index])
        #expect(outcome.share >= 0.9, "the best layer arrives nearly all the time")
        #expect(outcome.samples.between(.seconds(10), .seconds(60)).allSatisfy { $0.target >= .kilobits(560) })
    }

    @Test("A queue is seen in spite of jitter")
    func queueBehindJitter() async throws {
        let outcome = try await outcome(.wideJitterDrop)
        #expect(try #require(outcome.drain) <= .seconds(2.5))
        #expect(try #require(outcome.rise) <= .seconds(15))
    }

    @Test("Lost feedback costs little")
    func lostFeedback() async throws {
        #expect(try await outcome(.lostFeedback).share >= 0.8)
    }

    @Test("A link far below the start rate is found and used, and audio survives")
    func narrowLink() async throws {
        let outcome = try await outcome(.narrow)
        #expect(outcome.share >= 0.7)
        #expect(outcome.longestQueue <= .milliseconds(250))
        #expect(outcome.audioLoss <= 0.01)
    }

    @Test("An application that uses two thirds of its target is not stuck")
    func twoThirds() async throws {
        #expect(try #require(await outcome(.twoThirds).rise) <= .seconds(30))
        #expect(try #require(await outcome(.layers).rise) <= .seconds(16))
        #expect(try await outcome(.layers).reasons.contains(.demand))
    }

    @Test("A run is decided by its seed")
    func isDeterministic() {
        var settings = CallSimulation.Settings(forward: Scenario.link(1, loss: .random(0.02)))
        var first = CallSimulation(settings)
        var second = CallSimulation(settings)
        settings.seed = 2
        var other = CallSimulation(settings)
        first.run(for: .seconds(5))
        second.run(for: .seconds(5))
        other.run(for: .seconds(5))
        #expect(first.samples.map(\.target) == second.samples.map(\.target))
        #expect(first.samples.map(\.mediaBytes) != other.samples.map(\.mediaBytes))
    }

    @Test("The scoreboard is as committed; SWITCHBOARD_WRITE_SCOREBOARD=1 writes it anew")
    func scoreboard() async throws {
        let outcomes = try await ScoreboardTests.outcomes.value
        var board = Scoreboard(
            heading: ScoreboardTests.heading,
            columns: [
                "scenario", "share", "target", "queue 95 %", "longest", "drain", "rise", "audio loss", "probes",
                "padding",
            ])
        let phases = Scenario.dropAndRise.compactMap { outcomes[$0.name] }
        let rows =
            Scenario.all.compactMap { scenario in outcomes[scenario.name].map { (scenario.name, $0) } }
            + [("3, 0.8, 3 Mbit/s, mean of \(phases.count) phases", Scenario.Outcome.mean(of: phases))]
        for (name, outcome) in rows {
            board.add([
                name, Scoreboard.percent(outcome.share), String(outcome.meanTarget.bitsPerSecond / 1000),
                Scoreboard.milliseconds(outcome.queue95), Scoreboard.milliseconds(outcome.longestQueue),
                Scoreboard.seconds(outcome.drain), Scoreboard.seconds(outcome.rise),
                Scoreboard.percent(outcome.audioLoss), String(outcome.probes),
                Scoreboard.percent(outcome.paddingShare),
            ])
        }
        let committed = try board.committed(as: "congestion")
        #expect(board.text == committed, "Read what changed, then write it anew with SWITCHBOARD_WRITE_SCOREBOARD=1")
    }

    private static let heading = """
        What congestion control makes of emulated links, in virtual time and on fixed seeds. Written by CongestionTests.
        share: media delivered of what the link carries, from the 10th second on; target: its mean, in kbit/s;
        queue: in front of the link, in ms; drain: from the drop until it is below 100 ms for a second, in s;
        rise: from the link's rise until the target stays at 2.5 Mbit/s, in s; padding: its part of what was sent.


        """
}
