internal import Logging
internal import MediaIO
internal import MediaVocabulary
internal import NIOCore
internal import NIOPosix
internal import ProtocolCore
internal import STUN
internal import TURN

/// One TCP connection of ICE, bridged to a media worker's UDP port.
final class ICETCPHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// We wait for the first packet, which says that this is ICE.
        case fresh
        /// We open the socket toward the worker and keep what comes meanwhile.
        case opening([ByteBuffer])
        /// We pass packets on.
        case bridged(any Channel)
        /// The connection is over.
        case closed
    }

    /// More packets than this do not wait for the socket toward the worker.
    private static let waitingPackets = 32
    /// Beyond the limit for media this much more may wait, for what media cannot do without.
    private static let reservedBytes = 64 << 10
    /// The type of a Binding success response (RFC 8489 §5).
    private static let bindingSuccess: UInt16 = 0x0101
    /// From here on a first byte is of DTLS, RTP or RTCP (RFC 7983 §7).
    private static let firstByteBehindSTUN: UInt16 = 20

    private let worker: SocketEndpoint
    private let limits: RelayLimits
    private let quota: ConnectionQuota
    private let meter: RelayMeter
    private let logger: Logger
    private var state = State.fresh
    private var ticket: ConnectionQuota.Ticket?
    private var unread = ByteBuffer()
    /// Checks of a connection that has not proved itself, with the user names that they claim.
    private var checks: [(id: STUNMessage.TransactionID, participant: String)] = []
    private var life: ConnectionLife
    private var end: Scheduled<Void>?

    init(worker: SocketEndpoint, limits: RelayLimits, quota: ConnectionQuota, meter: RelayMeter, logger: Logger) {
        self.worker = worker
        self.limits = limits
        self.quota = quota
        self.meter = meter
        self.logger = logger
        life = ConnectionLife(limits, now: .now())
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        guard let endpoint = channel.remoteAddress?.endpoint else {
            state = .closed
            context.close(promise: nil)
            return
        }
        ticket = quota.admit(endpoint) { channel.close(promise: nil) }
        meter.mediaConnections.count()
        meter.mediaConnectionsMade.count()
        life = ConnectionLife(limits, now: .now())
        watch(channel)
        context.fireChannelActive()
    }

    /// Ends the connection when its time is over.
    private func watch(_ channel: any Channel) {
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let deadline = max(life.deadline, .now() + .milliseconds(1))
        end = channel.eventLoop.scheduleTask(deadline: deadline) {
            let handler = bound.value
            guard handler.life.deadline <= .now() else { return handler.watch(channel) }
            handler.meter.count(handler.life.isProved ? .iceIdle : .iceProof)
            if !handler.life.isProved { handler.meter.refusedConnections.count() }
            channel.close(promise: nil)
        }
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        unread.writeBuffer(&input)
        while true {
            let frame: StreamFrame?
            do throws(ParseError) {
                frame = try StreamPacketFraming.firstFrame(in: unread.readableBytesSpan)
            } catch {
                if case .limitExceeded = error { meter.count(.icePacket) }
                return refuse(context, "\(error)")
            }
            guard let frame, var packet = unread.readSlice(length: frame.length) else { break }
            packet.moveReaderIndex(forwardBy: frame.content.lowerBound)
            if packet.readableBytes > 0 { take(packet, context) }
            if case .closed = state { return }
        }
        unread.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .bridged(let bridge) = state { bridge.flush() }
    }

    private func take(_ packet: ByteBuffer, _ context: ChannelHandlerContext) {
        let isCheck = !life.isProved && noteCheck(packet)
        switch state {
        case .fresh:
            guard isCheck else { return refuse(context, "no Binding request") }
            state = .opening([packet])
            openBridge(context)
        case .opening(let waiting):
            if waiting.count < Self.waitingPackets { state = .opening(waiting + [packet]) }
        case .bridged(let bridge):
            bridge.write(packet, promise: nil)
        case .closed:
            break
        }
    }

    /// Whether the packet is a Binding request. What it claims is noted until the worker says whether it is true.
    private func noteCheck(_ packet: ByteBuffer) -> Bool {
        guard let message = try? STUNMessage(parsing: packet.readableBytesSpan), message.messageClass == .request,
            message.method == .binding
        else { return false }
        if checks.count == Self.waitingPackets { checks.removeFirst() }
        // The server's part of the user name stands first (RFC 8445 §7.2.2).
        let participant = message.username?.prefix { $0 != ":" }
        checks.append((message.transactionID, participant.map { String($0) } ?? ""))
        return true
    }

    private func refuse(_ context: ChannelHandlerContext, _ why: String) {
        logger.debug("a TCP connection of ICE ends: \(why)")
        meter.refusedConnections.count()
        state = closeBridge()
        unread.clear()
        context.close(promise: nil)
    }

    // MARK: The worker

    private func openBridge(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        DatagramBootstrap(group: context.eventLoop)
            .channelOption(.datagramVectorReadMessageCount, value: RelayDriver.datagramsPerRead)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(
                    capacity: RelayDriver.datagramsPerRead * RelayDriver.largestDatagram)
            )
            .channelOption(.socketOption(.so_rcvbuf), value: 1 << 20)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (handler, client) = bound.value
                    try channel.pipeline.syncOperations.addHandler(BridgeHandler(handler, client: client))
                }
            }
            .connect(to: SocketAddress(worker))
            .hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
                bound.value.0.opened(result, client: bound.value.1)
            }
    }

    private func opened(_ result: Result<any Channel, any Error>, client: any Channel) {
        switch (result, state) {
        case (.success(let bridge), .opening(let waiting)):
            state = .bridged(bridge)
            meter.note(.tcp, bridge)
            for packet in waiting { bridge.write(packet, promise: nil) }
            bridge.flush()
        case (.success(let bridge), .fresh), (.success(let bridge), .bridged), (.success(let bridge), .closed):
            bridge.close(promise: nil)
        case (.failure(let error), _):
            logger.warning("cannot reach the media worker: \(error)")
            client.close(promise: nil)
        }
    }

    /// Sends a packet of the worker to the client; media only while the connection takes it, since late media is worse
    /// than lost media.
    fileprivate func send(_ packet: ByteBuffer, to client: any Channel) {
        guard judge(packet) else {
            client.close(promise: nil)
            return
        }
        if !client.isWritable {
            let waiting = (try? client.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
            let first = packet.getInteger(at: packet.readerIndex, as: UInt8.self) ?? 0
            // First bytes of RTP and RTCP (RFC 7983 §7).
            guard !(128...191).contains(first), waiting < limits.unsentBytes + Self.reservedBytes else {
                meter.droppedPackets.count()
                return
            }
        }
        var frame = ByteBufferAllocator().buffer(capacity: StreamPacketFraming.headerLength + packet.readableBytes)
        frame.writeInteger(UInt16(truncatingIfNeeded: packet.readableBytes))
        frame.writeImmutableBuffer(packet)
        client.write(frame, promise: nil)
    }

    /// What a packet of the worker says about the connection. A success proves that the client has the password of a
    /// participant. Whatever else the worker sends after that, but for refusals, it sends to a participant whom it knows
    /// here.
    /// - Returns: Whether the connection may stay.
    private func judge(_ packet: ByteBuffer) -> Bool {
        let type = packet.getInteger(at: packet.readerIndex, as: UInt16.self) ?? 0
        let isSuccess = type == Self.bindingSuccess
        if life.isProved {
            if isSuccess || type >> 8 >= Self.firstByteBehindSTUN { life.extend(at: .now()) }
            return true
        }
        guard isSuccess, let message = try? STUNMessage(parsing: packet.readableBytesSpan),
            let check = checks.last(where: { $0.id == message.transactionID })
        else { return true }
        checks = []
        life.prove(at: .now())
        guard var ticket else { return false }
        defer { self.ticket = ticket }
        return quota.prove(&ticket, owner: check.participant)
    }

    // MARK: Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = closeBridge()
        end?.cancel()
        if let ticket {
            self.ticket = nil
            quota.giveBack(ticket)
            meter.mediaConnections.count(-1)
        }
        context.fireChannelInactive()
    }

    private func closeBridge() -> State {
        switch state {
        case .bridged(let bridge): bridge.close(promise: nil)
        case .fresh, .opening, .closed: break
        }
        return .closed
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// The socket toward the worker.
private final class BridgeHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundIn = ByteBuffer

    private let connection: ICETCPHandler
    private let client: any Channel

    init(_ connection: ICETCPHandler, client: any Channel) {
        self.connection = connection
        self.client = client
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.send(unwrapInboundIn(data).data, to: client)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        client.flush()
    }

    /// The worker is not there, or is no more: no other will be at this address.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        client.close(promise: nil)
    }
}
