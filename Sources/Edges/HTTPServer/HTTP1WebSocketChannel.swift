import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// An HTTP/1.1 connection that may become a WebSocket connection. It goes below TLS as plain HTTP/1.1 does.
///
/// The pipeline, from the network: ``ConnectionWatch`` for its deadlines, the parser, ``RequestGate`` for the rules, and
/// behind it those who answer, or ``WebSocketHandler``.
///
/// A WebSocket whose page is not allowed is accepted and then closed with a code and a reason: browsers show neither the
/// status nor the body of a refused upgrade.
struct HTTP1WebSocketChannel: ServerChildChannel, HTTPChannelHandler {
    /// What a connection is used for. It begins with one of these, and HTTP may be followed by a WebSocket.
    enum Use: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(WebSocketConnection, refusal: String?)
    }

    struct Value: ServerChildChannelValue {
        let uses: AsyncStream<Use>
        let channel: any Channel
    }

    /// What all connections of the server share.
    struct Shared: Sendable {
        var limits: HTTPLimits
        var budget: ConnectionBudget
        var proxies: TrustedProxies
    }

    let responder: Responder
    let isSecure: Bool
    let endpoint: WebSocketEndpoint?
    let streamProtocol: ByteStreamProtocol?
    let shared: Shared

    init(
        responder: @escaping Responder, isSecure: Bool, endpoint: WebSocketEndpoint?,
        streamProtocol: ByteStreamProtocol?, shared: Shared
    ) {
        self.responder = { request, writer, channel in
            var request = request
            if request.headers.contains(.expect) {
                request.body = RequestBody(asyncSequence: AwaitedBody(body: request.body, channel: channel))
            }
            try await responder(request, writer, channel)
        }
        self.isSecure = isSecure
        self.endpoint = endpoint
        self.streamProtocol = streamProtocol
        self.shared = shared
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let (uses, continuation) = AsyncStream.makeStream(of: Use.self)
            channel.closeFuture.whenComplete { _ in continuation.finish() }
            let socket = SocketEnd()
            try channel.pipeline.syncOperations.addHandler(socket, position: .first)
            let watch = ConnectionWatch(limits: shared.limits, socket: socket)
            try channel.pipeline.syncOperations.addHandler(watch)
            let place = takePlace(of: channel, watch: watch)
            if let streamProtocol {
                let handler = FirstBytesHandler(streamProtocol) { isStream in
                    if isStream {
                        // It counts its own connections.
                        shared.budget.leave(place)
                        watch.enter(.other)
                        try streamProtocol.takeOver(channel)
                    } else {
                        try configureHTTP(on: channel, watch: watch, place: place, uses: continuation)
                    }
                } giveUp: { _ in
                    continuation.finish()
                }
                try channel.pipeline.syncOperations.addHandler(handler)
            } else {
                try configureHTTP(on: channel, watch: watch, place: place, uses: continuation)
            }
            return Value(uses: uses, channel: channel)
        }
    }

    /// Counts the connection among the strangers.
    private func takePlace(of channel: any Channel, watch: ConnectionWatch) -> ConnectionBudget.Number {
        let budget = shared.budget
        let peer = ClientAddress(channel.remoteAddress)
        // Everybody behind a proxy comes from its address; who they are is known with their requests.
        let counted = peer.flatMap { shared.proxies.contains($0) ? nil : $0 }
        let loopBound = NIOLoopBound(watch, eventLoop: channel.eventLoop)
        let eventLoop = channel.eventLoop
        let place = budget.enter(counted) { eventLoop.execute { loopBound.value.abort() } }
        channel.closeFuture.whenComplete { _ in budget.leave(place) }
        return place
    }

    private func configureHTTP(
        on channel: any Channel, watch: ConnectionWatch, place: ConnectionBudget.Number,
        uses: AsyncStream<Use>.Continuation
    ) throws {
        var encoding = HTTPResponseEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        let encoder = HTTPResponseEncoder(configuration: encoding)
        let decoder = RequestDecoder(limits: shared.limits)
        let decoderHandler = ByteToMessageHandler(decoder)
        let peer = ClientAddress(channel.remoteAddress)
        let port = channel.remoteAddress?.port
        let gate = RequestGate(
            RequestGate.Surroundings(
                watch: watch, encoder: encoder, decoder: decoder, decoderHandler: decoderHandler,
                startHTTP: {
                    try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: isSecure))
                    uses.yield(
                        .http(
                            try NIOAsyncChannel(
                                wrappingChannelSynchronously: channel,
                                configuration: .init(isOutboundHalfClosureEnabled: true))))
                },
                resolve: { head in
                    let client = ForwardedClient(
                        peer: peer, port: port, headers: head.headers, trusting: shared.proxies)
                    if let host = client.host { head.headers.replaceOrAdd(name: "Host", value: host) }
                    return client
                },
                openWebSocket: { head, client in
                    guard let endpoint else { return nil }
                    let (connection, handler) = openWebSocket(
                        endpoint, on: channel, place: place, head: head, client: client)
                    uses.yield(.webSocket(connection, refusal: refusal(by: endpoint, of: head, from: client)))
                    return handler
                },
                hasWebSocket: { path in endpoint.map { path == $0.path } ?? false }))
        try channel.pipeline.syncOperations.addHandlers([encoder, decoderHandler, gate])
    }

    private func openWebSocket(
        _ endpoint: WebSocketEndpoint, on channel: any Channel, place: ConnectionBudget.Number, head: HTTPRequestHead,
        client: ForwardedClient
    ) -> (WebSocketConnection, WebSocketHandler) {
        let limits = endpoint.limits
        let inbox = MessageInbox(messageLimit: limits.unreadMessages, byteLimit: limits.unreadBytes)
        let unsent = UnsentBytes()
        let handler = WebSocketHandler(
            limits: limits, oversizeNotice: endpoint.oversizeNotice, inbox: inbox, unsent: unsent)
        let budget = shared.budget
        if let address = client.address, !shared.proxies.contains(address) { budget.move(place, to: address) }
        let connection = WebSocketConnection(
            messages: inbox.messages,
            remoteAddress: client.description,
            userAgent: head.headers.first(name: "user-agent"),
            outlet: WebSocketOutlet(
                eventLoop: channel.eventLoop, handler: handler, unsent: unsent, unsentLimit: limits.unsentBytes,
                onAdmission: { budget.admit(place) }))
        return (connection, handler)
    }

    private func refusal(
        by endpoint: WebSocketEndpoint, of head: HTTPRequestHead, from client: ForwardedClient
    )
        -> String?
    {
        let origin = head.headers.first(name: "origin")
        let host = head.headers.first(name: "host")
        guard endpoint.origins.allows(origin: origin, host: host, scheme: client.scheme) else {
            return "pages of \(origin ?? "") are not allowed; see web.allowedOrigins"
        }
        return nil
    }

    func handle(value: Value, logger: Logger) async {
        await withDiscardingTaskGroup { tasks in
            for await use in value.uses {
                tasks.addTask { await serve(use, on: value.channel, logger: logger) }
            }
        }
        // The service ends after its connections, those of other protocols included.
        try? await value.channel.closeFuture.get()
    }

    private func serve(_ use: Use, on channel: any Channel, logger: Logger) async {
        switch use {
        case .http(let asyncChannel): await handleHTTP(asyncChannel: asyncChannel, logger: logger)
        case .webSocket(let connection, let refusal):
            if let refusal {
                logger.info("WebSocket refused: \(refusal)", metadata: ["client": "\(connection.remoteAddress)"])
                connection.close(code: 1008, reason: refusal)
            } else {
                await endpoint?.handler(connection)
                connection.close(code: 1000, reason: "")
            }
        }
    }
}
