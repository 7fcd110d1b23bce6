import Congestion
import NetworkEmulation
import ProtocolCore
import RTP

/// One sender, one receiver and the path between them, in virtual time.
///
/// The sender makes 30 frames per second at its target rate, 50 audio packets per second, and whatever probes want; the
/// receiver answers with transport-wide feedback over a return path.
struct CallSimulation: ~Copyable {
    struct Settings {
        var forward: LinkConditions
        /// Conditions from later instants on.
        var changes: [(after: Duration, conditions: LinkConditions)] = []
        var back = LinkConditions(delay: .milliseconds(25))
        var feedbackInterval: Duration = .milliseconds(100)
        var start = Bitrate.megabits(1)
        var needed = Bitrate.megabits(8)
        /// The most that the encoder makes at an instant; nil: what the target allows.
        var application: @Sendable (_ elapsed: Duration, _ target: Bitrate) -> Bitrate = { $1 }
        /// Frames vary by this part of their size.
        var frameVariation = 0.2
        var seed: UInt64 = 1
        var firstSequence: UInt16 = 65_000
    }

    /// What was true at one instant, recorded every 10 ms.
    struct Sample {
        var elapsed: Duration
        var target: Bitrate
        var state: CongestionState
        /// In front of the link.
        var queueDelay: Duration
        /// Media bytes (no padding) delivered so far.
        var mediaBytes: Int
        var backlogBytes: Int
    }

    private enum Kind {
        case audio
        case video
        case padding
    }

    private struct Packet {
        var sequence: UInt16
        var kind: Kind
    }

    private static let audioBytes = 140
    private static let videoBytes = 1200
    private static let clockOffset: Duration = .seconds(1000)
    private static let start = Instant(nanoseconds: 5_000_000_000)

    private(set) var samples: [Sample] = []
    private(set) var probes: [ProbeCluster] = []
    private(set) var audioSent = 0
    private(set) var audioDelivered = 0
    private(set) var paddingBytes = 0
    var controller: CongestionController

    private let settings: Settings
    private var pacer: Pacer
    private var forward: EmulatedLink<Packet>
    private var back: EmulatedLink<TransportFeedback>
    private var recorder: TransportFeedbackRecorder
    private var generator: SeededGenerator
    private var backlog: [Int] = []
    private var backlogBytes = 0
    private var nextSequence: UInt16
    private var mediaBytes = 0

    init(_ settings: Settings) {
        self.settings = settings
        controller = CongestionController(start: settings.start, maximum: .megabits(20))
        controller.needed = settings.needed
        pacer = Pacer(target: settings.start)
        forward = EmulatedLink(settings.forward, seed: settings.seed)
        for change in settings.changes {
            forward.change(to: change.conditions, at: CallSimulation.start + change.after)
        }
        back = EmulatedLink(settings.back, seed: settings.seed &+ 1)
        recorder = TransportFeedbackRecorder(
            sender: SSRC(1), media: SSRC(2), interval: settings.feedbackInterval)
        generator = SeededGenerator(seed: settings.seed &+ 2)
        nextSequence = settings.firstSequence
    }

    /// Runs from the beginning for so long, in steps of a millisecond.
    mutating func run(for length: Duration) {
        let steps = Int(length.milliseconds)
        for step in 0..<steps {
            let elapsed = Duration.milliseconds(step)
            let now = CallSimulation.start + elapsed
            receive(now: now)
            if step % 20 == 0 {
                send(.audio, bytes: CallSimulation.audioBytes, now: now)
                audioSent += 1
            }
            if step * 30 / 1000 != (step - 1) * 30 / 1000 || step == 0 { makeFrame(elapsed: elapsed) }
            if step % 10 == 0 {
                for cluster in controller.poll(now: now) {
                    probes.append(cluster)
                    pacer.begin(cluster, now: now)
                }
                pacer.target = controller.target
                record(elapsed: elapsed)
            }
            flush(now: now)
        }
    }

    private mutating func makeFrame(elapsed: Duration) {
        let audio = Bitrate(bitsPerSecond: CallSimulation.audioBytes * 8 * 50)
        let rate = settings.application(elapsed, controller.target) - audio
        // What does not leave for a quarter of a second is not worth encoding: a server drops a layer here.
        guard backlogBytes < controller.target.bytes(in: .milliseconds(250)) else { return }
        let variation = settings.frameVariation
        let factor = Double.random(in: 1 - variation...1 + variation, using: &generator)
        var rest = Int(Double(rate.bytes(in: .seconds(1))) / 30 * factor)
        while rest > 0 {
            let size = min(rest, CallSimulation.videoBytes)
            backlog.append(size)
            backlogBytes += size
            rest -= size
        }
    }

