package import ClientTransport
package import Conference
internal import Congestion
internal import DTLS
package import DataChannels
internal import ICE
package import MediaVocabulary
package import MediaWorker
package import NetworkEmulation
internal import PayloadFormats
package import ProtocolCore
internal import RTP
package import Reception
internal import SDP

/// One of our clients at the end of two emulated links, with synthetic media and a note of what it receives.
package final class VirtualClient {
    /// What a client sends and has room for.
    package struct Shape: Sendable {
        package var publishes: [MediaSource] = [.microphone, .camera]
        package var videoSlots = 1
        /// Lines of the camera's simulcast layers and their rates in bits per second, the smallest first.
        package var layers: [(height: Int, bitrate: Int)] = [(180, 150_000), (360, 500_000), (720, 1_500_000)]
        package var frameRate = 30
        /// 0 (loudest) ... 127 (silence).
        package var audioLevel: UInt8 = 127
        package var hasData = false
        /// Whether the server says what became of durable messages.
        package var wantsReceipts = false

        package init() {}
    }

    /// What came of one slot.
    package struct Picture: Sendable {
        package var frames = 0
        /// When each frame could be decoded.
        package var times: [Instant] = []
        /// The lines of each frame's picture.
        package var heights: [Int] = []
        package var corrupted = 0

        package init() {}
    }

    /// The receiving end of a video slot.
    private struct Slot {
        /// Nil before the first packet.
        var assembler: VideoFrameAssembler?
        var picture = Picture()
        /// The lines of the last keyframe.
        var height = 0
    }

    /// The receiving end of an audio slot.
    private struct Ear {
        let source: SSRC
        var buffer = AudioJitterBuffer()
        var nextPlayout: Instant
    }

    let index: Int
    /// What the call lets through from it and to it.
    var media = ParticipantMedia(isOnHold: true)
    package let name: ParticipantID
    package let endpoint: SocketEndpoint
    package let shape: Shape
    package var level: UInt8
    package var session: ClientSession
    package var up: EmulatedLink<[UInt8]>
    package var down: EmulatedLink<[UInt8]>
    package let videoSlots: [Mid]
    /// What came of each slot that has shown anything.
    package var pictures: [Mid: Picture] {
        let shown = slots.enumerated().filter { $1.picture.frames > 0 }
        return Dictionary(uniqueKeysWithValues: shown.map { (videoSlots[$0], $1.picture) })
    }
    package private(set) var allocation: LinkAllocation?
    package private(set) var allocations: [(at: Instant, allocation: LinkAllocation)] = []
    /// The delay of the queue in front of the client, sampled every 10 ms.
    package private(set) var queueDelays: [(at: Instant, delay: Duration)] = []
    package private(set) var audioPacketsReceived = 0
    /// Payload bytes of media that arrived.
    package private(set) var mediaBytes = 0
    /// How much sound had to be invented, in all slots, once their sound had begun.
    package var concealedAudio: Duration { ears.reduce(.zero) { $0 + $1.buffer.statistics.concealed } }
    package var counters: ClientSession.Counters { session.counters }
    package var isConnected: Bool { session.isConnected }

    package private(set) var isDataOpen = false
    /// The data messages that came.
    package private(set) var data: [(kind: DataChannelKind, envelope: DataEnvelope)] = []
    package private(set) var receipts: [DataReceipt] = []

    private var datagrams = DatagramBuffer()
    private let lines: [ClientLine]
    private let hasCamera: Bool
    private let hasMicrophone: Bool
    private var sources: [SyntheticH264] = []
    private var isPaused: [Bool]
    /// One for each of `videoSlots`, and by which SSRC its packets come.
    private var slots: [Slot]
    private var slotSources: [SSRC?]
    /// One for each audio slot that sound has come in.
    private var ears: [Ear] = []
    private var hasArrived = false
    private var wakesAt = Instant.zero
    /// When the session wants time.
    private var sessionDue = Instant(nanoseconds: .max)
    private var nextLook = Instant.zero
    private var nextFrame: Instant?
    private var nextAudio: Instant?
    private var frameNumber = 0
    private var audioNumber = 0
    private var unit: [UInt8] = []
    private var lastSample = Instant.zero
    private var wallClock: Instant = .zero
    private var nextCrossTraffic: Instant?
    /// Bits per second that somebody else sends over the link to this client.
    package var crossTraffic = 0

    init(
        index: Int, identity: DTLSIdentity, seed: UInt64, up: LinkConditions, down: LinkConditions, shape: Shape,
        wallClockAtZero: Duration
    ) throws {
        self.index = index
        name = "p\(index)"
        endpoint = SocketEndpoint(ipv4: 0xc000_0000 + UInt32(index), port: 5000)
        self.shape = shape
        hasCamera = shape.publishes.contains(.camera)
        hasMicrophone = shape.publishes.contains(.microphone)
        level = shape.audioLevel
        var configuration = ClientSession.Configuration(
            identity: identity,
            ice: ICECredentials(ufrag: "client\(index)", password: "clientPassword0123456789"),
            localEndpoints: [endpoint], seed: seed, canonicalName: name.rawValue)
        configuration.wallClockAtZero = wallClockAtZero
        configuration.startBitrate = .megabits(5)
        session = ClientSession(configuration)
        self.up = EmulatedLink(up, seed: seed &+ 1)
        self.down = EmulatedLink(down, seed: seed &+ 2)
        let rids = ["q", "h", "f"].map { Rid($0) }.suffix(shape.layers.count)
        lines = ClientLine.usual(
            audioSlots: 3, videoSlots: shape.videoSlots, screenSlots: 0,
            cameraLayers: shape.layers.count > 1 ? Array(rids) : [])
        videoSlots = lines.filter { $0.purpose == .videoSlot }.map(\.mid)
        slots = videoSlots.map { _ in Slot() }
        slotSources = videoSlots.map { _ in nil }
        isPaused = shape.layers.map { _ in false }
        for (position, layer) in shape.layers.enumerated() {
            sources.append(
                SyntheticH264(
                    .init(
                        size: PictureSize(width: layer.height * 16 / 9, height: layer.height),
                        frameRate: shape.frameRate, bitRate: layer.bitrate), seed: seed &+ UInt64(position)))
        }
        session.setWantedBitrate(.megabits(3))
        if shape.hasData { session.enableData(wantsReceipts: shape.wantsReceipts) }
    }

    /// The next offer has a line of data channels.
    func enableData() {
        session.enableData()
    }

    var purposes: [Mid: LinePurpose] {
        Dictionary(uniqueKeysWithValues: lines.map { ($0.mid, $0.purpose) })
    }

    func offer() -> String {
        session.offer(lines, restartingWith: nil).description
    }

    func accept(_ answer: String, now: Instant) throws {
        try session.accept(answer, now: now, into: &datagrams)
        sessionDue = session.deadline ?? Instant(nanoseconds: .max)
        sendUp(now: now)
    }

    /// Whether nothing is due for it or under way to it or from it, so that its turn can be left out.
    func isIdle(at now: Instant) -> Bool {
        guard now < wakesAt, crossTraffic == 0 || nextCrossTraffic != nil else { return false }
        if let event = down.nextEvent, event <= now { return false }
        if let event = up.nextEvent, event <= now { return false }
        return true
    }

    // MARK: Sending

    /// Makes and sends the media that is due.
    func produce(now: Instant) {
        if now >= sessionDue { session.advance(now: now, into: &datagrams) }
        while let event = session.poll() {
            switch event {
            case .keyframeWanted(_, let rid): requestKeyframe(rid)
            case .dataOpened: isDataOpen = true
            case .data(let kind, let envelope):
                if let receipt = DataReceipt(envelope) {
                    receipts.append(receipt)
                } else {
                    data.append((kind, envelope))
                }
            default: break
            }
        }
        if session.isConnected {
            if hasCamera { produceVideo(now: now) }
            if hasMicrophone { produceAudio(now: now) }
        }
        sendUp(now: now)
    }

    private func produceVideo(now: Instant) {
        if let nextFrame, now < nextFrame { return }
        nextFrame = now + .nanoseconds(1_000_000_000 / Int64(shape.frameRate))
        let camera = lines.first { $0.purpose == .camera }
        guard let camera else { return }
        let time: Duration = .nanoseconds(Int64(frameNumber) * 1_000_000_000 / Int64(shape.frameRate))
        frameNumber += 1
        for index in sources.indices where !isPaused[index] {
            let rid = camera.rids.isEmpty ? nil : camera.rids[index]
            guard let stream = session.stream(camera.mid, rid: rid) else { continue }
            let frame = sources[index].next(into: &unit, now: now)
            // When a frame was left out, the session says when it is worth going on with a keyframe.
            session.sendAccessUnit(
                unit, isKeyframe: frame.isKeyframe, on: stream, mediaTime: time, now: now, into: &datagrams)
        }
    }

    private func produceAudio(now: Instant) {
        if let nextAudio, now < nextAudio { return }
        nextAudio = (nextAudio ?? now) + .milliseconds(20)
        let microphone = lines.first { $0.purpose == .microphone }
        guard let microphone, let stream = session.stream(microphone.mid) else { return }
        // 20 ms of CELT at full band (RFC 6716 §3.1), 32 kbit/s.
        var payload = [UInt8](repeating: UInt8(truncatingIfNeeded: audioNumber), count: 80)
        payload[0] = 0xf8
        session.sendAudio(
            payload, on: stream, mediaTime: .milliseconds(20) * audioNumber,
            level: AudioLevel(voiceActivity: level < 60, level: level), now: now, into: &datagrams)
        audioNumber += 1
    }

    private func requestKeyframe(_ rid: Rid?) {
        let camera = lines.first { $0.purpose == .camera }
        let position = rid.flatMap { camera?.rids.firstIndex(of: $0) } ?? 0
        if sources.indices.contains(position) { sources[position].requestKeyframe() }
    }

    func obey(_ demands: [LayerDemand]) {
        for (position, demand) in demands.enumerated() where isPaused.indices.contains(position) {
            if isPaused[position], demand.isWanted { sources[position].requestKeyframe() }
            isPaused[position] = !demand.isWanted
            let full = shape.layers[position].bitrate
            sources[position].configuration.bitRate = min(full, demand.maximumBitrate ?? full)
        }
    }

    /// Sends a message on a data channel; false when too much waits already.
    package func sendData(_ envelope: DataEnvelope, _ kind: DataChannelKind, now: Instant) -> Bool {
        let isTaken = session.sendData(envelope, kind, now: now, into: &datagrams)
        sessionDue = session.deadline ?? Instant(nanoseconds: .max)
        wakesAt = now
        sendUp(now: now)
        return isTaken
    }

    func note(_ allocation: LinkAllocation) {
        self.allocation = allocation
        allocations.append((wallClock, allocation))
    }

    private func sendUp(now: Instant) {
        for index in 0..<datagrams.count {
            datagrams.withDatagram(index) { bytes, _ in
                _ = up.send(Array(bytes), size: VirtualConference.weight(of: bytes), at: now)
            }
        }
        datagrams.removeAll()
    }

    /// The next datagram that has arrived at the server.
    func nextAtServer(now: Instant) -> [UInt8]? {
        up.next(now: now)
    }

    // MARK: Receiving

    func sendDown(_ bytes: UnsafeRawBufferPointer, now: Instant) {
        _ = down.send(Array(bytes), size: VirtualConference.weight(of: bytes), at: now)
    }

    /// Puts somebody else's packets on the link to this client.
    private func addCrossTraffic(now: Instant) {
        guard crossTraffic > 0 else {
            nextCrossTraffic = nil
            return
        }
        var due = nextCrossTraffic ?? now
        while due <= now {
            _ = down.send([], size: 1200, at: now)
            due = due + .nanoseconds(1200 * 8 * 1_000_000_000 / Int64(crossTraffic))
        }
        nextCrossTraffic = due
    }

    /// Takes what has arrived, puts frames together and plays sound.
    func consume(now: Instant) {
        addCrossTraffic(now: now)
        wallClock = now
        if now - lastSample >= .milliseconds(10) {
            lastSample = now
            queueDelays.append((now, down.queueDelay ?? .zero))
        }
        while var bytes = down.next(now: now) {
            guard !bytes.isEmpty else { continue }
            bytes.withUnsafeMutableBytes { buffer in
                session.receive(buffer, from: VirtualConference.endpoint, to: endpoint, now: now, into: &datagrams) {
                    take($0, $1, now: now)
                }
            }
        }
        // Pictures come with packets, and now and then by time.
        if hasArrived || now >= nextLook {
            nextLook = now + .milliseconds(5)
            for index in slots.indices where slots[index].assembler != nil { assemble(index, now: now) }
        }
        hasArrived = false
        play(now: now)
        sendUp(now: now)
        sessionDue = session.deadline ?? Instant(nanoseconds: .max)
        wakesAt = min(nextLook, sessionDue, nextFrame ?? nextLook, nextAudio ?? nextLook)
        wakesAt = min(wakesAt, nextCrossTraffic ?? nextLook)
        for ear in ears.indices { wakesAt = min(wakesAt, ears[ear].nextPlayout) }
    }

    private func take(_ packet: ReceivedPacket, _ payload: UnsafeRawBufferPointer, now: Instant) {
        hasArrived = true
        mediaBytes += payload.count
        switch packet.purpose {
        case .audioSlot:
            audioPacketsReceived += 1
            let index = ear(of: packet.ssrc, now: now)
            if packet.isRedundant {
                ears[index].buffer.insertRedundant(
                    sequence: packet.sequence, timestamp: packet.timestamp, payload: payload.bytes, arrival: now)
            } else {
                ears[index].buffer.insert(
                    sequence: packet.sequence, timestamp: packet.timestamp, payload: payload.bytes, arrival: now)
            }
        default:
            guard let index = slot(of: packet) else { return }
            if slots[index].assembler == nil { slots[index].assembler = VideoFrameAssembler() }
            slots[index].assembler?.insert(
                sequence: packet.sequence, timestamp: packet.timestamp, marker: packet.marker,
                payload: payload.bytes, arrival: now)
        }
    }

    private func ear(of source: SSRC, now: Instant) -> Int {
        if let known = ears.firstIndex(where: { $0.source == source }) { return known }
        ears.append(Ear(source: source, nextPlayout: now + .milliseconds(20)))
        return ears.count - 1
    }

    /// The place of the packet's slot among `videoSlots`.
    private func slot(of packet: ReceivedPacket) -> Int? {
        if let known = slotSources.firstIndex(of: packet.ssrc) { return known }
        guard let index = videoSlots.firstIndex(of: packet.mid) else { return nil }
        slotSources[index] = packet.ssrc
        return index
    }

    private func assemble(_ index: Int, now: Instant) {
        while let unit = slots[index].assembler?.next(now: now) {
            if unit.isKeyframe, let size = size(of: unit) { slots[index].height = size.height }
            if !isSound(unit) { slots[index].picture.corrupted += 1 }
            slots[index].picture.frames += 1
            slots[index].picture.times.append(now)
            slots[index].picture.heights.append(slots[index].height)
        }
        if slots[index].assembler?.wantsKeyframe(now: now) ?? false {
            session.requestKeyframe(videoSlots[index], now: now, into: &datagrams)
        }
    }

    /// Whether every byte of the picture is as it was made.
    private func isSound(_ unit: VideoAccessUnit) -> Bool {
        let bytes = unit.annexB.span.bytes
        return unit.nalUnits.contains { SyntheticH264Stamp(checking: bytes.extracting($0)) != nil }
    }

    private func size(of unit: VideoAccessUnit) -> PictureSize? {
        for range in unit.nalUnits where unit.annexB[range.lowerBound] & 0x1f == 7 {
            let bytes = Array(unit.annexB[range])
            if let set = try? H264SequenceParameterSet(parsing: bytes.span.bytes) { return set.size }
        }
        return nil
    }

    private func play(now: Instant) {
        for ear in ears.indices {
            while ears[ear].nextPlayout <= now {
                let due = ears[ear].nextPlayout
                let action = ears[ear].buffer.pull(now: due)
                ears[ear].nextPlayout = due + max(action.duration, .milliseconds(10))
            }
        }
    }
}

extension VirtualClient.Picture {
    /// Frames in a span of time.
    package func frames(from start: Instant, to end: Instant) -> Int {
        times.count { $0 >= start && $0 < end }
    }

    /// The longest time without a frame in a span; the span itself when there was none.
    package func longestGap(from start: Instant, to end: Instant) -> Duration {
        var last = start
        var longest = Duration.zero
        for time in times where time >= start && time < end {
            longest = max(longest, time - last)
            last = time
        }
        return max(longest, end - last)
    }

    /// The lines of the picture shown at an instant; nil before the first.
    package func height(at instant: Instant) -> Int? {
        times.lastIndex { $0 <= instant }.map { heights[$0] }
    }

    /// When a picture of at least so many lines was first shown after an instant, and none smaller for two seconds.
    package func reaches(_ height: Int, after start: Instant) -> Duration? {
        var since: Instant?
        for (time, lines) in zip(times, heights) where time >= start {
            if lines >= height {
                since = since ?? time
                if let since, time - since >= .seconds(2) { return since - start }
            } else {
                since = nil
            }
        }
        return since.map { $0 - start }
    }
}
