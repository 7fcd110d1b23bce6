internal import Foundation
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import NIOWebSocket

/// How a server's certificate is checked.
public struct ServerTrust: Hashable, Sendable {
    /// A file with a certificate in PEM that is trusted besides those of the system.
    public var certificateFile: String?
    /// Whether no certificate is checked at all; for development on one's own machine.
    public var isInsecure: Bool

    public init(certificateFile: String? = nil, isInsecure: Bool = false) {
        self.certificateFile = certificateFile
        self.isInsecure = isInsecure
    }

    /// The certificates of the system.
    public static let system = ServerTrust()
}

/// One WebSocket to a server (RFC 6455), for JSON text frames.
final class WebSocketConnection: Sendable {
    /// The longest message that a server may send.
    private static let longestFrame = 1 << 20

    /// How a connection ended.
    struct Closure: Error, Sendable {
        /// The close code; nil when the connection broke.
        var code: Int?
    }

    private typealias WebSocketChannel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private let channel: any Channel
    /// The text of each message, then the end with a ``Closure`` or an error of the network.
    let messages: AsyncThrowingStream<String, any Error>
    private let task: Task<Void, Never>

    private init(_ upgraded: WebSocketChannel) {
        channel = upgraded.channel
        let (messages, continuation) = AsyncThrowingStream.makeStream(of: String.self)
        self.messages = messages
        task = Task {
            do {
                try await upgraded.executeThenClose { inbound, outbound in
                    try await Self.read(inbound, outbound, continuation)
                }
                continuation.finish(throwing: Closure(code: nil))
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }

    /// Connects and upgrades. `server` is the server's `http` or `https` address; paths are added here.
    static func connect(to server: URL, trust: ServerTrust) async throws -> WebSocketConnection {
        let isSecure = server.scheme != "http" && server.scheme != "ws"
        guard let host = server.host else {
            throw CallingError(.invalidArgument, "\(server) is not the address of a server.", target: "server")
        }
        let port = server.port ?? (isSecure ? 443 : 80)
        let tls = try isSecure ? context(trust) : nil
        let upgrade = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let name = isAddress(host) ? nil : host
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    return try Self.configureUpgrade(of: channel, authority: "\(host):\(port)")
                }
            }
        guard let upgraded = try await upgrade.get() else {
            throw CallingError(.connectionFailed, "The server at \(host):\(port) does not speak WebSocket at /calling.")
        }
        return WebSocketConnection(upgraded)
    }

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }

    private static func context(_ trust: ServerTrust) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if trust.isInsecure { configuration.certificateVerification = .none }
        if let file = trust.certificateFile {
            configuration.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(file))]
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func configureUpgrade(
        of channel: any Channel, authority: String
    ) throws -> EventLoopFuture<WebSocketChannel?> {
        let upgrader = NIOTypedWebSocketClientUpgrader<WebSocketChannel?>(
            maxFrameSize: longestFrame,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture { try WebSocketChannel(wrappingChannelSynchronously: channel) }
            })
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/calling")
        head.headers.add(name: "Host", value: authority)
        head.headers.add(name: "Content-Length", value: "0")
        let configuration = NIOTypedHTTPClientUpgradeConfiguration(
            upgradeRequestHead: head, upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in channel.eventLoop.makeSucceededFuture(nil) })
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(upgradeConfiguration: configuration))
    }

    private static func read(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>,
        _ continuation: AsyncThrowingStream<String, any Error>.Continuation
    ) async throws {
        var partial = ByteBuffer()
        for try await frame in inbound {
            switch frame.opcode {
            case .text, .continuation:
                var data = frame.unmaskedData
                partial.writeBuffer(&data)
                guard partial.readableBytes <= longestFrame else { throw Closure(code: 1009) }
                if frame.fin {
                    continuation.yield(String(buffer: partial))
                    partial.clear()
                }
            case .ping:
                try await outbound.write(
                    WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData))
            case .connectionClose:
                var data = frame.unmaskedData
                throw Closure(code: data.readInteger(as: UInt16.self).map(Int.init))
            default:
                break
            }
        }
    }

    /// Sends one message; fails silently when the connection is broken, which `messages` tells.
    func send(_ text: some DataProtocol) {
        let buffer = ByteBuffer(bytes: text)
        channel.writeAndFlush(
            WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: buffer), promise: nil)
    }

    /// Closes the connection, in order when it still works.
    func close() {
        var data = ByteBuffer()
        data.writeInteger(UInt16(1000))
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: data)
        channel.writeAndFlush(frame).whenComplete { [channel] _ in channel.close(promise: nil) }
    }

    /// Drops a connection that does not answer any more.
    func abort() {
        channel.close(promise: nil)
    }
}
