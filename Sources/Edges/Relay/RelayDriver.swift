internal import Cryptography
internal import Foundation
internal import Logging
internal import MediaIO
internal import MediaVocabulary
internal import NIOCore
internal import NIOPosix
internal import ProtocolCore
internal import TURN

/// What all drivers of a TURN server share.
struct RelaySurroundings: Sendable {
    let configuration: TURNConfiguration
    let machine: TURNServer.Configuration
    let allocationQuota: Quota<String>
    let meter: RelayMeter
    let logger: Logger

    init(_ configuration: TURNConfiguration, meter: RelayMeter, logger: Logger) {
        self.configuration = configuration
        var machine = TURNServer.Configuration(
            realm: configuration.realm, secret: configuration.secret, nonceKey: randomBytes(32),
            policy: configuration.policy)
        machine.offersIPv4 = configuration.relayIPv4 != nil
        machine.offersIPv6 = configuration.relayIPv6 != nil
        self.machine = machine
        allocationQuota = Quota(each: configuration.limits.allocationsPerUser, all: configuration.limits.allocations)
        self.meter = meter
        self.logger = logger
    }
}

/// Runs one `TURNServer` on an event loop: gives it bytes and the time, and does what it asks for.
///
/// There is one for all clients of the UDP port, and one for each connection. All of it stays on its event loop.
final class RelayDriver {
    /// Allocations, permissions and channels that are over are cleared away this often.
    private static let expiryInterval: TimeAmount = .seconds(5)
    /// How many datagrams one read takes at most.
    static let datagramsPerRead = 16
    static let largestDatagram = 2_048

    private let surroundings: RelaySurroundings
    private let eventLoop: any EventLoop
    private var machine: TURNServer
    private var relays: [RelayID: any Channel] = [:]
    private var dirtyRelays: Set<RelayID> = []
    private var expiry: RepeatedTask?
    private var isClosed = false
    /// Sends a message or ChannelData to a client: head and body, which together are a frame without padding. The
    /// result says whether there was room.
    private let send: (ByteBuffer, TURNClient) -> Bool
    private let flush: () -> Void

    init(
        _ surroundings: RelaySurroundings, on eventLoop: any EventLoop,
        send: @escaping (ByteBuffer, TURNClient) -> Bool,
        flush: @escaping () -> Void
    ) {
        self.surroundings = surroundings
        self.eventLoop = eventLoop
        self.send = send
        self.flush = flush
        machine = TURNServer(surroundings.machine)
    }

