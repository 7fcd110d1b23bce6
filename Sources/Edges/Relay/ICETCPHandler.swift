internal import Logging
internal import MediaIO
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

    private let worker: SocketEndpoint
    private let limits: RelayLimits
    private let quota: Quota<String>
    private let meter: RelayMeter
    private let logger: Logger
    private var state = State.fresh
    private var address: String?
    private var unread = ByteBuffer()
    private var lastInput = NIODeadline.now()
    private var idleCheck: RepeatedTask?
    private var deadline: Scheduled<Void>?

    init(worker: SocketEndpoint, limits: RelayLimits, quota: Quota<String>, meter: RelayMeter, logger: Logger) {
        self.worker = worker
        self.limits = limits
        self.quota = quota
        self.meter = meter
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let address = context.channel.remoteAddress?.endpoint?.address, take(address) else {
            meter.refusedConnections.count()
            state = .closed
            context.close(promise: nil)
            return
        }
        self.address = address
        meter.mediaConnections.count()
        meter.mediaConnectionsMade.count()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: limits.firstMessageTimeout) { channel.close(promise: nil) }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let timeout = limits.idleTimeout
        idleCheck = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in
            if NIODeadline.now() - bound.value.lastInput >= timeout { channel.close(promise: nil) }
        }
        context.fireChannelActive()
    }

    private func take(_ address: String) -> Bool {
        switch quota.take(address) {
        case .taken: true
        case .nameIsFull, .everythingIsFull: false
        }
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        lastInput = .now()
        unread.writeBuffer(&input)
        while true {
            let frame: StreamFrame?
            do throws(ParseError) {
                frame = try StreamPacketFraming.firstFrame(in: unread.readableBytesSpan)
            } catch {
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
        switch state {
        case .fresh:
            guard Self.isBindingRequest(packet) else { return refuse(context, "no Binding request") }
            deadline?.cancel()
            deadline = nil
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

    private static func isBindingRequest(_ packet: ByteBuffer) -> Bool {
        guard let message = try? STUNMessage(parsing: packet.readableBytesSpan) else { return false }
        return message.messageClass == .request && message.method == .binding
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
        deadline?.cancel()
        idleCheck?.cancel()
        if let address {
            self.address = nil
            quota.giveBack(address)
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
