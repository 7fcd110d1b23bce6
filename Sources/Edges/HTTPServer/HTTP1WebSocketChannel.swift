import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// An HTTP/1.1 connection that may become a WebSocket connection. It goes below TLS as plain HTTP/1.1 does.
///
/// Every WebSocket request is accepted and then, where it has no business here, closed with a code and a reason:
/// browsers show neither the status nor the body of a refused upgrade.
struct HTTP1WebSocketChannel: ServerChildChannel, HTTPChannelHandler {
    enum Upgrade: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(WebSocketConnection, refusal: String?)
        /// The connection speaks the other protocol, whose handlers see to everything.
        case stream
    }

    struct Value: ServerChildChannelValue {
        let upgrade: EventLoopFuture<Upgrade>
        let channel: any Channel
    }

    /// How long an HTTP connection may be idle.
    private static let idleTimeout: Duration = .seconds(60)
    /// How long a new connection may take for its TLS handshake and the head of its first request.
    private static let firstRequestTimeout: TimeAmount = .seconds(30)

    let responder: Responder
    let isSecure: Bool
    let endpoint: WebSocketEndpoint?
    let streamProtocol: ByteStreamProtocol?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let firstRequestGuard = FirstRequestGuard(timeout: Self.firstRequestTimeout)
            try pipeline.addHandler(firstRequestGuard)
            let upgrade: EventLoopFuture<Upgrade>
            if let streamProtocol {
                upgrade = try lookAtFirstBytes(of: channel, for: streamProtocol, logger: logger)
            } else {
                upgrade = try configureHTTP(on: channel, logger: logger)
            }
            upgrade.assumeIsolated().whenComplete { _ in
                channel.pipeline.syncOperations.removeHandler(firstRequestGuard, promise: nil)
            }
            return Value(upgrade: upgrade, channel: channel)
        }
    }

    /// Builds the pipeline once the client has shown what it speaks.
    private func lookAtFirstBytes(
        of channel: any Channel, for streamProtocol: ByteStreamProtocol, logger: Logger
    ) throws -> EventLoopFuture<Upgrade> {
        let promise = channel.eventLoop.makePromise(of: Upgrade.self)
        let handler = FirstBytesHandler(streamProtocol) { isStream in
            if isStream {
                try streamProtocol.takeOver(channel)
                promise.succeed(.stream)
            } else {
                try configureHTTP(on: channel, logger: logger).cascade(to: promise)
            }
        } giveUp: { error in
            promise.fail(error)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        return promise.futureResult
    }

    private func configureHTTP(on channel: any Channel, logger: Logger) throws -> EventLoopFuture<Upgrade> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Upgrade>(
            maxFrameSize: limits.messageBytes,
            enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture { try openWebSocket(on: channel, head: head) }
            })
        var configuration = NIOUpgradableHTTPServerPipelineConfiguration<Upgrade>(
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(upgraders: [upgrader]) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: isSecure))
                    try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: Self.idleTimeout, logger: logger))
                    return .http(
                        try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(isOutboundHalfClosureEnabled: true)))
                }
            })
        configuration.enablePipelining = false
        configuration.enableErrorHandling = true
        configuration.enableResponseHeaderValidation = false
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(configuration: configuration)
    }

    private var limits: WebSocketLimits { endpoint?.limits ?? WebSocketLimits() }

    private func openWebSocket(on channel: any Channel, head: HTTPRequestHead) throws -> Upgrade {
        let (messages, continuation) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingOldest(limits.unreadMessages))
        let handler = WebSocketHandler(
            limits: limits, oversizeNotice: endpoint?.oversizeNotice ?? "", messages: continuation)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(MaskCheck())
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0,
                maxAccumulatedFrameCount: 1024,
                maxAccumulatedFrameSize: limits.messageBytes))
        try pipeline.addHandler(handler)
        let connection = WebSocketConnection(
            messages: messages,
            remoteAddress: channel.remoteAddress.map(Self.description) ?? "unknown",
            userAgent: head.headers.first(name: "user-agent"),
            outlet: WebSocketOutlet(eventLoop: channel.eventLoop, handler: handler, unsentLimit: limits.unsentBytes))
        return .webSocket(connection, refusal: refusal(of: head))
    }

    private func refusal(of head: HTTPRequestHead) -> String? {
        let path = head.uri.prefix { $0 != "?" }
        guard let endpoint, path == endpoint.path else { return "there is no WebSocket at \(path)" }
        let origin = head.headers.first(name: "origin")
        guard endpoint.origins.allows(origin: origin, host: head.headers.first(name: "host")) else {
            return "pages of \(origin ?? "") are not allowed; see web.allowedOrigins"
        }
        return nil
    }

    private static func description(of address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return "unknown" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.upgrade.get() {
            case .http(let channel):
                await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let connection, let refusal):
                if let refusal {
                    logger.info("WebSocket refused: \(refusal)", metadata: ["client": "\(connection.remoteAddress)"])
                    connection.close(code: 1008, reason: refusal)
                } else {
                    await endpoint?.handler(connection)
                    connection.close(code: 1000, reason: "")
                }
                try await value.channel.closeFuture.get()
            case .stream:
                try await value.channel.closeFuture.get()
            }
        } catch {
            logger.debug("connection ended: \(error)")
            value.channel.close(promise: nil)
        }
    }
}
