public import DTLS
public import MediaIO
public import MediaVocabulary
public import ProtocolCore

/// One core's share of the media plane: a thread with an event loop, a UDP port, and the calls that live on it.
///
/// Control comes by `await`; packets are handled on the thread without any hop. Nothing that is counted by reference
/// is shared with another worker.
public actor MediaWorker {
    private let executor: EventLoopExecutor
    private var core: WorkerCore
    private let publish: @Sendable (WorkerEvent) -> Void
    private var paceIsDue = false
    private var isTicking = false
    private var lastTick: Instant?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// The address of its socket, with the port that the kernel chose if 0 was asked for.
    public nonisolated let local: SocketEndpoint

    /// Opens the socket and starts the thread. Throws `SystemError`, for example when the port is taken.
    /// - Parameters:
    ///   - usesSegmentation: Whether to try UDP segmentation offload; it is given up by itself where refused.
    ///   - seed: Random; makes hash tables unpredictable.
    ///   - publish: Takes what happens, called on the worker's thread: must return at once.
    public init(
        name: String, bindingTo endpoint: SocketEndpoint, identity: DTLSIdentity, usesSegmentation: Bool,
        relayedPorts: RelayedPorts? = nil, seed: UInt64,
        publish: @escaping @Sendable (WorkerEvent) -> Void
    ) throws(SystemError) {
        let socket = try UDPSocket(bindingTo: endpoint, tellsLocalAddresses: true)
        local = socket.local
        executor = try EventLoopExecutor(name: name)
        core = WorkerCore(socket: socket, identity: identity, usesSegmentation: usesSegmentation, seed: seed)
        core.relayedPorts = relayedPorts
        self.publish = publish
    }

    /// Begins to read packets; once, before anything else.
    public func start() {
        executor.whenReadable(core.socket.descriptor) { [unowned self] in
            assumeIsolated { $0.readable() }
        }
    }

    /// A worker without peers sleeps until one comes.
    private func tickWhileNeeded() {
        guard isTicking != (core.peerCount > 0) else { return }
        isTicking.toggle()
        lastTick = nil
        guard isTicking else {
            paceIsDue = false
            return executor.stopTicking()
        }
        executor.tick(every: WorkerCore.tickInterval) { [unowned self] in
            assumeIsolated { $0.tick() }
        }
    }

    /// Ends the thread; the worker is of no use afterwards.
    public func stop() {
        executor.forget(core.socket.descriptor)
        executor.stopTicking()
        executor.stop()
    }

    private func readable() {
        let begin = MonotonicClock.now()
        core.readable(now: begin)
        noteWork(since: begin)
        publishEvents()
        paceSoon()
    }

    /// While packets wait for somebody's link, the time between two ticks is too long.
    private func paceSoon() {
        guard !paceIsDue, core.hasToPace else { return }
        paceIsDue = true
        executor.callOnce(after: WorkerCore.pacingInterval) { [unowned self] in
            assumeIsolated { $0.pace() }
        }
    }

    private func pace() {
        paceIsDue = false
        let begin = MonotonicClock.now()
        core.paceAll(now: begin)
        noteWork(since: begin)
        paceSoon()
    }

    private func tick() {
        let begin = MonotonicClock.now()
        core.tick(now: begin, wallClock: .nanoseconds(Int64(MonotonicClock.unixSeconds() * 1e9)))
        let late = lastTick.map { begin - $0 - WorkerCore.tickInterval } ?? .zero
        lastTick = begin
        noteWork(since: begin, late: late)
        publishEvents()
        paceSoon()
        tickWhileNeeded()
    }

    private func noteWork(since begin: Instant, late: Duration = .zero) {
        let end = MonotonicClock.now()
        core.note(busy: end - begin, late: late, now: end)
    }

    private func publishEvents() {
        guard !core.events.isEmpty else { return }
        for event in core.events { publish(event) }
        core.events.removeAll(keepingCapacity: true)
    }

    // MARK: Control

    public func openConference(_ name: CallID, seed: UInt64) {
        core.openConference(name, seed: seed)
    }

    public func closeConference(_ name: CallID) {
        core.closeConference(name)
    }

    /// Adds a participant's transport or changes it, as negotiated.
    public func apply(
        _ description: PeerDescription, participant: ParticipantID, conference: CallID, controlSSRC: SSRC,
        canonicalName: String
    ) throws(DTLSError) {
        try core.apply(
            description, participant: participant, conference: conference, controlSSRC: controlSSRC,
            canonicalName: canonicalName, now: MonotonicClock.now())
        core.flush()
        publishEvents()
        tickWhileNeeded()
    }

    public func disconnect(_ participant: ParticipantID, from conference: CallID) {
        core.disconnect(participant, from: conference, now: MonotonicClock.now())
    }

    /// Somebody was named to the others in the call, or no longer is.
    public func expect(_ participant: ParticipantID, _ isExpected: Bool, in conference: CallID) {
        core.expect(participant, isExpected, in: conference)
    }

    /// Says what the server lets through from and to a participant.
    public func set(_ media: ParticipantMedia, for participant: ParticipantID, in conference: CallID) {
        core.set(media, for: participant, in: conference, now: MonotonicClock.now())
    }

    public func request(_ wishes: [SlotRequest], by participant: ParticipantID, in conference: CallID) {
        core.request(wishes, by: participant, in: conference)
    }

    // MARK: Observation

    public var load: Int {
        core.peerCount
    }

    public func counters() -> WorkerCounters {
        core.totals
    }

    /// What each participant of a conference gets, and why not more; nil when there is no such conference.
    public func qualities(in conference: CallID) -> [ReceiverQuality]? {
        core.qualities(in: conference)
    }

    /// What all receivers get, in sum.
    public func allocationSummary() -> AllocationSummary {
        core.allocationSummary()
    }

    /// What was counted of one participant; nil when it has no transport here.
    public func counters(of participant: ParticipantID, in conference: CallID) -> PeerCounters? {
        core.peer(participant, in: conference)?.pointee.counters
    }
}
