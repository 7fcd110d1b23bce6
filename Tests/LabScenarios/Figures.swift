import ClientTransport
import MediaLab
import NetworkEmulation
import ProtocolCore
import Reception

/// What one receiver had of a span of a call.
struct Figures: Sendable {
    /// The lines of the picture at the end.
    var finalHeight: Int?
    /// The mean of the picture's lines over time, as a part of those of the best layer.
    var meanLayer: Double
    var frames: Int
    /// The time in which the picture stood still, as browsers count it, for each minute.
    var freezePerMinute: Duration
    /// The longest time between two pictures.
    var longestGap: Duration
    /// Which part of what the link carries was media that arrived; nil where nothing limits the link.
    var linkShare: Double?
    /// The part of the time in which sound had to be made up.
    var audioGaps: Double
    /// The longest queue in front of the receiver.
    var longestQueue: Duration
    /// Pictures with a byte that is not the publisher's.
    var corrupted: Int
    /// Keyframes that the publisher was asked for, on all layers.
    var keyframeRequests: Int
    /// Media packets that came, and those that did not authenticate.
    var receivedPackets: Int
    var refusedPackets: Int
}

/// Watches one receiver of a call, span by span.
struct Observer {
    let conference: VirtualConference
    let publisher: VirtualClient
    let receiver: VirtualClient
    private(set) var start: Instant
    private var mediaBytes = 0
    private var concealed = Duration.zero
    private var keyframeRequests = 0
    private var receivedPackets = 0

    init(_ conference: VirtualConference, _ receiver: VirtualClient, of publisher: VirtualClient) {
        self.conference = conference
        self.publisher = publisher
        self.receiver = receiver
        start = conference.now
        begin()
    }

    /// Lets the call go on and tells what came of it.
    mutating func watch(_ duration: Duration, each step: (VirtualConference) -> Void = { _ in }) -> Figures {
        begin()
        conference.run(for: duration, each: step)
        return figures
    }

    private mutating func begin() {
        start = conference.now
        mediaBytes = receiver.mediaBytes
        concealed = receiver.concealedAudio
        keyframeRequests = Int(publisher.counters.receivedKeyframeRequests)
        receivedPackets = Int(receiver.counters.receivedPackets)
    }

    private var figures: Figures {
        let end = conference.now
        let picture = receiver.picture
        let seconds = (end - start).seconds
        let rate = receiver.down.conditions.rate
        return Figures(
            finalHeight: picture.height(at: end),
            meanLayer: picture.meanHeight(from: start, to: end)
                / Double(publisher.shape.layers.map(\.height).max() ?? 1),
            frames: picture.frames(from: start, to: end),
            freezePerMinute: picture.freezes(from: start, to: end) * 60 / max(Int(seconds), 1),
            longestGap: picture.longestGap(from: start, to: end),
            linkShare: rate.map { Double((receiver.mediaBytes - mediaBytes) * 8) / (Double($0) * seconds) },
            audioGaps: (receiver.concealedAudio - concealed).seconds / seconds,
            longestQueue: receiver.queueDelays.filter { $0.at >= start }.map(\.delay).max() ?? .zero,
            corrupted: picture.corrupted,
            keyframeRequests: Int(publisher.counters.receivedKeyframeRequests) - keyframeRequests,
            receivedPackets: Int(receiver.counters.receivedPackets) - receivedPackets,
            refusedPackets: Int(receiver.counters.refusedPackets))
    }
}

extension Duration {
    var seconds: Double { Double(nanoseconds) / 1e9 }
}

extension VirtualClient.Picture {
    /// How long pictures stood still in a span of time, by the definition that browsers use.
    fileprivate func freezes(from start: Instant, to end: Instant) -> Duration {
        var detector = FreezeDetector()
        var before = Duration.zero
        for time in times where time < end {
            detector.noteFrame(at: time)
            if time < start { before = detector.totalFreezesDuration }
        }
        return detector.totalFreezesDuration - before
    }

    fileprivate func meanHeight(from start: Instant, to end: Instant) -> Double {
        var sum = 0.0
        var last = start
        var height = self.height(at: start) ?? 0
        for (time, lines) in zip(times, heights) where time >= start && time < end {
            sum += (time - last).seconds * Double(height)
            last = time
            height = lines
        }
        return (sum + (end - last).seconds * Double(height)) / (end - start).seconds
    }
}
