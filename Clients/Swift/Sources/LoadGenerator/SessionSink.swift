internal import ClientTransport
internal import ProtocolCore
internal import RTP
internal import SDP

/// Takes what comes to one session of a load run; lives on the thread of its loop.
final class SessionSink: MediaSink {
    /// How often slots are asked whether they need a keyframe.
    private static let lookInterval: Duration = .milliseconds(100)

    private(set) var connectedAt: Instant?
    private(set) var endReason: String?
    private var videos: [Mid: VideoSlotCheck] = [:]
    private var audios: [Mid: AudioSlotCheck] = [:]
    private var countsFrom: Instant?
    private var nextLook: Instant?
    private var keyframesWanted: Set<Rid?> = []
    private let readClock: @Sendable () -> Instant

    /// - Parameter readClock: Tells when the session was connected.
    init(readClock: @escaping @Sendable () -> Instant) {
        self.readClock = readClock
    }

    func receive(_ packet: ReceivedPacket, payload: UnsafeRawBufferPointer) {
        // In place: a copy of a slot would copy what it keeps.
        switch packet.purpose.kind {
        case .video:
            if videos[packet.mid] == nil { videos[packet.mid] = newVideo() }
            videos[packet.mid]?.insert(
                sequence: packet.sequence, timestamp: packet.timestamp, marker: packet.marker,
                isRecovered: packet.isRecovered, payload: payload.bytes, arrival: packet.arrival)
        case .audio:
            if audios[packet.mid] == nil { audios[packet.mid] = newAudio() }
            audios[packet.mid]?.insert(sequence: packet.sequence, payload: payload.bytes, arrival: packet.arrival)
        }
    }

    private func newVideo() -> VideoSlotCheck {
        var video = VideoSlotCheck()
        if let countsFrom { video.startCounting(at: countsFrom) }
        return video
    }

    private func newAudio() -> AudioSlotCheck {
        var audio = AudioSlotCheck()
        if countsFrom != nil { audio.startCounting() }
        return audio
    }

    func tick(now: Instant) -> [Mid] {
        guard !videos.isEmpty else { return [] }
        if let nextLook, now < nextLook { return [] }
        nextLook = now + Self.lookInterval
        return videos.keys.filter { videos[$0]?.wantsKeyframe(now: now) == true }
    }

    func handle(_ event: ClientSession.Event) {
        switch event {
        case .connected: connectedAt = readClock()
        case .ended(let reason): endReason = reason
        case .pathLost: endReason = "No path to the server works."
        case .keyframeWanted(_, let rid): keyframesWanted.insert(rid)
        case .interrupted, .resumed, .dataOpened, .data, .dataClosed: break
        }
    }

    /// Counts packets from now on, and pictures taken from `begin` on.
    func startCounting(at begin: Instant) {
        countsFrom = begin
        for mid in videos.keys { videos[mid]?.startCounting(at: begin) }
        for mid in audios.keys { audios[mid]?.startCounting() }
    }

    /// The layers of which a keyframe was asked for since the last call.
    func takeKeyframesWanted() -> Set<Rid?> {
        guard !keyframesWanted.isEmpty else { return [] }
        defer { keyframesWanted = [] }
        return keyframesWanted
    }

    /// How many slots have shown a picture.
    var startedVideos: Int { videos.values.count { $0.hasStarted } }

    var result: MediaTally {
        var sum = MediaTally()
        for video in videos.values { sum.add(video.result) }
        for audio in audios.values { sum.add(audio.result) }
        return sum
    }
}
