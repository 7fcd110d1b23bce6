import Foundation
import HTTPServer
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@Suite struct HTTPListenerTests {
    /// Runs a plain listener on a free port with an echo at `/calling` while `body` runs.
    static func withListener(
        limits: WebSocketLimits = WebSocketLimits(), http: HTTPLimits = HTTPLimits(),
        connections: ConnectionBudget = ConnectionBudget(), proxies: TrustedProxies = .none,
        handler: @escaping @Sendable (WebSocketConnection) async -> Void = echo,
        _ body: @escaping @Sendable (Int, ServiceGroup) async throws -> Void
    ) async throws {
        let endpoint = WebSocketEndpoint(
            path: "/calling", origins: OriginPolicy(allowedOrigins: []), limits: limits,
            oversizeNotice: #"{"too":"big"}"#,
            handler: handler)
        let router = Router(context: BasicRequestContext.self)
        router.get("/hello") { _, _ in "hi" }
        router.head("/hello") { _, _ in Response(status: .ok, headers: [.contentLength: "2"]) }
        router.get("/large") { _, _ in String(repeating: "x", count: 32 << 20) }
        router.post("/refusing") { _, _ in HTTPResponse.Status.forbidden }
        router.post("/echo") { request, _ in try await String(buffer: request.body.collect(upTo: 1 << 20)) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var listener = HTTPListener(address: "127.0.0.1", port: 0, tls: nil, webSocket: endpoint)
        listener.limits = http
        listener.budget = connections
        listener.trustedProxies = proxies
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

    static let echo: @Sendable (WebSocketConnection) async -> Void = { connection in
        for await message in connection.messages {
            if message == "leave" { return }
            if let code = UInt16(message) { connection.close(code: code, reason: "as you wish") }
            connection.send(message)
        }
    }

    @Test func httpAndWebSocketOnOnePort() async throws {
        try await Self.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await session.head().hasPrefix("HTTP/1.1 200 OK"))
            }
            try await SocketClient.with(port: port) { session in
                let head = try await session.upgrade(path: "/calling?x=1")
                #expect(head.hasPrefix("HTTP/1.1 101"))
                #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
                try await session.write("ünïcode")
                #expect(try await session.frame()?.text == "ünïcode")
            }
        }
    }

    @Test func fragmentsPingsAndClose() async throws {
        try await Self.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write(opcode: 1, Array("one ".utf8), isFinal: false)
                try await session.write(opcode: 9, Array("p".utf8))
                try await session.write(opcode: 0, Array("two".utf8))
                #expect(try await session.frame() == SocketClient.Frame(opcode: 10, payload: Array("p".utf8)))
                #expect(try await session.frame()?.text == "one two")
                try await session.write(opcode: 8, [0x03, 0xE8])
                #expect(try await session.frame()?.closing == "1000 ")
                #expect(try await session.frame() == nil)
            }
        }
    }

    @Test func largestMessagePassesAndOneByteMoreDoesNot() async throws {
        var limits = WebSocketLimits()
        limits.messageBytes = 1000
        try await Self.withListener(limits: limits) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write(String(repeating: "x", count: 1000))
                #expect(try await session.frame()?.payload.count == 1000)
                try await session.write(String(repeating: "x", count: 1001))
                #expect(try await session.frame()?.text == #"{"too":"big"}"#)
                #expect(try await session.frame()?.closing == "1009 a message may have at most 1000 bytes")
                try await session.write(opcode: 8, [])
            }
        }
    }

    @Test func fragmentsCannotExceedTheLimitTogether() async throws {
        var limits = WebSocketLimits()
        limits.messageBytes = 1000
        try await Self.withListener(limits: limits) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write(opcode: 1, [UInt8](repeating: 65, count: 600), isFinal: false)
                try await session.write(opcode: 0, [UInt8](repeating: 65, count: 600))
                #expect(try await session.frame()?.text == #"{"too":"big"}"#)
                #expect(try await session.frame()?.closing.hasPrefix("1009") == true)
            }
        }
    }

    @Test func messagesAreSmallBeforeLoginAndUpTo256KiBAfterIt() async throws {
        let admitting: @Sendable (WebSocketConnection) async -> Void = { connection in
            for await message in connection.messages {
                if message == "hello" { connection.admit() }
                connection.send(message)
            }
        }
        try await Self.withListener(handler: admitting) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write(String(repeating: "x", count: 16 * 1024))
                #expect(try await session.frame()?.payload.count == 16 * 1024)
                try await session.write(String(repeating: "x", count: 16 * 1024 + 1))
                #expect(try await session.frame()?.text == #"{"too":"big"}"#)
                #expect(try await session.frame()?.closing == "1009 a message may have at most 16384 bytes")
            }
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("hello")
                #expect(try await session.frame()?.text == "hello")
                try await session.write(String(repeating: "x", count: 256 * 1024))
                #expect(try await session.frame()?.payload.count == 256 * 1024)
                try await session.write(String(repeating: "x", count: 256 * 1024 + 1))
                #expect(try await session.frame()?.text == #"{"too":"big"}"#)
                #expect(try await session.frame()?.closing == "1009 a message may have at most 262144 bytes")
            }
        }
    }

    @Test func handlerCloses() async throws {
        try await Self.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("4401")
                #expect(try await session.frame()?.closing == "4401 as you wish")
            }
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("leave")
                #expect(try await session.frame()?.closing == "1000 ")
            }
        }
    }

    @Test func refusedConnectionsSayWhy() async throws {
        try await Self.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                // What is asked for besides the answer is ignored where it is not offered (RFC 9110 section 7.8).
                let head = try await session.upgrade(path: "/elsewhere")
                #expect(head.hasPrefix("HTTP/1.1 404"))
            }
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling", headers: ["Origin: https://evil.example"])
                #expect(try await session.frame()?.closing.hasPrefix("1008 pages of https://evil.example") == true)
            }
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling", headers: ["Origin: http://localhost:3000"])
                try await session.write("in")
                #expect(try await session.frame()?.text == "in")
            }
        }
    }

    @Test func protocolViolationsClose() async throws {
        let cases: [(opcode: UInt8, payload: [UInt8], isMasked: Bool, code: String)] = [
            (1, [0xFF, 0xFE], true, "1007"), (2, [1], true, "1003"), (1, [65], false, "1002"), (0, [65], true, "1002"),
        ]
        try await Self.withListener { port, _ in
            for wrong in cases {
                try await SocketClient.with(port: port) { session in
                    _ = try await session.upgrade(path: "/calling")
                    try await session.write(opcode: wrong.opcode, wrong.payload, isMasked: wrong.isMasked)
                    #expect(try await session.frame()?.closing.hasPrefix(wrong.code) == true)
                }
            }
        }
    }

    @Test func slowReaderIsClosedInsteadOfQueuedForever() async throws {
        var limits = WebSocketLimits()
        limits.unsentBytes = 1 << 20
        let text = String(repeating: "x", count: 64 * 1024)
        let flood: @Sendable (WebSocketConnection) async -> Void = { connection in
            for await _ in connection.messages {
                // More than the limit and all buffers of the kernel hold; ends because the connection is closed.
                for _ in 0..<2000 { connection.send(text) }
            }
        }
        try await Self.withListener(limits: limits, handler: flood) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("go")
                var last: SocketClient.Frame?
                var count = 0
                while let frame = try await session.frame(), frame.opcode != 8 {
                    count += 1
                    last = frame
                }
                #expect(count < 2000)
                #expect(last?.payload.count == text.utf8.count)
            }
        }
    }

    @Test func messagesThatNobodyTakesCloseTheConnection() async throws {
        var limits = WebSocketLimits()
        limits.unreadMessages = 4
        let (release, continuation) = AsyncStream.makeStream(of: Void.self)
        let asleep: @Sendable (WebSocketConnection) async -> Void = { _ in for await _ in release {} }
        try await Self.withListener(limits: limits, handler: asleep) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                for _ in 0..<5 { try await session.write("hello") }
                #expect(try await session.frame()?.closing == "1008 messages come faster than they are taken")
            }
            continuation.finish()
        }
    }

    @Test func silentClientIsPingedThenDropped() async throws {
        var limits = WebSocketLimits()
        limits.pingInterval = .milliseconds(5)
        limits.unansweredPings = 3
        try await Self.withListener(limits: limits) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                var pings = 0
                while let frame = try await session.frame() {
                    #expect(frame.opcode == 9)
                    pings += 1
                }
                #expect(pings == 3)
            }
        }
    }

    @Test func stoppingServerTellsItsClients() async throws {
        try await Self.withListener { port, group in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("in")
                #expect(try await session.frame()?.text == "in")
                await group.triggerGracefulShutdown()
                #expect(try await session.frame()?.closing == "1001 the server stops")
                try await session.write(opcode: 8, [0x03, 0xE9])
                #expect(try await session.frame() == nil)
            }
        }
    }

    @Test func unusedConnectionsDoNotHoldUpTheStop() async throws {
        try await Self.withListener { port, group in
            try await SocketClient.with(port: port) { waiting in
                // An answer on a later connection shows that the waiting one has been taken, too.
                try await SocketClient.with(port: port) { session in
                    try await session.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    #expect(try await session.head().hasPrefix("HTTP/1.1 200 OK"))
                }
                await group.triggerGracefulShutdown()
                let isOpen = try await waiting.receive()
                #expect(!isOpen)
            }
        }
    }

    @Test func messagesEndWhenTheClientIsGone() async throws {
        let (ends, continuation) = AsyncStream.makeStream(of: Int.self)
        let counting: @Sendable (WebSocketConnection) async -> Void = { connection in
            var count = 0
            for await message in connection.messages {
                count += 1
                connection.send(message)
            }
            continuation.yield(count)
        }
        try await Self.withListener(handler: counting) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("one")
                #expect(try await session.frame()?.text == "one")
            }
            var iterator = ends.makeAsyncIterator()
            #expect(await iterator.next() == 1)
        }
    }

    @Test func rubbishGetsNoTrap() async throws {
        try await Self.withListener { port, _ in
            for bytes in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
                try await SocketClient.with(port: port) { session in
                    try await session.send(bytes)
                    #expect(try await session.head().hasPrefix("HTTP/1.1 200") == false)
                }
            }
            try await SocketClient.with(port: port) { session in
                try await session.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await session.head().hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }
}
