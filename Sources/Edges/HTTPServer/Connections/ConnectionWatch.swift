import NIOCore

/// Watches the bytes of one connection from its first moment and ends it at its deadlines.
///
/// It stands between TLS and HTTP, and goes on with its watch as ``ConnectionDeadlines`` says.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let socket: SocketEnd
    private var deadlines: ConnectionDeadlines
    private var context: ChannelHandlerContext?
    private var alarm: Scheduled<Void>?
    private var alarmAt: NIODeadline?
    /// Whether the client has sent more than is worth throwing away.
    private var isReadingOver = false

    init(limits: HTTPLimits, socket: SocketEnd) {
        self.socket = socket
        deadlines = ConnectionDeadlines(limits: limits, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        setAlarm()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        alarm?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        alarm = nil
        context.fireChannelInactive()
    }

    /// The connection is in another phase from now on.
    func enter(_ phase: ConnectionDeadlines.Phase) {
        deadlines.enter(phase, now: .now())
        setAlarm()
    }

    /// Ends the connection in order.
    func close() { context?.close(promise: nil) }

    /// Ends the connection at once, whatever the client says to it.
    func abort() { socket.close() }

    /// Reads on unless it would only throw away ever more.
    func read(context: ChannelHandlerContext) {
        if !deadlines.hasDiscardedEnough {
            context.read()
        } else if !isReadingOver {
            isReadingOver = true
            LimitName.discardedBytes.countHit()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        deadlines.read(unwrapInboundIn(data).readableBytes, now: .now())
        setAlarm()
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data).readableBytes
        guard bytes > 0, deadlines.phase != .other else { return context.write(data, promise: promise) }
        deadlines.queued(bytes, now: .now())
        setAlarm()
        let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in loopBound.value.deadlines.sent(bytes) }
        context.write(data, promise: sent)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Browsers open connections in advance; one that has asked for nothing does not hold up a stop.
        if event is ChannelShouldQuiesceEvent, deadlines.phase == .firstHead {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Looks again when the next deadline may be over. A deadline that moved on is noticed then; one that came nearer
    /// needs another alarm.
    private func setAlarm() {
        guard let context, context.channel.isActive || deadlines.phase == .firstHead else { return }
        guard let deadline = deadlines.deadline else { return }
        if let alarmAt, alarm != nil, alarmAt <= deadline { return }
        alarm?.cancel()
        alarmAt = deadline
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        alarm = context.eventLoop.scheduleTask(deadline: deadline) { loopBound.value.ring() }
    }

    private func ring() {
        alarm = nil
        guard let context else { return }
        if let limit = deadlines.expired(now: .now()) {
            limit.countHit()
            if limit == .idleTime { context.close(promise: nil) } else { abort() }
        } else {
            setAlarm()
        }
    }
}