    private var now: Instant {
        Instant(nanoseconds: Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds))
    }

    func start() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        expiry = eventLoop.scheduleRepeatedTask(initialDelay: Self.expiryInterval, delay: Self.expiryInterval) { _ in
            bound.value.expire()
        }
    }

    func stop() {
        isClosed = true
        expiry?.cancel()
        expiry = nil
        for relay in Array(relays.values) { relay.close(promise: nil) }
    }

    func hasAllocation(_ client: TURNClient) -> Bool {
        machine.hasAllocation(client)
    }

    // MARK: From clients

    /// Takes a message of a client. Call ``readComplete()`` after a batch of them.
    /// - Returns: The user whose credentials it carried, if it did.
    @discardableResult
    func receive(_ message: ByteBuffer, from client: TURNClient) -> String? {
        let refusalsBefore = machine.refusals
        let reaction = machine.receive(
            message.readableBytesSpan, from: client, at: now, unixTime: Int64(Date().timeIntervalSince1970))
        switch reaction {
        case .relay(let relay, let range, let target):
            guard let channel = relays[relay],
                let payload = message.getSlice(at: message.readerIndex + range.lowerBound, length: range.count)
            else { return nil }
            guard channel.isWritable else {
                surroundings.meter.droppedPackets.count()
                return nil
            }
            surroundings.meter.packetsToPeers.count()
            surroundings.meter.bytesToPeers.count(range.count)
            channel.write(AddressedEnvelope(remoteAddress: SocketAddress(target), data: payload), promise: nil)
            dirtyRelays.insert(relay)
        case .effects(let effects):
            // Effects can lead to more of them, and those to another message.
            let user = machine.authenticatedUser
            countRefusals(since: refusalsBefore)
            perform(effects)
            return user
        case .dropped:
            surroundings.meter.refusedPackets.count()
        }
        return nil
    }

    private func countRefusals(since before: [Int: Int]) {
        guard machine.refusals != before else { return }
        for (code, count) in machine.refusals {
            let more = count - before[code, default: 0]
            if more > 0 { surroundings.meter.countRefusal(code, times: more) }
        }
    }

    func readComplete() {
        for relay in dirtyRelays { relays[relay]?.flush() }
        dirtyRelays.removeAll(keepingCapacity: true)
        flush()
    }

    func clientLeft(_ client: TURNClient) {
        perform(machine.clientLeft(client))
    }

    private func expire() {
        perform(machine.expire(at: now))
    }

    // MARK: Effects

    private func perform(_ effects: [TURNEffect]) {
        for effect in effects {
            switch effect {
            case .send(let bytes, let client): _ = send(ByteBuffer(bytes: bytes), client)
            case .openRelay(let request): open(request)
            case .closeRelay(let request): close(request)
            }
        }
        if !effects.isEmpty { flush() }
    }

    private func open(_ request: RelayRequest) {
        switch surroundings.allocationQuota.take(request.user) {
        case .taken: break
        case .nameIsFull:
            surroundings.meter.count(.turnAllocationsPerUser)
            return fail(request, .quotaReached)
        case .everythingIsFull:
            surroundings.meter.count(.turnAllocations)
            return fail(request, .insufficientCapacity)
        }
        let configuration = surroundings.configuration
        guard let address = request.isIPv6 ? configuration.relayIPv6 : configuration.relayIPv4 else {
            surroundings.allocationQuota.giveBack(request.user)
            return fail(request, .insufficientCapacity)
        }
        var local = address.bind
        local.port = 0
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        DatagramBootstrap(group: eventLoop)
            .channelOption(.datagramVectorReadMessageCount, value: Self.datagramsPerRead)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Self.datagramsPerRead * Self.largestDatagram)
            )
            .channelOption(.socketOption(.so_rcvbuf), value: 1 << 20)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RelaySocketHandler(request.id, driver: bound.value))
                }
            }
            .bind(to: SocketAddress(local))
            .hop(to: eventLoop).assumeIsolated().whenComplete { result in
                bound.value.opened(request, result, address: address)
            }
    }

    private func opened(
        _ request: RelayRequest, _ result: Result<any Channel, any Error>, address: TURNConfiguration.RelayAddress
    ) {
        switch result {
        case .success(let channel):
            var relayed = address.advertised
            relayed.port = channel.localAddress?.endpoint?.port ?? 0
            let effects = machine.relayOpened(request.id, at: relayed, now: now)
            guard !effects.isEmpty, !isClosed else {
                // The client has left meanwhile; its quota was given back then.
                channel.close(promise: nil)
                return
            }
            relays[request.id] = channel
            surroundings.meter.note(.relay, channel)
            surroundings.meter.allocations.count()
            surroundings.meter.allocationsMade.count()
            perform(effects)
        case .failure(let error):
            surroundings.logger.warning("cannot open a relay: \(error)")
            // Without a client, which has left, nothing is to be given back.
            let before = machine.refusals
            let effects = machine.relayFailed(request.id, .insufficientCapacity)
            countRefusals(since: before)
            if !effects.isEmpty { surroundings.allocationQuota.giveBack(request.user) }
            perform(effects)
        }
    }

    private func fail(_ request: RelayRequest, _ failure: RelayFailure) {
        let before = machine.refusals
        let effects = machine.relayFailed(request.id, failure)
        countRefusals(since: before)
        perform(effects)
    }

    private func close(_ request: RelayRequest) {
        surroundings.allocationQuota.giveBack(request.user)
        dirtyRelays.remove(request.id)
        guard let channel = relays.removeValue(forKey: request.id) else { return }
        surroundings.meter.allocations.count(-1)
        channel.close(promise: nil)
    }

    // MARK: From peers

    fileprivate func receive(_ payload: ByteBuffer, from source: SocketEndpoint, on relay: RelayID) {
        let hadRoom: Bool
        switch machine.receive(payload.readableBytesSpan, from: source, on: relay, at: now) {
        case .dropped:
            surroundings.meter.refusedPackets.count()
            return
        case .channelData(let number, let client):
            var frame = ByteBufferAllocator().buffer(capacity: 8 + payload.readableBytes)
            frame.writeInteger(number.rawValue)
            frame.writeInteger(UInt16(truncatingIfNeeded: payload.readableBytes))
            frame.writeImmutableBuffer(payload)
            hadRoom = send(frame, client)
        case .message(let bytes, let client):
            hadRoom = send(ByteBuffer(bytes: bytes), client)
        }
        guard hadRoom else {
            surroundings.meter.droppedPackets.count()
            return
        }
        surroundings.meter.packetsToClients.count()
        surroundings.meter.bytesToClients.count(payload.readableBytes)
    }

    fileprivate func flushToClients() {
        flush()
    }

    /// The counts of what is still open when the whole driver goes.
    func release(_ client: TURNClient) {
        clientLeft(client)
        stop()
    }
}

/// The socket of one relayed address.
private final class RelaySocketHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let relay: RelayID
    private let driver: RelayDriver

    init(_ relay: RelayID, driver: RelayDriver) {
        self.relay = relay
        self.driver = driver
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = envelope.remoteAddress.endpoint else { return }
        driver.receive(envelope.data, from: source, on: relay)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        driver.flushToClients()
    }

    /// A peer that is not there says so by ICMP; it may come.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
