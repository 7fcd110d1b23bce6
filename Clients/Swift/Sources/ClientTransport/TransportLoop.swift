public import Congestion
internal import DTLS
internal import ICE
public import MediaIO
public import ProtocolCore
public import RTP
internal import SDP

/// Runs any number of sessions on one thread, each with a socket of its own: the only place of this module that reads a
/// clock, or touches the network.
///
/// A socket of its own, because a server knows a client by the address that its datagrams come from. Where UDP does not
/// get through, a session goes by TCP to the server's media ports, or by the TURN servers of ``setRelayServers(_:_:tls:)``.
public actor TransportLoop {
    /// How often sessions are looked after. Pacing and reordering live at this scale.
    public static let tickInterval: Duration = .milliseconds(5)
    private static let burstsPerWake = 4

    /// Names a session of a loop.
    public struct SessionID: Hashable, Sendable {
        let number: Int
    }

    /// What is known of a session at one moment.
    public struct Snapshot: Sendable {
        public var counters: ClientSession.Counters
        public var targetBitrate: Bitrate
        public var congestionState: CongestionState
        public var roundTrip: Duration?
        public var isConnected: Bool
        /// The way that packets take; nil while there is none.
        public var route: Route?
        /// The address of the peer at its end.
        public var remote: SocketEndpoint?
        /// Why the latest attempt to reach a TURN server came to nothing.
        public var relayFailure: String?
    }

    final class Hosted {
        let socket: UDPSocket
        let locals: [SocketEndpoint]
        var session: ClientSession
        let sink: any MediaSink
        let detours: Detours

        init(
            socket: consuming UDPSocket, locals: [SocketEndpoint], session: consuming ClientSession,
            sink: any MediaSink, policy: TransportPolicy
        ) {
            self.socket = socket
            self.locals = locals
            self.session = session
            self.sink = sink
            detours = Detours(policy)
        }

        /// The address families of the machine, as the local addresses of TCP links.
        var families: [SocketEndpoint] {
            // The port that says that there is none (RFC 6544 §4.5).
            locals.map { local in
                var family = local
                family.port = 9
                return family
            }
        }

        /// The address of ours that a datagram from this source came to.
        func local(for source: SocketEndpoint) -> SocketEndpoint {
            locals.first { $0.isIPv6 == source.isIPv6 } ?? locals[0]
        }
    }

    let executor: EventLoopExecutor
    var hosted: [Int: Hosted] = [:]
    private var nextNumber = 0
    var batch = ReceiveBatch()
    private var outgoing = SendBatch()
    var datagrams = DatagramBuffer()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Starts the thread. Throws `SystemError`.
    public init(name: String) throws(SystemError) {
        executor = try EventLoopExecutor(name: name)
    }

    /// Ends the thread and all sessions with it.
    public func stop() {
        for number in hosted.keys { remove(number) }
        executor.stopTicking()
        executor.stop()
    }

    // MARK: Sessions

    /// Opens a socket and a session on it.
    /// - Parameters:
    ///   - configuration: Its `localEndpoints` and `wallClockAtZero` are filled in here.
    ///   - policy: Which ways to the peer are tried.
    ///   - makeSink: Makes the sink, on the thread on which it will be called.
    public func open(
        _ configuration: ClientSession.Configuration, policy: TransportPolicy = .any,
        makeSink: @Sendable () -> any MediaSink
    ) throws(SystemError) -> SessionID {
        let socket = try Self.bind()
        let port = socket.local.port
        var locals = [SocketEndpoint(ipv4: 0, port: port)]
        if socket.isIPv6 { locals.append(SocketEndpoint(ipv6High: 0, low: 0, port: port)) }
        let now = MonotonicClock.now()
        var configuration = configuration
        configuration.localEndpoints = policy.usesUDP ? locals : []
        configuration.wallClockAtZero =
            .nanoseconds(Int64(MonotonicClock.unixSeconds() * 1e9)) - (now - .zero)
        let number = nextNumber
        nextNumber += 1
        let descriptor = socket.descriptor
        hosted[number] = Hosted(
            socket: socket, locals: locals, session: ClientSession(configuration), sink: makeSink(),
            policy: policy)
        executor.whenReadable(descriptor) { [unowned self] in assumeIsolated { $0.readable(number) } }
        if hosted.count == 1 {
            executor.tick(every: Self.tickInterval) { [unowned self] in assumeIsolated { $0.tick() } }
        }
        return SessionID(number: number)
    }

    /// Both families where the machine has both.
    private static func bind() throws(SystemError) -> UDPSocket {
        do throws(SystemError) {
            return try UDPSocket(bindingTo: SocketEndpoint(ipv6High: 0, low: 0, port: 0))
        } catch {
            return try UDPSocket(bindingTo: SocketEndpoint(ipv4: 0, port: 0))
        }
    }

    /// Says goodbye and closes the socket.
    public func close(_ id: SessionID) {
        remove(id.number)
    }

    private func remove(_ number: Int) {
        guard let one = hosted.removeValue(forKey: number) else { return }
        one.session.close(now: MonotonicClock.now(), into: &datagrams)
        send(number, one)
        closeDetours(one)
        executor.forget(one.socket.descriptor)
        if hosted.isEmpty { executor.stopTicking() }
    }

    /// Makes an offer of these lines.
    /// - Parameter restartsICE: Whether to begin an ICE restart with new credentials.
    public func offer(_ id: SessionID, _ lines: [ClientLine], restartsICE: Bool = false) -> String? {
        guard let one = hosted[id.number] else { return nil }
        let offer = one.session.offer(lines, restartingWith: restartsICE ? .random() : nil)
        if restartsICE || one.detours.generation == 0 { gather(id.number, one) }
        settle(id.number, one)
        return offer.description
    }

    /// Takes the answer to the last offer.
    public func accept(_ id: SessionID, _ answer: String) throws(ClientSessionError) {
        guard let one = hosted[id.number] else { throw ClientSessionError("The session is closed.") }
        try one.session.accept(answer, now: MonotonicClock.now(), into: &datagrams)
        settle(id.number, one)
    }

    /// Runs something with the session's sink, on its thread.
    public func withSink<Result: Sendable>(
        _ id: SessionID, _ body: @Sendable (any MediaSink) -> Result
    ) -> Result? {
        hosted[id.number].map { body($0.sink) }
    }

    public func snapshot(_ id: SessionID) -> Snapshot? {
        guard let one = hosted[id.number] else { return nil }
        let path = one.session.path
        return Snapshot(
            counters: one.session.counters, targetBitrate: one.session.targetBitrate,
            congestionState: one.session.congestionState, roundTrip: one.session.roundTrip,
            isConnected: one.session.isConnected, route: path.flatMap { one.detours.route(of: $0) },
            remote: path?.remote, relayFailure: one.detours.lastFailure)
    }

    // MARK: Media

    /// Sends one encoded audio frame; see ``ClientSession/sendAudio(_:on:mediaTime:level:marker:now:into:)``.
    public func sendAudio(
        _ id: SessionID, _ payload: [UInt8], on mid: Mid, mediaTime: Duration, level: AudioLevel? = nil
    ) {
        guard let one = hosted[id.number], let stream = one.session.stream(mid) else { return }
        one.session.sendAudio(
            payload, on: stream, mediaTime: mediaTime, level: level, now: MonotonicClock.now(), into: &datagrams)
        send(id.number, one)
    }

    /// Sends one access unit; false when it was not taken.
    @discardableResult
    public func sendAccessUnit(
        _ id: SessionID, _ accessUnit: [UInt8], isKeyframe: Bool, on mid: Mid, rid: Rid? = nil, mediaTime: Duration
    ) -> Bool {
        guard let one = hosted[id.number], let stream = one.session.stream(mid, rid: rid) else { return false }
        let isTaken = one.session.sendAccessUnit(
            accessUnit, isKeyframe: isKeyframe, on: stream, mediaTime: mediaTime, now: MonotonicClock.now(),
            into: &datagrams)
        settle(id.number, one)
        return isTaken
    }

    /// Sends one frame that is cut into RTP payloads already; false when it was not taken.
    @discardableResult
    public func sendFrame(
        _ id: SessionID, _ payloads: [[UInt8]], isKeyframe: Bool, on mid: Mid, rid: Rid? = nil, mediaTime: Duration
    ) -> Bool {
        guard let one = hosted[id.number], let stream = one.session.stream(mid, rid: rid) else { return false }
        let isTaken = one.session.sendFrame(
            payloads, isKeyframe: isKeyframe, on: stream, mediaTime: mediaTime, now: MonotonicClock.now(),
            into: &datagrams)
        settle(id.number, one)
        return isTaken
    }

    /// What would be sent if the link carried anything.
    public func setWantedBitrate(_ id: SessionID, _ bitrate: Bitrate) {
        hosted[id.number]?.session.setWantedBitrate(bitrate)
    }

    // MARK: The thread's work

    private func readable(_ number: Int) {
        guard let one = hosted[number] else { return }
        let now = MonotonicClock.now()
        for _ in 0..<Self.burstsPerWake {
            let count = batch.receive(from: one.socket)
            for index in 0..<count {
                guard let source = batch.source(index) else { continue }
                one.session.receive(
                    batch.datagram(index), from: source, to: one.local(for: source), now: now, into: &datagrams
                ) { packet, payload in
                    one.sink.receive(packet, payload: payload)
                }
            }
            if count < ReceiveBatch.capacity { break }
        }
        settle(number, one)
    }

    private func tick() {
        let now = MonotonicClock.now()
        for (number, one) in hosted {
            if !one.detours.isEmpty { lookAfterDetours(number, one, now: now) }
            if one.session.isConnected {
                for mid in one.sink.tick(now: now) {
                    one.session.requestKeyframe(mid, now: now, into: &datagrams)
                }
            }
            if let due = one.session.deadline, due <= now { one.session.advance(now: now, into: &datagrams) }
            if !datagrams.isEmpty || one.session.hasEvents { settle(number, one) }
        }
    }

    func settle(_ number: Int, _ one: Hosted) {
        send(number, one)
        while let event = one.session.poll() { one.sink.handle(event) }
    }

    private func send(_ number: Int, _ one: Hosted) {
        guard !datagrams.isEmpty else { return }
        var destination: SocketEndpoint?
        for index in 0..<datagrams.count {
            datagrams.withDatagram(index) { bytes, path in
                guard path.link == .udp else { return sendByDetour(bytes, path, number, one) }
                guard let base = bytes.baseAddress else { return }
                if !outgoing.hasRoom { outgoing.flush(to: one.socket) }
                if destination != path.remote {
                    destination = path.remote
                    outgoing.begin(path.remote, onIPv6Socket: one.socket.isIPv6)
                }
                outgoing.reserve().copyMemory(from: base, byteCount: bytes.count)
                outgoing.commit(length: bytes.count)
            }
        }
        outgoing.flush(to: one.socket)
        datagrams.removeAll()
    }
}
