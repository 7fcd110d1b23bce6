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
    private let connectionQuota: ConnectionQuota
    private var ticket: ConnectionQuota.Ticket?
    private var client: TURNClient?
    private var driver: RelayDriver?
    private var unread = ByteBuffer()
    private var life: ConnectionLife
    private var end: Scheduled<Void>?

    init(
        _ surroundings: RelaySurroundings, transport: TURNClient.Transport, connectionQuota: ConnectionQuota
    ) {
        self.surroundings = surroundings
        self.transport = transport
        self.connectionQuota = connectionQuota
        life = ConnectionLife(surroundings.configuration.limits, now: .now())
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
        guard let endpoint = channel.remoteAddress?.endpoint else {
            channel.close(promise: nil)
            return
        }
        ticket = connectionQuota.admit(endpoint) { channel.close(promise: nil) }
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
        life = ConnectionLife(surroundings.configuration.limits, now: .now())
        watch(context)
    }

    /// Ends the connection when its time is over. An allocation has a time of its own, which is longer.
    private func watch(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let deadline = max(life.deadline, .now() + .milliseconds(1))
        end = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            guard let client = handler.client, let driver = handler.driver else { return }
            if driver.hasAllocation(client) { handler.life.extend(at: .now()) }
            guard handler.life.deadline <= .now() else { return handler.watch(context) }
            handler.surroundings.meter.count(handler.life.isProved ? .turnIdle : .turnProof)
            if !handler.life.isProved { handler.surroundings.meter.refusedConnections.count() }
            context.close(promise: nil)
        }
    }

    /// A request came with credentials: the connection may stay, if there is a place for it.
    private func prove(_ user: String) -> Bool {
        life.prove(at: .now())
        guard var ticket else { return false }
        defer { self.ticket = ticket }
        return connectionQuota.prove(&ticket, owner: user)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        guard let client, let driver else { return }
        unread.writeBuffer(&input)
        while true {
            let frame: StreamFrame?
            do throws(ParseError) {
                frame = try TURNStreamFraming.firstFrame(in: unread.readableBytesSpan)
            } catch {
                surroundings.logger.debug("a TURN connection ends: \(error)")
                surroundings.meter.refusedPackets.count()
                if case .limitExceeded = error { surroundings.meter.count(.turnMessage) }
                unread.clear()
                context.close(promise: nil)
                return
            }
            guard let frame, var message = unread.readSlice(length: frame.length) else { break }
            message.moveWriterIndex(to: message.readerIndex + frame.content.upperBound)
            if let user = driver.receive(message, from: client), !prove(user) {
                unread.clear()
                context.close(promise: nil)
                return
            }
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
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
    }

    private func leave() {
        end?.cancel()
        end = nil
        if let ticket { connectionQuota.giveBack(ticket) }
        ticket = nil
        guard let client, let driver else { return }
        driver.release(client)
        self.driver = nil
        self.client = nil
        surroundings.meter.streamConnections.count(-1)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
