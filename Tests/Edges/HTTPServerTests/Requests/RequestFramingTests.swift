import Foundation
import HTTPServer
import NIOCore
import Testing

/// Requests as they must not be, on a real connection: each gets one answer, and the connection ends.
@Suite struct RequestFramingTests {
    static let host = "Host: localhost\r\n"
    /// A second request, which must not be run when it is hidden in the first.
    static let hidden = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

    static let malformed: [(name: String, request: String, status: Int)] = [
        ("no Host", "GET /hello HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("two Hosts in HTTP/1.0", "GET /hello HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("a space in Host", "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("a path in Host", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("a user in Host", "GET /hello HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        ("a list in Host", "GET /hello HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("no port in Host", "GET /hello HTTP/1.1\r\nHost: a:x\r\n\r\n", 400),
        ("a large port in Host", "GET /hello HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
        ("half an address in Host", "GET /hello HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        ("no address in brackets", "GET /hello HTTP/1.1\r\nHost: [localhost]\r\n\r\n", 400),
        (
            "Transfer-Encoding in HTTP/1.0",
            "POST /echo HTTP/1.0\r\n\(host)Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(hidden)",
            400
        ),
        (
            "both lengths",
            "POST /echo HTTP/1.1\r\n\(host)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(hidden)",
            400
        ),
        (
            "both lengths, the other way round",
            "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n\(hidden)",
            400
        ),
        ("two lengths", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 2\r\nContent-Length: 2\r\n\r\nab\(hidden)", 400),
        ("a list of lengths", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 2, 2\r\n\r\nab\(hidden)", 400),
        ("a sign", "POST /echo HTTP/1.1\r\n\(host)Content-Length: +2\r\n\r\nab\(hidden)", 400),
        ("less than nothing", "POST /echo HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n\(hidden)", 400),
        ("hexadecimal", "POST /echo HTTP/1.1\r\n\(host)Content-Length: 0x2\r\n\r\nab\(hidden)", 400),
        ("an empty length", "POST /echo HTTP/1.1\r\n\(host)Content-Length:\r\n\r\n\(hidden)", 400),
        (
            "a length beyond all numbers",
            "POST /echo HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999999\r\n\r\n\(hidden)", 400
        ),
        ("chunked twice", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (
            "chunked in two lines",
            "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400
        ),
        ("another coding", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("not chunked", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: identity\r\n\r\n\(hidden)", 501),
        ("nearly chunked", "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n\(hidden)", 501),
        ("a space before the colon", "POST /echo HTTP/1.1\r\n\(host)Content-Length : 2\r\n\r\nab\(hidden)", 400),
        ("a folded line", "GET /hello HTTP/1.1\r\n\(host)X-A: b\r\n c\r\n\r\n", 400),
        ("a field without a name", "GET /hello HTTP/1.1\r\n\(host): b\r\n\r\n", 400),
        ("a field without a colon", "GET /hello HTTP/1.1\r\n\(host)nothing\r\n\r\n", 400),
        ("a zero in a value", "GET /hello HTTP/1.1\r\n\(host)X-A: b\u{0}c\r\n\r\n", 400),
        ("lines that end with LF alone", "GET /hello HTTP/1.1\nHost: localhost\n\n", 400),
        ("a value that ends with LF alone", "GET /hello HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n", 400),
        ("a target without a slash", "GET hello HTTP/1.1\r\n\(host)\r\n", 400),
        ("a target of another scheme", "GET ftp://localhost/hello HTTP/1.1\r\n\(host)\r\n", 400),
        ("a target without a host", "GET http:///hello HTTP/1.1\r\n\(host)\r\n", 400),
        ("another version", "GET /hello HTTP/2.0\r\n\(host)\r\n", 400),
        ("a proxy's method", "CONNECT localhost:1 HTTP/1.1\r\n\(host)\r\n", 501),
        ("an unknown expectation", "POST /echo HTTP/1.1\r\n\(host)Expect: coffee\r\nContent-Length: 2\r\n\r\nab", 417),
        ("two expectations", "POST /echo HTTP/1.1\r\n\(host)Expect: 100-continue, coffee\r\n\r\n", 417),
        (
            "a field too long",
            "GET /hello HTTP/1.1\r\n\(host)X-A: \(String(repeating: "x", count: 17 * 1024))\r\n\r\n", 431
        ),
        (
            "too many fields",
            "GET /hello HTTP/1.1\r\n\(host)\(String(repeating: "X-A: b\r\n", count: 128))\r\n", 431
        ),
        (
            "fields too long together",
            "GET /hello HTTP/1.1\r\n\(host)"
                + String(repeating: "X-A: \(String(repeating: "x", count: 8000))\r\n", count: 9) + "\r\n", 431
        ),
        ("TLS on the plain port", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n", 400),
    ]

    @Test(arguments: 0..<malformed.count) func malformedRequestsGetOneAnswerAndTheEnd(index: Int) async throws {
        let wrong = Self.malformed[index]
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(wrong.request)
                let statuses = await session.statuses()
                #expect(statuses == [wrong.status], "\(wrong.name)")
            }
        }
    }

    static let brokenBodies = [
        "ZZ\r\nab\r\n", "-1\r\n", "2\r\nabc\r\n0\r\n\r\n", "2\r\nab0\r\n\r\n", "\r\n", "2;\u{0}\r\nab\r\n",
        "FFFFFFFFFFFFFFFFF\r\n", "2\r\nab\r\nX\r\n", "2\nab\n0\n\n", "0x2\r\nab\r\n0\r\n\r\n",
    ]

    @Test(arguments: brokenBodies, ["/echo", "/nothing"])
    func aBrokenBodyGetsOneAnswerAndTheEnd(body: String, path: String) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(
                    "POST \(path) HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n\(body)\(Self.hidden)")
                let statuses = await session.statuses()
                // Where the body is of no interest the answer may have come before it was seen to be broken.
                #expect(statuses == [400] || path == "/nothing" && statuses == [404])
            }
        }
    }

    @Test func aBodyThatBreaksLaterGetsOneAnswer() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(
                    "POST /echo HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                try await session.send("nonsense\r\n")
                #expect(await session.statuses() == [400])
            }
            try await SocketClient.with(port: port) { session in
                try await session.send("POST /echo HTTP/1.1\r\n\(Self.host)Content-Length: 10\r\n\r\nabc")
                session.outbound.finish()
                #expect(await session.statuses() == [400])
            }
            // The answer came before the body, which then breaks: there is no second one.
            try await SocketClient.with(port: port) { session in
                try await session.send(
                    "POST /refusing HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                let head = try await session.head()
                #expect(head.hasPrefix("HTTP/1.1 403"))
                try await session.send("nonsense\r\n")
                #expect(await session.statuses() == [])
            }
        }
    }

    @Test func answersBeforeABrokenRequestAreSent() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send(Self.hidden + Self.hidden + "GET / HTTP/1.1\r\n\r\n" + Self.hidden)
                #expect(await session.statuses() == [200, 200, 400])
            }
        }
    }

    @Test func aRefusalSaysWhy() async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send("GET /hello HTTP/1.1\r\n\r\n")
                let answer = await session.rest()
                #expect(answer.contains("Connection: close\r\n"))
                #expect(
                    answer.hasSuffix(
                        #"{"error":{"code":"MalformedRequest","message":"A request has to name its Host "#
                            + #"(RFC 9112 section 3.2)."}}"#))
            }
        }
    }

    @Test(arguments: [
        "Host: localhost", "Host: LOCALHOST:80", "Host: 127.0.0.1:8080", "Host: [::1]", "Host: [2001:db8::1]:443",
        "Host: xn--bcher-kva.example", "Host:", "Host: a_b.example:",
    ])
    func hostsAsTheyAre(line: String) async throws {
        try await HTTPListenerTests.withListener { port, _ in
            try await SocketClient.with(port: port) { session in
                try await session.send("GET /hello HTTP/1.1\r\n\(line)\r\n\r\n")
                let head = try await session.head()
                #expect(head.hasPrefix("HTTP/1.1 200"))
            }
        }
    }
}