    private mutating func flush(now: Instant) {
        while let step = pacer.probe(now: now) {
            if backlog.isEmpty {
                let size = min(max(step.bytes, 200), CallSimulation.videoBytes)
                paddingBytes += size
                send(.padding, bytes: size, now: now)
            } else {
                sendVideo(now: now)
            }
        }
        while !backlog.isEmpty, pacer.budget(now: now) > 0 { sendVideo(now: now) }
    }

    private mutating func sendVideo(now: Instant) {
        let size = backlog.removeFirst()
        backlogBytes -= size
        send(.video, bytes: size, now: now)
    }

    private mutating func send(_ kind: Kind, bytes: Int, now: Instant) {
        controller.sent(transportSequence: nextSequence, bytes: bytes, at: now, probe: pacer.activeProbe)
        pacer.spent(bytes, now: now)
        forward.send(Packet(sequence: nextSequence, kind: kind), size: bytes, at: now)
        nextSequence &+= 1
    }

    private mutating func receive(now: Instant) {
        for delivery in forward.poll(now: now) {
            // The receiver's clock has another origin, so that nothing can rest on it.
            recorder.record(
                transportSequence: delivery.payload.sequence, at: delivery.at + CallSimulation.clockOffset)
            switch delivery.payload.kind {
            case .audio:
                audioDelivered += 1
                mediaBytes += delivery.size
            case .video: mediaBytes += delivery.size
            case .padding: break
            }
        }
        while let feedback = recorder.poll(now: now + CallSimulation.clockOffset) {
            back.send(feedback, size: 100, at: now)
        }
        for delivery in back.poll(now: now) { controller.receive(delivery.payload, at: now) }
    }

    private mutating func record(elapsed: Duration) {
        samples.append(
            Sample(
                elapsed: elapsed, target: controller.target, state: controller.state,
                queueDelay: forward.queueDelay ?? .zero, mediaBytes: mediaBytes, backlogBytes: backlogBytes))
    }
}

/// What the samples of a run say.
extension [CallSimulation.Sample] {
    func between(_ from: Duration, _ to: Duration) -> ArraySlice<CallSimulation.Sample> {
        self[...].drop { $0.elapsed < from }.prefix { $0.elapsed < to }
    }

    /// Media delivered between two instants, as a part of what the link could carry.
    func share(of capacity: Bitrate, from: Duration, to: Duration) -> Double {
        let window = between(from, to)
        guard let first = window.first, let last = window.last else { return 0 }
        return Double(last.mediaBytes - first.mediaBytes) / Double(capacity.bytes(in: last.elapsed - first.elapsed))
    }

    /// The queue in front of the link that is exceeded in 5 % of the samples.
    func queueDelay95(from: Duration, to: Duration) -> Duration {
        let sorted = between(from, to).map(\.queueDelay).sorted()
        return sorted.isEmpty ? .zero : sorted[sorted.count * 95 / 100]
    }

    /// How long after `instant` the queue has fallen below `limit` for good, or at least for a second.
    func drainTime(after instant: Duration, below limit: Duration) -> Duration? {
        var since: Duration?
        for sample in between(instant, .seconds(3600)) {
            guard sample.queueDelay < limit else {
                since = nil
                continue
            }
            let begin = since ?? sample.elapsed
            since = begin
            // Before the queue has built up it is short as well.
            if sample.elapsed - begin >= .seconds(1) { return begin - instant }
        }
        return nil
    }

    /// How long after `instant` the target has reached `rate` and kept it for a second.
    func riseTime(after instant: Duration, to rate: Bitrate) -> Duration? {
        var since: Duration?
        for sample in between(instant, .seconds(3600)) {
            guard sample.target >= rate else {
                since = nil
                continue
            }
            let begin = since ?? sample.elapsed
            since = begin
            if sample.elapsed - begin >= .seconds(1) { return begin - instant }
        }
        return nil
    }

    func meanTarget(from: Duration, to: Duration) -> Bitrate {
        let window = between(from, to)
        guard !window.isEmpty else { return .zero }
        return Bitrate(bitsPerSecond: window.reduce(0) { $0 + $1.target.bitsPerSecond } / window.count)
    }
}
