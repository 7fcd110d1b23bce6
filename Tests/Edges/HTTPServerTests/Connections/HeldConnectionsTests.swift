import Foundation
import Logging
import NIOCore
import Testing

@testable import HTTPServer

/// Clients that hold a connection without end, on a real one.
@Suite struct HeldConnectionsTests {
    static let host = "Host: localhost\r\n"

    /// Sends the text and then a byte every now and then, until the server ends the connection.
    static func dribble(after text: String, to port: Int, reading: Bool = true) async throws {
        try await SocketClient.with(port: port) { session in
            try await session.send(text)
            // The server ends it after a fraction of a second; without its deadlines this goes on for a minute.
            for _ in 0..<3000 {
                do { try await session.send("x") } catch { return }
                try await Task.sleep(for: .milliseconds(20))
            }
            Issue.record("the connection was held")
        }
    }

    static var strict: HTTPLimits {
        var limits = HTTPLimits()
        limits.headTimeout = .milliseconds(200)
        limits.idleTimeout = .milliseconds(200)
        limits.bodyTimeout = .milliseconds(200)
        limits.bodyRate = 1_000_000
        limits.leftoverTimeout = .milliseconds(200)
        limits.answerTimeout = .milliseconds(200)
        limits.answerRate = 1_000_000_000
        limits.lingerTimeout = .milliseconds(200)
        return limits
    }

    @Test(arguments: [
        "GET /hello HTTP/1.1\r\nX-A: ",
        "POST /echo HTTP/1.1\r\n\(host)Content-Length: 1000000\r\n\r\n",
        "POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nFFFF\r\n",
        // Refused before the body: its rest.
        "POST /refusing HTTP/1.1\r\n\(host)Content-Length: 1000000\r\n\r\n",
        "POST /nothing HTTP/1.1\r\n\(host)Content-Length: 1000000\r\n\r\n",
        "GET /hello HTTP/1.1\r\n\(host)Content-Length: 1000000\r\n\r\n",
        // The second head.
        "GET /hello HTTP/1.1\r\n\(host)\r\nGET /hello HTTP/1.1\r\nX-A: ",
        // After the last answer.
        "GET /hello HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        // A handshake with a body.
        ConnectionRulesTests.handshake(replacing: "-", with: ["Content-Length: 1000000"]),
    ])
    func aByteNowAndThenHoldsNoConnection(text: String) async throws {
        try await HTTPListenerTests.withListener(http: Self.strict) { port, _ in
            try await Self.dribble(after: text, to: port)
        }
    }

    @Test(arguments: [
        "", "GET /hello HTTP/1.1\r\n\(host)\r\n", "GET /hello HTTP/1.1\r\n\(host)Connection: close\r\n\r\n",
        "GET /large HTTP/1.1\r\n\(host)\r\n", "GET /large HTTP/1.0\r\n\(host)\r\n",
    ])
    func whoDoesNothingOrReadsNothingIsLetGo(text: String) async throws {
        let budget = ConnectionBudget()
        try await HTTPListenerTests.withListener(http: Self.strict, connections: budget) { port, _ in
            let client = try await UnreadingClient(port: port)
            try client.send(text)
            try await eventually { budget.entered == 1 && budget.counts.unproved == 0 }
            client.close()
        }
    }

    @Test func theNewestConnectionIsServedWhateverOthersHold() async throws {
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 4, unprovedPerAddress: 4, proved: 4))
        try await HTTPListenerTests.withListener(connections: budget) { port, _ in
            var held: [UnreadingClient] = []
            for _ in 0..<8 {
                let client = try await UnreadingClient(port: port)
                try client.send("POST /echo HTTP/1.1\r\n\(Self.host)Content-Length: 1000000\r\n\r\n")
                held.append(client)
            }
            try await SocketClient.with(port: port) { session in
                try await session.send(ConnectionRulesTests.hello)
                let head = try await session.head()
                #expect(head.hasPrefix("HTTP/1.1 200"))
            }
            #expect(budget.counts.unproved <= 4)
            held.forEach { $0.close() }
        }
    }

    @Test func aLoggedInClientStaysWhileOthersCome() async throws {
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 2, unprovedPerAddress: 2, proved: 4))
        let admitting: @Sendable (WebSocketConnection) async -> Void = { connection in
            for await message in connection.messages {
                if message == "hello" { connection.admit() }
                connection.send(message)
            }
        }
        try await HTTPListenerTests.withListener(connections: budget, handler: admitting) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling")
                try await session.write("hello")
                #expect(try await session.frame()?.text == "hello")
                for _ in 0..<6 {
                    try await SocketClient.with(port: port) { other in
                        try await other.send(ConnectionRulesTests.hello)
                        _ = try await other.head()
                    }
                }
                #expect(budget.counts.proved == 1)
                try await session.write("still here")
                #expect(try await session.frame()?.text == "still here")
            }
            try await eventually { budget.counts == (0, 0) }
        }
    }
}

/// Looks again and again until it is so, for at most half a minute.
func eventually(_ isSo: @Sendable () -> Bool) async throws {
    for _ in 0..<3000 {
        if isSo() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("it did not come to that")
}
