import Foundation
import HTTPServer
import NIOCore
import Testing

/// How a connection goes on after an answer, and what it may become (RFC 9112 section 9, RFC 9110 section 7.8).
@Suite struct ConnectionRulesTests {
    static let host = "Host: localhost\r\n"
    static let hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test(arguments: [
        ("GET /hello HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", 200),
        ("GET /hello HTTP/1.1\r\n\(host)Connection: Foo, Close\r\n\r\n", 200),
        ("GET /nothing HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", 404),
        ("GET /hello HTTP/1.0\r\n\r\n", 200), ("GET /hello HTTP/1.0\r\n\(host)\r\n", 200),
        ("GET /nothing HTTP/1.0\r\n\r\n", 404),
    ])
    func theLastAnswerEndsTheConnection(request: String, status: Int) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                // What follows the last request is not run.
                try await session.send(request + Self.hello)
                let answer = await session.rest()
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
                #expect(answer.contains("Connection: close\r\n"))
                #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2)
            }
        }
    }

    @Test func connectionsAreKept() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send("GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                let first = try await session.head()
                #expect(first.contains("Connection: keep-alive\r\n"))
                #expect(try await session.body(after: first) == "hi")
                try await session.send(Self.hello + Self.hello)
                for _ in 0..<2 {
                    let head = try await session.head()
                    #expect(head.hasPrefix("HTTP/1.1 200"))
                    #expect(try await session.body(after: head) == "hi")
                }
            }
        }
    }

    @Test func aURLAsTargetStandsForItself() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send("GET http://localhost:8080/hello HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
                let head = try await session.head()
                #expect(head.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test(arguments: ["/hello", "/nothing"]) func headHasNoBody(path: String) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send("HEAD \(path) HTTP/1.1\r\n\(Self.host)\r\n\(Self.hello)")
                let first = try await session.head()
                #expect(first.hasPrefix(path == "/hello" ? "HTTP/1.1 200" : "HTTP/1.1 404"))
                // The next answer follows the head at once.
                let second = try await session.head()
                #expect(second.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(try await session.body(after: second) == "hi")
            }
        }
    }

    static let untaken = [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n", "Connection: Upgrade\r\nUpgrade: h2c, TLS/1.2, IRC/6.9\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: keep-alive, Upgrade\r\nUpgrade:\r\n", "Upgrade: h2c\r\n",
    ]

    @Test(arguments: untaken) func anUpgradeThatIsNotTakenIsIgnored(fields: String) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                // Two of them in one packet, one with a body, and a plain one.
                let get = "GET /hello HTTP/1.1\r\n\(Self.host)\(fields)\r\n"
                let post = "POST /echo HTTP/1.1\r\n\(Self.host)\(fields)Content-Length: 4\r\n\r\nbody"
                let chunked =
                    "POST /echo HTTP/1.1\r\n\(Self.host)\(fields)Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
                for (requests, answers) in [
                    (get + post, ["hi", "body"]), (Self.hello + chunked + get, ["hi", "body", "hi"]),
                    (Self.hello, ["hi"]),
                ] {
                    try await session.send(requests)
                    for text in answers {
                        let head = try await session.head()
                        #expect(head.hasPrefix("HTTP/1.1 200"))
                        #expect(try await session.body(after: head) == text)
                    }
                }
            }
        }
    }

    static let handshake = [
        "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    ]

    static func handshake(replacing name: String, with lines: [String]) -> String {
        let kept = handshake.filter { !$0.hasPrefix(name + ":") }
        return (["GET /calling HTTP/1.1"] + kept + lines).joined(separator: "\r\n") + "\r\n\r\n"
    }

    @Test(arguments: [[], ["Sec-WebSocket-Version: 8"], ["Sec-WebSocket-Version: 14"], ["Sec-WebSocket-Version: x"]])
    func anotherWebSocketVersionIsToldOurs(lines: [String]) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(Self.handshake(replacing: "Sec-WebSocket-Version", with: lines))
                let answer = await session.rest()
                #expect(answer.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
                #expect(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"))
                #expect(answer.contains("\r\nUpgrade: websocket\r\n"))
            }
        }
    }

    @Test(arguments: [
        [], ["Sec-WebSocket-Key: "], ["Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="], ["Sec-WebSocket-Key: not base64 at all"],
        ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    ])
    func aHandshakeNeedsItsKey(lines: [String]) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(Self.handshake(replacing: "Sec-WebSocket-Key", with: lines))
                #expect(await session.statuses() == [400])
            }
        }
    }

    @Test(arguments: [
        ["Upgrade: WebSocket"], ["Upgrade: h2c, websocket"], ["Upgrade: h2c", "Upgrade: websocket"],
    ])
    func theWebSocketIsFoundAmongOthers(lines: [String]) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(Self.handshake(replacing: "Upgrade", with: lines))
                let head = try await session.head()
                #expect(head.hasPrefix("HTTP/1.1 101"))
                try await session.write("in")
                #expect(try await session.frame()?.text == "in")
            }
        }
    }

    /// Proxies use a connection for one request after another, and for a WebSocket then.
    @Test func aWebSocketMayFollowRequestsOnOneConnection() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(Self.hello)
                let first = try await session.head()
                #expect(try await session.body(after: first) == "hi")
                let handshake = Self.handshake(replacing: "-", with: [])
                let frame = WebSocketReaderTests.frame(1, Array("first".utf8))
                // A request, the handshake and a message in one packet.
                try await session.outbound.write(ByteBuffer(string: Self.hello + handshake) + ByteBuffer(bytes: frame))
                let second = try await session.head()
                #expect(try await session.body(after: second) == "hi")
                let third = try await session.head()
                #expect(third.hasPrefix("HTTP/1.1 101"))
                #expect(try await session.frame()?.text == "first")
                try await session.write("second")
                #expect(try await session.frame()?.text == "second")
                try await session.write(opcode: 8, [0x03, 0xE8])
                #expect(try await session.frame()?.closing == "1000 ")
                #expect(try await session.frame() == nil)
            }
        }
    }

    @Test func aBodyIsAskedForWhenTheHeadIsAccepted() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                let expecting = "\(Self.host)Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n"
                try await session.send("POST /echo HTTP/1.1\r\n\(expecting)")
                #expect(try await session.head() == "HTTP/1.1 100 Continue\r\n\r\n")
                try await session.send("body")
                let head = try await session.head()
                #expect(head.hasPrefix("HTTP/1.1 200"))
                #expect(try await session.body(after: head) == "body")
                // A client that does not wait is not told.
                try await session.send("POST /echo HTTP/1.1\r\n\(expecting)more")
                let second = try await session.head()
                #expect(try await session.body(after: second).suffix(4) == "more" || second.contains(" 100 "))
            }
            try await SocketClient.with(port: port) { session in
                try await session.send(
                    "POST /refusing HTTP/1.1\r\n\(Self.host)Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
                // Nobody knows whether the body comes now, so that the connection cannot go on.
                #expect(await session.statuses() == [403])
            }
            try await SocketClient.with(port: port) { session in
                try await session.send(
                    "POST /echo HTTP/1.0\r\n\(Self.host)Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody")
                #expect(await session.statuses() == [200])
            }
        }
    }
}

extension ByteBuffer {
    fileprivate static func + (left: ByteBuffer, right: ByteBuffer) -> ByteBuffer {
        var both = left
        both.writeImmutableBuffer(right)
        return both
    }
}
