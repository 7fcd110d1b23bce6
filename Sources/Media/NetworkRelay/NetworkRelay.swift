public import MediaIO
public import NetworkEmulation
public import ProtocolCore

/// A bad network between UDP clients and a server: what comes in goes out through an `EmulatedLink`, in real time.
///
/// Clients send to `local`. Each gets a socket of its own towards the server, so that the server tells them apart; all
/// share one link each way, as the devices behind one line do. What the links do can be changed at any time.
///
/// One seed decides which packets are lost or reordered, counted from the first packet of each way. The moment at which
/// a packet arrives is as exact as the event loop: up to a millisecond late.
public actor NetworkRelay {
    /// Where a relay stands and what its links do.
    public struct Configuration: Hashable, Sendable {
        public var server: SocketEndpoint
        public var up: LinkConditions
        public var down: LinkConditions
        public var seed: UInt64
        /// Changes to come, counted from `start`.
        public var script: [TimedLinkChange]
        /// When this many clients are known, a new one takes the place of the one that has been silent for longest.
        public var clientLimit: Int

        public init(
            server: SocketEndpoint, up: LinkConditions = .init(), down: LinkConditions = .init(), seed: UInt64 = 1,
            script: [TimedLinkChange] = [], clientLimit: Int = 256
        ) {
            self.server = server
            self.up = up
            self.down = down
            self.seed = seed
            self.script = script
            self.clientLimit = max(1, clientLimit)
        }
    }

    private let executor: EventLoopExecutor
    private let near: UDPSocket
    private let server: SocketEndpoint
    private let clientLimit: Int
    private var clients: [SocketEndpoint: RelayClient] = [:]
    private var up: RelayWay
    private var down: RelayWay
    private var script: [TimedLinkChange]
    /// The part of the script that is still to come, the next change last.
    private var scheduled: [(at: Instant, change: LinkChange)] = []
    private var arrived = ReceiveBatch()
    private var leaving = SendBatch(usesSegmentation: false)
    private var refusedPackets = 0
    private var orphanedPackets = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Where clients send to, with the port that the kernel chose if 0 was asked for.
    public nonisolated let local: SocketEndpoint

    /// Opens the socket and starts the thread. Throws `SystemError`, for example when the port is taken.
    public init(listeningAt endpoint: SocketEndpoint, _ configuration: Configuration) throws(SystemError) {
        near = try UDPSocket(bindingTo: endpoint)
        local = near.local
        executor = try EventLoopExecutor(name: "netem")
        server = configuration.server
        clientLimit = configuration.clientLimit
        up = RelayWay(configuration.up, seed: NetworkRelay.seed(of: .up, from: configuration.seed))
        down = RelayWay(configuration.down, seed: NetworkRelay.seed(of: .down, from: configuration.seed))
        script = configuration.script
    }

    /// The seed of one way's link. The two differ, or both ways would lose the same packets.
    static func seed(of direction: RelayDirection, from seed: UInt64) -> UInt64 {
        direction == .up ? seed : ~seed
    }

    // MARK: Control

    /// Begins to relay, and the script; once, before anything else.
    public func start() {
        let now = MonotonicClock.now()
        scheduled = script.map { (now + $0.after, $0.change) }.reversed()
        executor.whenReadable(near.descriptor) { [unowned self] in
            assumeIsolated { $0.clientsSent() }
        }
        proceed(now)
    }

    /// Ends the thread; the relay is of no use afterwards, and what is on the way is lost.
    public func stop() {
        for client in clients.values { forget(client) }
        executor.forget(near.descriptor)
        executor.stopTicking()
        executor.stop()
    }

    /// Changes the conditions from now on; packets that have left the queue keep their time of arrival.
    public func apply(_ change: LinkChange) {
        let now = MonotonicClock.now()
        applyScript(now)
        apply(change, at: now)
        proceed(now)
    }

    /// Gives what has happened up to now.
    public func report() -> RelayReport {
        proceed(MonotonicClock.now())
        return RelayReport(
            up: up.report, down: down.report, clients: clients.count, refusedPackets: refusedPackets,
            undeliverablePackets: orphanedPackets + leaving.refusedDatagrams)
    }

    private func apply(_ change: LinkChange, at instant: Instant) {
        for direction in change.directions {
            switch direction {
            case .up: up.apply(change, at: instant)
            case .down: down.apply(change, at: instant)
            }
        }
    }

    private func applyScript(_ now: Instant) {
        while let next = scheduled.last, next.at <= now {
            apply(next.change, at: next.at)
            scheduled.removeLast()
        }
    }

    // MARK: Datagrams

    private func clientsSent() {
        let now = MonotonicClock.now()
        applyScript(now)
        for index in 0..<arrived.receive(from: near) {
            guard let source = arrived.source(index), let bytes = takeDatagram(index),
                let client = client(at: source, now)
            else {
                refusedPackets += 1
                continue
            }
            client.lastHeard = now
            up.send(RelayedDatagram(client: client, bytes: bytes), overIPv6: source.isIPv6, at: now)
        }
        proceed(now)
    }

    private func serverSent(to endpoint: SocketEndpoint) {
        guard let client = clients[endpoint] else { return }
        let now = MonotonicClock.now()
        applyScript(now)
        for index in 0..<arrived.receive(from: client.socket) {
            guard arrived.source(index) == server, let bytes = takeDatagram(index) else {
                refusedPackets += 1
                continue
            }
            down.send(RelayedDatagram(client: client, bytes: bytes), overIPv6: server.isIPv6, at: now)
        }
        proceed(now)
    }

    /// The bytes of a datagram; nil when there are none, or when there may have been more than fit.
    private func takeDatagram(_ index: Int) -> [UInt8]? {
        let datagram = arrived.datagram(index)
        guard !datagram.isEmpty, datagram.count < ReceiveBatch.datagramSize else { return nil }
        return Array(datagram)
    }

    /// Passes on what has arrived by now and sees to it that the next event is not slept through.
    private func proceed(_ now: Instant) {
        applyScript(now)
        for datagram in up.poll(now) {
            if datagram.client.isGone {
                orphanedPackets += 1
            } else {
                send(datagram.bytes, to: server, through: datagram.client.socket)
            }
        }
        for datagram in down.poll(now) {
            if datagram.client.isGone {
                orphanedPackets += 1
            } else {
                send(datagram.bytes, to: datagram.client.endpoint, through: near)
            }
        }
        guard let next = [up.nextEvent, down.nextEvent, scheduled.last?.at].compactMap(\.self).min() else { return }
        executor.callOnce(after: max(.zero, next - now)) { [unowned self] in
            assumeIsolated { $0.proceed(MonotonicClock.now()) }
        }
    }

    private func send(_ bytes: [UInt8], to destination: SocketEndpoint, through socket: borrowing UDPSocket) {
        leaving.begin(destination, onIPv6Socket: socket.isIPv6)
        leaving.reserve().copyMemory(from: bytes, byteCount: bytes.count)
        leaving.commit(length: bytes.count)
        leaving.flush(to: socket)
    }

    // MARK: Clients

    /// The client who sends from there, a new one if need be; nil when the system has no socket left.
    private func client(at endpoint: SocketEndpoint, _ now: Instant) -> RelayClient? {
        if let known = clients[endpoint] { return known }
        guard let client = try? RelayClient(endpoint, towards: server, now: now) else { return nil }
        if clients.count >= clientLimit, let silent = clients.values.min(by: { $0.lastHeard < $1.lastHeard }) {
            forget(silent)
        }
        clients[endpoint] = client
        executor.whenReadable(client.socket.descriptor) { [unowned self] in
            assumeIsolated { $0.serverSent(to: endpoint) }
        }
        return client
    }

    private func forget(_ client: RelayClient) {
        executor.forget(client.socket.descriptor)
        client.isGone = true
        clients[client.endpoint] = nil
    }
}
