internal import Logging
internal import NIOCore
internal import ProtocolCore
internal import TURN

/// One connection of a TURN client, over TCP or inside TLS.
final class TURNStreamHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let surroundings: RelaySurroundings
    private let transport: TURNClient.Transport
    private let connectionQuota: Quota<String>
    private var client: TURNClient?
    private var driver: RelayDriver?
    private var unread = ByteBuffer()
    private var lastInput = NIODeadline.now()
    private var idleCheck: RepeatedTask?

    init(
        _ surroundings: RelaySurroundings, transport: TURNClient.Transport, connectionQuota: Quota<String>
    ) {
        self.surroundings = surroundings
        self.transport = transport
        self.connectionQuota = connectionQuota
    }

    /// A connection whose first bytes have shown what it is gets its handler when it is open already.
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard driver == nil else { return }
        let channel = context.channel
        guard let endpoint = channel.remoteAddress?.endpoint, takeConnection(from: endpoint) else {
            surroundings.meter.refusedConnections.count()
            channel.close(promise: nil)
            return
        }
        client = TURNClient(endpoint, over: transport)
        surroundings.meter.streamConnections.count()
        let driver = RelayDriver(surroundings, on: context.eventLoop) { frame, _ in
            guard channel.isWritable else { return false }
            var frame = frame
            frame.writeRepeatingByte(0, count: ChannelNumber.padding(after: frame.readableBytes))
            channel.write(frame, promise: nil)
            return true
        } flush: {
            channel.flush()
        }
        driver.start()
        self.driver = driver
        lastInput = .now()
        let timeout = surroundings.configuration.limits.idleTimeout
        let bound = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        idleCheck = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in
            let (handler, channel) = bound.value
            guard let client = handler.client, handler.driver?.hasAllocation(client) == false,
                NIODeadline.now() - handler.lastInput >= timeout
            else { return }
            channel.close(promise: nil)
        }
    }

    private func takeConnection(from endpoint: SocketEndpoint) -> Bool {
        switch connectionQuota.take(endpoint.address) {
        case .taken: true
        case .nameIsFull, .everythingIsFull: false
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        guard let client, let driver else { return }
        lastInput = .now()
        unread.writeBuffer(&input)
        while true {
            let frame: StreamFrame?
            do throws(ParseError) {
                frame = try TURNStreamFraming.firstFrame(in: unread.readableBytesSpan)
            } catch {
                surroundings.logger.debug("a TURN connection ends: \(error)")
                surroundings.meter.refusedPackets.count()
                unread.clear()
                context.close(promise: nil)
                return
            }
            guard let frame, var message = unread.readSlice(length: frame.length) else { break }
            message.moveWriterIndex(to: message.readerIndex + frame.content.upperBound)
            driver.receive(message, from: client)
        }
        unread.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        driver?.readComplete()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that writes no more, or a server that stops.
        if event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    private func end() {
        idleCheck?.cancel()
        idleCheck = nil
        guard let client, let driver else { return }
        driver.release(client)
        self.driver = nil
        self.client = nil
        surroundings.meter.streamConnections.count(-1)
        connectionQuota.giveBack(client.endpoint.address)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
