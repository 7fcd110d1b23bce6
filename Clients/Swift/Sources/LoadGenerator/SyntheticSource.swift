internal import PayloadFormats
internal import ProtocolCore
internal import RTP

/// The camera and the microphone of one publisher: says what is due, and makes it.
///
/// A value that is told the time. What is late is not made up for once it is more than ``longestLateness`` late.
struct SyntheticSource {
    enum Output {
        case picture([UInt8], layer: Int, isKeyframe: Bool, mediaTime: Duration)
        case sound([UInt8], level: AudioLevel, mediaTime: Duration)
    }

    static let longestLateness: Duration = .milliseconds(200)
    /// What a speaker's packets tell: well above what counts as silence, each a little different.
    private static let loud: UInt8 = 20
    private static let silent: UInt8 = 127

    private let publisher: Int
    private let begin: Instant
    private let frameInterval: Duration
    private let level: AudioLevel?
    private var layers: [SyntheticH264]
    private var nextPicture: Instant
    private var nextSound: Instant
    private var nextLayer = 0
    private var soundNumber: UInt32 = 0
    private var countsFrom: Instant
    /// Pictures made for each layer, and how late they were.
    private(set) var pictures = 0
    private(set) var sounds = 0
    private(set) var lateness = LatencyHistogram()

    /// - Parameters:
    ///   - begin: When the first picture and sound are due.
    init(_ plan: LoadPlan, publisher: Int, begin: Instant) {
        self.publisher = publisher
        self.begin = begin
        frameInterval = .nanoseconds(1_000_000_000 / Int64(max(1, plan.video?.frameRate ?? 30)))
        layers = (plan.video?.layers ?? []).enumerated().map { position, layer in
            SyntheticH264(
                SyntheticH264.Configuration(
                    size: layer.size, frameRate: plan.video?.frameRate ?? 30, bitRate: layer.bitRate),
                seed: UInt64(publisher * LoadPlan.mostLayers + position + 1))
        }
        let speaks = publisher < plan.speakers
        level =
            plan.hasAudio
            ? AudioLevel(
                voiceActivity: speaks,
                level: speaks ? SyntheticSource.loud + UInt8(min(publisher, 20)) : SyntheticSource.silent)
            : nil
        nextPicture = begin
        nextSound = begin
        countsFrom = begin
    }

    /// Makes the next keyframe of a layer a little earlier than it would come, which is never.
    mutating func requestKeyframe(layer: Int) {
        guard layers.indices.contains(layer) else { return }
        layers[layer].requestKeyframe()
    }

    /// Counts what is made from that time on.
    mutating func startCounting(at begin: Instant) {
        countsFrom = begin
        pictures = 0
        sounds = 0
        lateness.removeAll()
    }

    /// What is due next, made now; nil when nothing is due.
    mutating func poll(now: Instant) -> Output? {
        if level != nil, nextSound <= now { return sound(now) }
        if !layers.isEmpty, nextPicture <= now { return picture(now) }
        return nil
    }

    private mutating func sound(_ now: Instant) -> Output? {
        nextSound = skippingLate(nextSound, SyntheticAudio.frameDuration, now)
        let due = nextSound
        nextSound = due + SyntheticAudio.frameDuration
        let stamp = SourceMark(publisher: publisher, layer: 0).marking(now)
        let packet = SyntheticAudio(number: soundNumber, capturedAt: stamp)
        soundNumber &+= 1
        if now >= countsFrom { sounds += 1 }
        guard let level else { return nil }
        return .sound(packet.payload, level: level, mediaTime: due - begin)
    }

    private mutating func picture(_ now: Instant) -> Output {
        if nextLayer == 0 {
            nextPicture = skippingLate(nextPicture, frameInterval, now)
            if now >= countsFrom {
                lateness.record(now - nextPicture)
                pictures += 1
            }
        }
        let due = nextPicture
        let layer = nextLayer
        var accessUnit: [UInt8] = []
        let frame = layers[layer].next(
            into: &accessUnit, now: SourceMark(publisher: publisher, layer: layer).marking(now))
        nextLayer += 1
        if nextLayer == layers.count {
            nextLayer = 0
            nextPicture = due + frameInterval
        }
        return .picture(accessUnit, layer: layer, isKeyframe: frame.isKeyframe, mediaTime: due - begin)
    }

    private func skippingLate(_ due: Instant, _ interval: Duration, _ now: Instant) -> Instant {
        guard now - due > SyntheticSource.longestLateness else { return due }
        let steps = (now - due).nanoseconds / interval.nanoseconds
        return due + .nanoseconds(interval.nanoseconds * steps)
    }
}
