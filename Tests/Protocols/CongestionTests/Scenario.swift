import Congestion
import NetworkEmulation
import ProtocolCore

/// A path and an application, with what came of them.
struct Scenario: Sendable {
    var name: String
    var settings: @Sendable () -> CallSimulation.Settings
    var length: Duration
    /// What the link carries in the part of the run that `share` is taken from.
    var capacity: Bitrate
    /// From here on the start no longer counts.
    var settled: Duration = .seconds(10)
    /// When the link shrinks, and when it grows again.
    var drop: Duration?
    var rise: Duration?

    struct Outcome: Sendable {
        var share: Double
        var meanTarget: Bitrate
        var queue95: Duration
        var longestQueue: Duration
        var drain: Duration?
        var rise: Duration?
        var audioLoss: Double
        var probes: Int
        var paddingShare: Double
        var samples: [CallSimulation.Sample]
        var reasons: [ProbeCluster.Reason]
    }

    func run() -> Outcome {
        var call = CallSimulation(settings())
        call.run(for: length)
        let samples = call.samples
        let total = max((samples.last?.mediaBytes ?? 0) + call.paddingBytes, 1)
        return Outcome(
            share: samples.share(of: capacity, from: settled, to: length),
            meanTarget: samples.meanTarget(from: settled, to: length),
            queue95: samples.queueDelay95(from: settled, to: length),
            longestQueue: samples.between(settled, length).map(\.queueDelay).max() ?? .zero,
            drain: drop.flatMap { samples.drainTime(after: $0 + .seconds(1), below: .milliseconds(100)) }
                .map { $0 + .seconds(1) },
            rise: rise.flatMap { samples.riseTime(after: $0, to: .megabits(2.5)) },
            audioLoss: 1 - Double(call.audioDelivered) / Double(max(call.audioSent, 1)), probes: call.probes.count,
            paddingShare: Double(call.paddingBytes) / Double(total), samples: samples,
            reasons: call.probes.map(\.reason))
    }
}

extension Scenario {
    /// A link with a second of queue, 25 ms of delay and little jitter, unless told otherwise.
    static func link(
        _ megabits: Double, loss: LinkConditions.Loss = .none, delay: Duration = .milliseconds(25),
        jitter: Duration = .milliseconds(2), queue: Duration = .milliseconds(1000)
    ) -> LinkConditions {
        LinkConditions(
            rate: Int(megabits * 1e6), delay: delay, jitter: jitter, loss: loss, queueLimit: .time(queue))
    }

    /// Sends the sum of as many simulcast layers as fit.
    static let layered: @Sendable (Duration, Bitrate) -> Bitrate = { _, target in
        let sums = [210, 560, 1760].map { Bitrate.kilobits($0) }
        return sums.last { $0 <= target } ?? sums[0]
    }

    static let steady = Scenario(
        name: "steady 3 Mbit/s", settings: { .init(forward: link(3)) }, length: .seconds(40), capacity: .megabits(3))
    static let fastFeedback = Scenario(
        name: "steady, feedback every 50 ms",
        settings: { .init(forward: link(3), feedbackInterval: .milliseconds(50)) }, length: .seconds(40),
        capacity: .megabits(3))
    /// The same drop at twelve moments between two probes: when the link rises just before one, the rate is back at once,
    /// and just after one only seconds later.
    static let dropAndRise = (0..<12).map { phase in
        let drop = Duration.seconds(20) + .milliseconds(417 * phase)
        let rise = drop + .seconds(20)
        return Scenario(
            name: "3, 0.8, 3 Mbit/s, phase \(phase)",
            settings: { .init(forward: link(3), changes: [(drop, link(0.8)), (rise, link(3))]) },
            length: rise + .seconds(20), capacity: Bitrate(bitsPerSecond: 2_120_000), drop: drop, rise: rise)
    }
    static let longDrop = Scenario(
        name: "3, 0.8 for 90 s, 3 Mbit/s",
        settings: { .init(forward: link(3), changes: [(.seconds(10), link(0.8)), (.seconds(100), link(3))]) },
        length: .seconds(125), capacity: Bitrate(bitsPerSecond: 1_278_000), drop: .seconds(10), rise: .seconds(100))
    static let randomLoss = Scenario(
        name: "10 % random loss", settings: { .init(forward: link(3, loss: .random(0.1))) }, length: .seconds(40),
        capacity: .megabits(3))
    static let burstyLoss = Scenario(
        name: "bursty loss, 5 % on average",
        settings: { .init(forward: link(3, loss: .bursts(.init(goodToBad: 0.01, badToGood: 0.2)))) },
        length: .seconds(40), capacity: .megabits(3))
    static let longPath = Scenario(
        name: "300 ms round trip",
        settings: {
            .init(forward: link(3, delay: .milliseconds(150)), back: LinkConditions(delay: .milliseconds(150)))
        }, length: .seconds(40), capacity: .megabits(3))
    static let jitter = Scenario(
        name: "20 ms jitter", settings: { .init(forward: link(3, jitter: .milliseconds(20))) }, length: .seconds(40),
        capacity: .megabits(3))
    static let shallowQueue = Scenario(
        name: "queue of 20 ms", settings: { .init(forward: link(3, queue: .milliseconds(20))) }, length: .seconds(40),
        capacity: .megabits(3))
    static let lostFeedback = Scenario(
        name: "20 % of feedback lost",
        settings: {
            .init(forward: link(3), back: LinkConditions(delay: .milliseconds(25), loss: .random(0.2)))
        }, length: .seconds(40), capacity: .megabits(3))
    static let narrow = Scenario(
        name: "0.2 Mbit/s", settings: { .init(forward: link(0.2)) }, length: .seconds(40), capacity: .kilobits(200))
    static let twoThirds = Scenario(
        name: "application uses 65 %",
        settings: {
            .init(
                forward: link(0.8), changes: [(.seconds(20), link(3))], needed: .megabits(4),
                application: { $1 * 0.65 })
        }, length: .seconds(50), capacity: .megabits(2), rise: .seconds(20))
    static let layers = Scenario(
        name: "simulcast layers, 0.8, 3 Mbit/s",
        settings: {
            .init(
                forward: link(0.8), changes: [(.seconds(20), link(3))], needed: .megabits(2.2),
                application: layered)
        }, length: .seconds(50), capacity: .megabits(1.38), rise: .seconds(20))

