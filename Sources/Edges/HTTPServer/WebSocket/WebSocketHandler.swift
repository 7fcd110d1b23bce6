import NIOCore

/// The end of a WebSocket pipeline: bytes in, text messages out to the connection's handler.
///
/// Runs on the channel's event loop. Every refusal sends a close frame with its code and reason, then waits a little for
/// the client's answer while discarding what it still sends, so that the close frame is not lost in a reset.
///
/// Nothing that a client does makes this side keep more than its limits: while the client does not read, nothing more is
/// read from it, and of the pongs it asked for only the newest waits (RFC 6455 section 5.5.3).
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let tooSlowCode: UInt16 = 4408

    private enum State {
        /// Messages flow.
        case open
        /// We have sent a close frame and wait for the client's.
        case closing
        /// Nothing is sent or taken any more.
        case closed
    }

    private let limits: WebSocketLimits
    private let oversizeNotice: String
    private let inbox: MessageInbox
    private let unsent: UnsentBytes
    private var reader: WebSocketReader
    private var ration: FrameRation
    private var state = State.open
    private var context: ChannelHandlerContext?
    private var pingTask: RepeatedTask?
    private var closeTask: Scheduled<Void>?
    private var silentPings = 0
    /// Whether a read waits until the client has read what was written.
    private var isReadHeld = false
    /// What came after this side's close frame, and whether that was enough.
    private var closingBytes = 0
    private var isReadingOver = false
    /// Whether a pong is on its way to the network.
    private var isPongLeaving = false
    /// What the next pong answers; a newer ping takes its place.
    private var waitingPong: [UInt8]?

    init(limits: WebSocketLimits, oversizeNotice: String, inbox: MessageInbox, unsent: UnsentBytes) {
        self.limits = limits
        self.oversizeNotice = oversizeNotice
        self.inbox = inbox
        self.unsent = unsent
        reader = WebSocketReader(messageBytes: min(limits.messageBytesBeforeLogin, limits.messageBytes))
        ration = FrameRation(burst: limits.controlFrameBurst, perSecond: limits.controlFramesPerSecond)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let interval = TimeAmount(limits.pingInterval)
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pingTask = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            loopBound.value.ping()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    // MARK: Reading

    /// Reads on only while the client reads, too, and not for ever when it was told the end.
    func read(context: ChannelHandlerContext) {
        if state == .open, !context.channel.isWritable {
            isReadHeld = true
        } else if closingBytes < limits.closingBytes {
            context.read()
        } else if !isReadingOver {
            isReadingOver = true
            LimitName.closingBytes.countHit()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { releaseRead() }
        context.fireChannelWritabilityChanged()
    }

    private func releaseRead() {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .closed else { return }
        silentPings = 0
        if state == .closing { closingBytes += unwrapInboundIn(data).readableBytes }
        reader.append(unwrapInboundIn(data).readableBytesView)
        do throws(WebSocketViolation) {
            while state != .closed, let event = try reader.next() { receive(event) }
        } catch {
            fail(error)
        }
    }

    private func receive(_ event: WebSocketEvent) {
        guard state == .open else {
            if case .close = event { closeChannel() }
            return
        }
        switch event {
        case .fragment: break
        case .text(let text):
            if !inbox.put(text) {
                LimitName.unreadMessages.countHit()
                beginClose(code: 1008, reason: "messages come faster than they are taken")
            }
        case .ping(let payload):
            guard spendControlFrame() else { return }
            waitingPong = payload
            sendPong()
        case .pong: _ = spendControlFrame()
        case .close(let code): answerClose(code)
        }
    }

    private func spendControlFrame() -> Bool {
        if ration.take(now: .now()) { return true }
        LimitName.controlFrames.countHit()
        beginClose(code: 1008, reason: "control frames come too fast")
        return false
    }

    private func fail(_ violation: WebSocketViolation) {
        guard state == .open else {
            // What a client sends instead of its answer to our close frame cannot be understood any more.
            closeChannel()
            return
        }
        if violation.isTooLarge {
            LimitName.messageBytes.countHit()
            write(text: oversizeNotice, promise: nil)
        }
        beginClose(code: violation.code, reason: violation.reason)
    }

    /// The client has shown who it is: the full limits hold from now on.
    func admit() {
        reader.setLimit(messageBytes: limits.messageBytes)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { beginClose(code: 1001, reason: "the server stops") }
        // A WebSocket connection is not used in one direction only: a client that has ended its side is gone.
        if event as? ChannelEvent == .inputClosed { closeChannel() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Only a broken connection ends here.
        closeChannel()
    }

    // MARK: Writing

    /// Queues a text frame; the promise completes when it has left for the network, or will not be sent.
    func write(text: String, promise: EventLoopPromise<Void>?) {
        guard let context, state == .open else {
            promise?.succeed()
            return
        }
        let frame = ServerFrame.text(text, allocator: context.channel.allocator)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    /// Queues a frame of our own, inside the count of unsent bytes. They are few and short, so that they pass the limit
    /// by little.
    private func write(counted frame: ByteBuffer, context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        let cost = unsent.add(frame.readableBytes)
        let unsent = unsent
        let sent = context.writeAndFlush(wrapOutboundOut(frame))
        sent.whenComplete { _ in unsent.subtract(cost) }
        return sent
    }

    private func sendPong() {
        guard let context, state == .open, !isPongLeaving, let payload = waitingPong else { return }
        waitingPong = nil
        isPongLeaving = true
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let frame = ServerFrame.control(.pong, payload, allocator: context.channel.allocator)
        write(counted: frame, context: context).whenComplete { _ in
            loopBound.value.isPongLeaving = false
            loopBound.value.sendPong()
        }
    }

    private func ping() {
        guard let context, state == .open else { return }
        guard silentPings < limits.unansweredPings else {
            LimitName.silence.countHit()
            closeChannel()
            return
        }
        silentPings += 1
        _ = write(counted: ServerFrame.control(.ping, allocator: context.channel.allocator), context: context)
    }

    // MARK: Closing

    /// Sends a close frame once, and drops the connection when the client does not answer it in time.
    func beginClose(code: UInt16, reason: String) {
        guard let context, state == .open else { return }
        state = .closing
        inbox.finish()
        let frame = ServerFrame.close(code: code, reason: reason, allocator: context.channel.allocator)
        _ = write(counted: frame, context: context)
        scheduleClose(context)
        // The client's close frame may be behind what it was not let send.
        releaseRead()
    }

    private func answerClose(_ code: UInt16?) {
        guard let context else { return }
        state = .closing
        inbox.finish()
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let frame = ServerFrame.close(code: code, allocator: context.channel.allocator)
        write(counted: frame, context: context).whenComplete { _ in loopBound.value.closeChannel() }
        scheduleClose(context)
    }

    private func scheduleClose(_ context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        closeTask = context.eventLoop.scheduleTask(in: TimeAmount(limits.closeTimeout)) {
            loopBound.value.closeChannel()
        }
    }

    private func closeChannel() {
        guard state != .closed else { return }
        context?.close(promise: nil)
        finish()
    }

    private func finish() {
        state = .closed
        inbox.finish()
        pingTask?.cancel()
        closeTask?.cancel()
    }
}
