import NIOCore
import NIOHTTP1

/// Asks for the body of the request that is being answered; its client may wait for that.
struct BodyWanted: Sendable {}

/// The request's body is not valid or ended early. It has been answered already.
struct BrokenBody: Error {}

/// Stands between the HTTP parser and those who answer: lets in requests that are in order, answers the others itself,
/// keeps the rules of connections (RFC 9112 section 9), and turns a connection into a WebSocket.
///
/// Each request gets exactly one answer. After the last one the connection's output is ended, and what the client still
/// sends is thrown away for a while, so that the answer is not lost in a reset.
final class RequestGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the gate needs to know of the rest of the connection.
    struct Surroundings {
        let watch: ConnectionWatch
        let encoder: HTTPResponseEncoder
        let decoder: RequestDecoder
        let decoderHandler: ByteToMessageHandler<RequestDecoder>
        /// Puts behind the gate what answers requests; called once, before the first of them.
        let startHTTP: () throws -> Void
        /// Rewrites a head by what trusted proxies tell.
        let resolve: (inout HTTPRequestHead) -> ForwardedClient
        /// The handler for a WebSocket at the target of the request; nil where there is none.
        let openWebSocket: (HTTPRequestHead, ForwardedClient) -> (any ChannelHandler)?
        /// Whether there is a WebSocket at a path.
        let hasWebSocket: (Substring) -> Bool
    }

    /// A request that has been let in and whose answer has not ended.
    private struct Exchange {
        let isHead: Bool
        let isHTTP10: Bool
        var closes: Bool
        var awaitsContinue: Bool
        var hasAnswerBegun = false
    }

    private enum State {
        /// We take requests.
        case open
        /// We take no more requests, and answer this as the last one when its turn comes.
        case refusing(RequestRefusal, isHead: Bool)
        /// We will be a WebSocket when the answers before are written.
        case upgrading(HTTPRequestHead, ForwardedClient, answer: String)
        /// We have written the last answer.
        case lingering
        /// We are not HTTP any more.
        case upgraded
    }

    private enum Incoming {
        /// Between two requests.
        case nothing
        /// The rest of a request that has been let in.
        case request(stopsParser: Bool)
        /// The rest of a request for a WebSocket.
        case handshake(HTTPRequestHead, ForwardedClient, answer: String)
    }

    private let surroundings: Surroundings
    private var state = State.open
    private var incoming = Incoming.nothing
    private var exchanges: [Exchange] = []
    /// Whether the request that is coming in is among the exchanges.
    private var isIncomingUnanswered = false
    private var takesMoreRequests = true
    private var isHTTPStarted = false
    private var isInputClosed = false
    private var closePromises: [EventLoopPromise<Void>] = []

    init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .open: break
        case .upgraded: return context.fireChannelRead(data)
        case .refusing, .upgrading, .lingering: return
        }
        switch (unwrapInboundIn(data), incoming) {
        case (.head(let head), .nothing): take(head, context: context)
        case (.body, .request):
            if isIncomingUnanswered { exchanges[exchanges.count - 1].awaitsContinue = false }
            context.fireChannelRead(data)
        case (.end, .request(let stopsParser)):
            context.fireChannelRead(data)
            incoming = .nothing
            isIncomingUnanswered = false
            if stopsParser { surroundings.decoder.renew() }
            updatePhase()
        case (.body, .handshake):
            refuse(.badRequest("A request for a WebSocket has no body."), isHead: false, context: context)
        case (.end, .handshake(let head, let client, let answer)):
            incoming = .nothing
            state = .upgrading(head, client, answer: answer)
            goOn(context)
        case (.head, _), (.body, .nothing), (.end, .nothing): break
        }
    }

    private func take(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard takesMoreRequests else { return }
        do throws(RequestRefusal) {
            var request = try RequestRules.check(head)
            let client = surroundings.resolve(&request.head)
            if surroundings.hasWebSocket(request.head.uri.prefix { $0 != "?" }) {
                switch WebSocketHandshake(request.head) {
                case .none: break
                case .accept(let answer):
                    incoming = .handshake(request.head, client, answer: answer)
                    return
                case .refuse(let refusal): throw refusal
                }
            }
            letIn(request, context: context)
        } catch {
            refuse(error, isHead: head.method == .HEAD, context: context)
        }
    }

    private func letIn(_ request: RequestRules.Accepted, context: ChannelHandlerContext) {
        if !isHTTPStarted {
            isHTTPStarted = true
            do { try surroundings.startHTTP() } catch { return context.close(promise: nil) }
        }
        incoming = .request(stopsParser: request.stopsParser)
        isIncomingUnanswered = true
        takesMoreRequests = !request.closes
        exchanges.append(
            Exchange(
                isHead: request.head.method == .HEAD, isHTTP10: request.isHTTP10, closes: request.closes,
                awaitsContinue: request.awaitsContinue))
        updatePhase()
        context.fireChannelRead(wrapInboundOut(.head(request.head)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return context.fireErrorCaught(error) }
        guard case .open = state else { return }
        let refusal =
            (error as? HTTPParserError) == .headerOverflow
            ? RequestRefusal(
                status: .requestHeaderFieldsTooLarge, code: "HeaderTooLarge",
                message: "The head of the request is too large.")
            : RequestRefusal.badRequest("This is not HTTP/1.1.")
        switch incoming {
        case .request where !isIncomingUnanswered:
            // It has its answer; there is none for its rest.
            incoming = .nothing
            endAfterAnswers(context)
        case .request where exchanges.last?.hasAnswerBegun == true:
            incoming = .nothing
            exchanges[exchanges.count - 1].closes = true
            takesMoreRequests = false
        case .request:
            let exchange = exchanges.removeLast()
            refuse(refusal, isHead: exchange.isHead, context: context)
        case .nothing, .handshake:
            refuse(refusal, isHead: false, context: context)
            return
        }
        // Whoever reads the body learns that there will be no more of it; an answer to it is not sent any more.
        context.fireErrorCaught(BrokenBody())
    }

    private func refuse(_ refusal: RequestRefusal, isHead: Bool, context: ChannelHandlerContext) {
        if refusal.status == .requestHeaderFieldsTooLarge { LimitName.headerBytes.countHit() }
        state = .refusing(refusal, isHead: isHead)
        incoming = .nothing
        isIncomingUnanswered = false
        goOn(context)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch state {
        case .upgraded: return context.write(data, promise: promise)
        case .open, .refusing, .upgrading, .lingering: break
        }
        if case .lingering = state { return dropped(promise) }
        guard !exchanges.isEmpty else { return dropped(promise) }
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.code < 200: context.write(data, promise: promise)
        case .head(var head):
            begin(&head)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            if exchanges[0].isHead { dropped(promise) } else { context.write(data, promise: promise) }
        case .end:
            let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
            let exchange = exchanges.removeFirst()
            if exchanges.isEmpty, case .request = incoming { isIncomingUnanswered = false }
            if exchange.closes {
                exchanges.removeAll()
                linger(after: sent.futureResult, context: context)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
            goOn(context)
        }
    }

    private func dropped(_ promise: EventLoopPromise<Void>?) { promise?.succeed() }

    /// Frames an answer (RFC 9112 section 6.3) and says whether the connection goes on.
    private func begin(_ head: inout HTTPResponseHead) {
        var exchange = exchanges[0]
        exchange.hasAnswerBegun = true
        head.version = .http1_1
        let hasNoBody = head.status == .noContent || head.status == .notModified
        if hasNoBody {
            head.headers.remove(name: "transfer-encoding")
            if head.status == .noContent { head.headers.remove(name: "content-length") }
        } else if head.headers.contains(name: "content-length") {
            head.headers.remove(name: "transfer-encoding")
        } else if exchange.isHTTP10 {
            head.headers.remove(name: "transfer-encoding")
            exchange.closes = true
        } else if !exchange.isHead {
            head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        }
        // A client that was not asked for its body may send it or not: where the next request begins is unknown.
        if exchange.awaitsContinue { exchange.closes = true }
        let tokens = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
        exchange.closes = exchange.closes || tokens.contains("close")
        if exchange.closes {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        } else if exchange.isHTTP10 {
            head.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        exchanges[0] = exchange
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed()
        guard case .open = state, let exchange = exchanges.first, exchange.awaitsContinue, !exchange.hasAnswerBegun
        else { return }
        exchanges[0].awaitsContinue = false
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        updatePhase()
    }

    // MARK: The connection

    /// Does what is next once the answers before it are written.
    private func goOn(_ context: ChannelHandlerContext) {
        guard exchanges.isEmpty else { return updatePhase() }
        switch state {
        case .open:
            updatePhase()
            if !takesMoreRequests, case .nothing = incoming { endAfterAnswers(context) }
        case .refusing(let refusal, let isHead):
            let sent = context.eventLoop.makePromise(of: Void.self)
            linger(after: sent.futureResult, context: context)
            context.write(wrapOutboundOut(.head(refusal.head)), promise: nil)
            if !isHead {
                let body = context.channel.allocator.buffer(string: refusal.body)
                context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
        case .upgrading(let head, let client, let answer):
            upgrade(head, client: client, answer: answer, context: context)
        case .lingering, .upgraded: break
        }
    }

    private func updatePhase() {
        switch (state, incoming) {
        case (.lingering, _): surroundings.watch.enter(.lingering)
        case (.upgraded, _): surroundings.watch.enter(.other)
        case (_, .request), (_, .handshake):
            let isAnswered = !isIncomingUnanswered
            surroundings.watch.enter(isAnswered ? .leftover : .body)
        case (_, .nothing): surroundings.watch.enter(exchanges.isEmpty ? .idle : .answering)
        }
    }

    /// Ends the output once everything is written, and waits a little for the client to end its side.
    private func linger(after sent: EventLoopFuture<Void>, context: ChannelHandlerContext) {
        state = .lingering
        updatePhase()
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        sent.whenComplete { _ in
            let (gate, context) = loopBound.value
            if gate.isInputClosed {
                context.close(promise: nil)
            } else {
                context.close(mode: .output, promise: nil)
                context.read()
            }
        }
    }

    private func endAfterAnswers(_ context: ChannelHandlerContext) {
        takesMoreRequests = false
        if exchanges.isEmpty {
            linger(after: context.eventLoop.makeSucceededVoidFuture(), context: context)
        } else {
            exchanges[exchanges.count - 1].closes = true
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard context.channel.isActive else { return context.close(mode: mode, promise: promise) }
        switch (state, mode) {
        case (.lingering, .all):
            // The watch ends it, or the client.
            if let promise { closePromises.append(promise) }
        case (.lingering, .output): promise?.succeed()
        case (.open, .output), (.refusing, .output), (.upgrading, .output):
            // Those who answer have ended their side; a connection that has a last answer to write goes on.
            if case .open = state { endAfterAnswers(context) }
            promise?.succeed()
        default: context.close(mode: mode, promise: promise)
        }
    }

    /// Those who answer may have stopped reading; what a client still sends is to be read all the same.
    func channelReadComplete(context: ChannelHandlerContext) {
        if case .lingering = state { context.read() }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        succeedClosing()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { succeedClosing() }

    /// Lets those go on who wait for the end of the connection.
    private func succeedClosing() {
        closePromises.forEach { $0.succeed() }
        closePromises = []
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .upgraded = state { return context.fireUserInboundEventTriggered(event) }
        if event is ChannelShouldQuiesceEvent { return stop(context) }
        guard event as? ChannelEvent == .inputClosed else { return context.fireUserInboundEventTriggered(event) }
        isInputClosed = true
        takesMoreRequests = false
        switch state {
        case .lingering: context.close(promise: nil)
        case .open, .upgrading: if exchanges.isEmpty { context.close(promise: nil) }
        case .refusing, .upgraded: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The server stops: what is being answered is answered, and nothing else is taken.
    private func stop(_ context: ChannelHandlerContext) {
        if case .lingering = state { return surroundings.watch.close() }
        if exchanges.isEmpty {
            surroundings.watch.close()
        } else {
            takesMoreRequests = false
            exchanges[exchanges.count - 1].closes = true
        }
    }

    // MARK: WebSockets

    private func upgrade(
        _ head: HTTPRequestHead, client: ForwardedClient, answer: String, context: ChannelHandlerContext
    ) {
        guard let handler = surroundings.openWebSocket(head, client) else { return context.close(promise: nil) }
        let fields = HTTPHeaders([
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", answer),
        ])
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: fields)
        context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
        state = .upgraded
        updatePhase()
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(handler, position: .after(self))
            pipeline.removeHandler(surroundings.encoder, promise: nil)
            // What the client has sent after its request goes to the WebSocket.
            pipeline.removeHandler(surroundings.decoderHandler, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