    /// A receiver of layers on a link that carries far more, whose delay varies in many ways, but never for a queue.
    private static func wavering(_ name: String, _ link: LinkConditions) -> Scenario {
        Scenario(
            name: name,
            settings: { .init(forward: link, start: .megabits(2), needed: .megabits(1.9), application: layered) },
            length: .seconds(60), capacity: .megabits(1.76))
    }

    static let wideJitter = wavering(
        "60 ms jitter, bursts of 4 % loss, layers in 5 Mbit/s",
        link(
            5, loss: .bursts(.init(goodToBad: 0.01, badToGood: 0.24)), jitter: .milliseconds(60)))
    static let normalJitter = wavering(
        "normal jitter, layers in 5 Mbit/s",
        LinkConditions(
            rate: 5_000_000, delay: .milliseconds(25), variation: .normal(deviation: .milliseconds(25)),
            queueLimit: .time(.seconds(1))))
    static let paretoJitter = wavering(
        "Pareto jitter, layers in 5 Mbit/s",
        LinkConditions(
            rate: 5_000_000, delay: .milliseconds(25),
            variation: .pareto(scale: .milliseconds(5), longest: .milliseconds(200)), queueLimit: .time(.seconds(1))))
    static let heldPackets = wavering(
        "held 40 to 100 ms, layers in 5 Mbit/s",
        LinkConditions(
            rate: 5_000_000, delay: .milliseconds(25),
            variation: .holds(interval: .milliseconds(400), length: .milliseconds(40)...(.milliseconds(100))),
            queueLimit: .time(.seconds(1))))
    /// A cell gives each phone some turns of 20 ms, and none in others.
    static let scheduled = Scenario(
        name: "turns of 20 ms, layers in 5 Mbit/s",
        settings: {
            var generator = SeededGenerator(seed: 7)
            let turns = (1..<3000).map { turn in
                (
                    after: Duration.milliseconds(turn * 20),
                    conditions: link([0.5, 2, 5, 8, 9.5].randomElement(using: &generator) ?? 5)
                )
            }
            return .init(
                forward: link(5), changes: turns, start: .megabits(2), needed: .megabits(1.9), application: layered)
        }, length: .seconds(60), capacity: .megabits(1.76))
    /// The same jitter with a link that does become narrow.
    static let wideJitterDrop = Scenario(
        name: "60 ms jitter, 3, 0.8, 3 Mbit/s",
        settings: {
            let (wide, narrow) = (link(3, jitter: .milliseconds(60)), link(0.8, jitter: .milliseconds(60)))
            return .init(forward: wide, changes: [(.seconds(20), narrow), (.seconds(40), wide)])
        }, length: .seconds(60), capacity: Bitrate(bitsPerSecond: 2_120_000), drop: .seconds(20), rise: .seconds(40))

    static let withoutQueue = [wideJitter, normalJitter, paretoJitter, heldPackets, scheduled]

    static let all =
        [
            steady, fastFeedback, longDrop, randomLoss, burstyLoss, longPath, jitter, shallowQueue,
            lostFeedback, narrow, twoThirds, layers,
        ] + withoutQueue + [wideJitterDrop]
}
