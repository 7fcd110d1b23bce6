import HTTPServer
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@Suite struct ByteStreamProtocolTests {
    /// Sends everything back; begins with the bytes 0 and 7.
    static let echo = ByteStreamProtocol(
        applicationProtocol: "echo",
        recognize: { bytes in
            guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return .undecided }
            guard first == 0 else { return .foreign }
            guard let second = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt8.self) else { return .undecided }
            return second == 7 ? .recognized : .foreign
        },
        takeOver: { channel in try channel.pipeline.syncOperations.addHandler(EchoHandler()) })

    final class EchoHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
        }
    }

    static func withListener(_ body: @escaping @Sendable (Int, ServiceGroup) async throws -> Void) async throws {
        let endpoint = WebSocketEndpoint(
            path: "/calling", origins: OriginPolicy(allowedOrigins: []), oversizeNotice: "",
            handler: HTTPListenerTests.echo)
        let router = Router(context: BasicRequestContext.self)
        router.get("/hello") { _, _ in "hi" }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let listener = HTTPListener(
            address: "127.0.0.1", port: 0, tls: nil, webSocket: endpoint, streamProtocol: echo)
        let service = try listener.service(
            responder: router.buildResponder(), logger: logger, onListening: { continuation.yield($0) })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: service)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(port, group)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func httpAndWebSocketsGoOn() async throws {
        try await Self.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                // The first byte alone says that it is HTTP.
                try await session.send("G")
                try await session.send("ET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await session.head().hasPrefix("HTTP/1.1 200 OK"))
            }
            try await SocketClient.with(port: port) { session in
                #expect(try await session.upgrade(path: "/calling").hasPrefix("HTTP/1.1 101"))
                try await session.write("text")
                #expect(try await session.frame()?.text == "text")
            }
        }
    }

    @Test func theOtherProtocolGetsItsBytesFromTheFirst() async throws {
        try await Self.withListener { port, group in
            try await SocketClient.with(port: port) { session in
                try await session.outbound.write(ByteBuffer(bytes: [0]))
                try await session.outbound.write(ByteBuffer(bytes: [7, 8, 9]))
                while session.received.readableBytes < 4 { #expect(try await session.receive()) }
                #expect(Array(buffer: session.received) == [0, 7, 8, 9])
                // The protocol closes its connections when the server stops; the server does not wait for them.
                await group.triggerGracefulShutdown()
                #expect(try await !session.receive())
            }
        }
    }

    @Test func whatIsNeitherIsTakenForHTTP() async throws {
        try await Self.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.outbound.write(ByteBuffer(bytes: [0, 8, 13, 10, 13, 10]))
                #expect(try await session.head().hasPrefix("HTTP/1.1 400"))
            }
        }
    }

    @Test func aConnectionWithoutAWordDoesNotHoldTheServerUp() async throws {
        try await Self.withListener { port, group in
            try await SocketClient.with(port: port) { session in
                try await session.outbound.write(ByteBuffer(bytes: [0]))
                await group.triggerGracefulShutdown()
                // Closed in order, or by a reset when the byte had not been read yet.
                let more = (try? await session.receive()) ?? false
                #expect(!more)
            }
        }
    }
}
