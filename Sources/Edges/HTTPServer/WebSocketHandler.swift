import NIOCore
import NIOWebSocket

/// A client sent a frame without masking it (RFC 6455 section 5.1).
struct UnmaskedFrame: Error {}

/// Lets masked frames through. It stands before the frames are put together, which removes their masks.
final class MaskCheck: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if unwrapInboundIn(data).maskKey != nil {
            context.fireChannelRead(data)
        } else {
            context.fireErrorCaught(UnmaskedFrame())
        }
    }
}

/// The end of a WebSocket pipeline: whole frames in, text messages out to the stream of the connection's handler.
///
/// Runs on the channel's event loop. Every refusal sends a close frame with its code and reason, then waits a little for
/// the client's answer while discarding what it still sends, so that the close frame is not lost in a reset.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

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
    private let messages: AsyncStream<String>.Continuation
    private var state = State.open
    private var context: ChannelHandlerContext?
    private var pingTask: RepeatedTask?
    private var closeTask: Scheduled<Void>?
    private var silentPings = 0

    init(limits: WebSocketLimits, oversizeNotice: String, messages: AsyncStream<String>.Continuation) {
        self.limits = limits
        self.oversizeNotice = oversizeNotice
        self.messages = messages
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

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        silentPings = 0
        switch state {
        case .open: receive(frame, context: context)
        case .closing:
            if frame.opcode == .connectionClose { closeChannel() }
        case .closed: break
        }
    }

    private func receive(_ frame: WebSocketFrame, context: ChannelHandlerContext) {
        var data = frame.unmaskedData
        switch frame.opcode {
        case .text:
            let bytes = data.readBytes(length: data.readableBytes) ?? []
            guard let text = String(validating: bytes, as: UTF8.self) else {
                beginClose(code: 1007, reason: "a text message is not UTF-8")
                return
            }
            guard case .enqueued = messages.yield(text) else {
                beginClose(code: 1008, reason: "messages come faster than they are taken")
                return
            }
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, data: data)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose:
            state = .closing
            messages.finish()
            let answer = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
            let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in loopBound.value.closeChannel() }
        case .binary:
            beginClose(code: 1003, reason: "only text messages are taken")
        default:
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { beginClose(code: 1001, reason: "the server stops") }
        // A WebSocket connection is not used in one direction only: a client that has ended its side is gone.
        if event as? ChannelEvent == .inputClosed { closeChannel() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength:
            refuseOversize()
        case let error as NIOWebSocketFrameAggregator.Error:
            if error == .accumulatedFrameSizeIsTooLarge || error == .tooManyFragments {
                refuseOversize()
            } else {
                beginClose(code: 1002, reason: "fragments out of order")
            }
        case is UnmaskedFrame:
            beginClose(code: 1002, reason: "a client has to mask its frames")
        case is NIOWebSocketError:
            beginClose(code: 1002, reason: "the WebSocket protocol is violated")
        default:
            // The decoder repeats its first error for every later read; only a broken connection ends here.
            if state == .open { closeChannel() }
        }
    }

    private func refuseOversize() {
        guard state == .open else { return }
        write(text: oversizeNotice, promise: nil)
        beginClose(code: 1009, reason: "a message may have at most \(limits.messageBytes) bytes")
    }

    /// Queues a text frame; the promise completes when it has left for the network, or will not be sent.
    func write(text: String, promise: EventLoopPromise<Void>?) {
        guard let context, state == .open else {
            promise?.succeed()
            return
        }
        let frame = WebSocketFrame(fin: true, opcode: .text, data: context.channel.allocator.buffer(string: text))
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    /// Sends a close frame once, and drops the connection when the client does not answer it in time.
    func beginClose(code: UInt16, reason: String) {
        guard let context, state == .open else { return }
        state = .closing
        messages.finish()
        var data = context.channel.allocator.buffer(capacity: 125)
        data.write(webSocketErrorCode: WebSocketErrorCode(codeNumber: Int(code)))
        var shortened = reason
        while shortened.utf8.count > 123 { shortened.removeLast() }
        data.writeString(shortened)
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        closeTask = context.eventLoop.scheduleTask(in: TimeAmount(limits.closeTimeout)) {
            loopBound.value.closeChannel()
        }
    }

    private func ping() {
        guard let context, state == .open else { return }
        guard silentPings < limits.unansweredPings else {
            closeChannel()
            return
        }
        silentPings += 1
        let frame = WebSocketFrame(fin: true, opcode: .ping, data: context.channel.allocator.buffer(capacity: 0))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func closeChannel() {
        guard state != .closed else { return }
        context?.close(promise: nil)
        finish()
    }

    private func finish() {
        state = .closed
        messages.finish()
        pingTask?.cancel()
        closeTask?.cancel()
    }
}
