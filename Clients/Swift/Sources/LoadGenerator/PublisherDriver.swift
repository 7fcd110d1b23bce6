internal import ClientTransport
internal import MediaIO
internal import ProtocolCore
internal import SDP

/// Sends what the sources of all publishers make, on the thread of their loop, so that nothing waits between the time of
/// capture and the socket.
actor PublisherDriver {
    /// How often is looked whether something is due.
    private static let interval: Duration = .milliseconds(2)
    static let microphone = Mid("0")
    static let camera = Mid("1")

    private struct Publisher {
        let id: TransportLoop.SessionID
        var source: SyntheticSource
    }

    private nonisolated let loop: TransportLoop
    private let rids: [Rid?]
    private var publishers: [Publisher] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }

    init(_ loop: TransportLoop, _ plan: LoadPlan) {
        self.loop = loop
        rids = (plan.video?.layers ?? []).map { $0.rid.map { Rid($0) } }
    }

    /// Gives the sessions their sources, the first picture of each at another time.
    func open(_ sessions: [(number: Int, id: TransportLoop.SessionID)], _ plan: LoadPlan) {
        let now = MonotonicClock.now()
        let interval: Int64 = 1_000_000_000 / Int64(max(1, plan.video?.frameRate ?? 50))
        publishers = sessions.enumerated().map { position, session in
            let shift = interval * Int64(position) / Int64(max(1, sessions.count))
            return Publisher(
                id: session.id,
                source: SyntheticSource(plan, publisher: session.number, begin: now + .nanoseconds(shift)))
        }
    }

    /// Sends until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            sendWhatIsDue()
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// Counts what is made from that time on.
    func startCounting(at begin: Instant) {
        for index in publishers.indices { publishers[index].source.startCounting(at: begin) }
    }

    /// Pictures made (each counts once however many layers it has), packets of sound, and how late pictures were.
    func counts() -> (pictures: Int, sounds: Int, lateness: LatencyHistogram) {
        var lateness = LatencyHistogram()
        for publisher in publishers { lateness.add(publisher.source.lateness) }
        return (
            publishers.reduce(0) { $0 + $1.source.pictures }, publishers.reduce(0) { $0 + $1.source.sounds }, lateness
        )
    }

    private func sendWhatIsDue() {
        for index in publishers.indices {
            let id = publishers[index].id
            for rid in wantedKeyframes(id) {
                publishers[index].source.requestKeyframe(layer: rids.firstIndex(of: rid) ?? 0)
            }
            while let output = publishers[index].source.poll(now: MonotonicClock.now()) {
                send(output, to: id)
            }
        }
    }

    private func wantedKeyframes(_ id: TransportLoop.SessionID) -> Set<Rid?> {
        loop.assumeIsolated { loop in
            loop.withSink(id) { ($0 as? SessionSink)?.takeKeyframesWanted() ?? [] } ?? []
        }
    }

    private func send(_ output: SyntheticSource.Output, to id: TransportLoop.SessionID) {
        let rids = rids
        loop.assumeIsolated { loop in
            switch output {
            case .picture(let accessUnit, let layer, let isKeyframe, let mediaTime):
                loop.sendAccessUnit(
                    id, accessUnit, isKeyframe: isKeyframe, on: Self.camera, rid: rids[layer], mediaTime: mediaTime)
            case .sound(let payload, let level, let mediaTime):
                loop.sendAudio(id, payload, on: Self.microphone, mediaTime: mediaTime, level: level)
            }
        }
    }
}
