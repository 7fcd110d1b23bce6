import NIOHTTP1
import Synchronization
import Testing

@testable import HTTPServer

@Suite struct ForwardedClientTests {
    static let proxies = TrustedProxies(["10.0.0.0/8", "2001:db8:ffff::/48", "nonsense"])

    static func client(_ headers: [(String, String)], from peer: String = "10.0.0.1") -> ForwardedClient {
        ForwardedClient(
            peer: ClientAddress(peer), port: 4711, headers: HTTPHeaders(headers), trusting: proxies)
    }

    static let addresses: [(headers: [(String, String)], client: String)] = [
        ([], "10.0.0.1:4711"),
        ([("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
        ([("x-forwarded-for", "192.0.2.1:99")], "192.0.2.1:99"),
        ([("X-Forwarded-For", "2001:db8::1")], "[2001:db8::1]"),
        ([("X-Forwarded-For", "[2001:db8::1]:99")], "[2001:db8::1]:99"),
        ([("X-Forwarded-For", "[2001:DB8::1]")], "[2001:db8::1]"),
        ([("X-Forwarded-For", "::ffff:192.0.2.1")], "192.0.2.1"),
        // What a client wrote itself stands before what the proxies add.
        ([("X-Forwarded-For", "203.0.113.9, 192.0.2.1")], "192.0.2.1"),
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
        ([("X-Forwarded-For", "192.0.2.1, 10.0.0.2,10.0.0.3")], "192.0.2.1"),
        ([("X-Forwarded-For", "192.0.2.1, 2001:db8:ffff::7")], "192.0.2.1"),
        ([("X-Forwarded-For", "10.0.0.9, 10.0.0.2")], "10.0.0.9"),
        ([("X-Forwarded-For", "192.0.2.1, unknown")], "unknown"),
        ([("X-Forwarded-For", "192.0.2.1, nonsense, 10.0.0.2")], "unknown"),
        ([("X-Forwarded-For", " , ")], "10.0.0.1:4711"),
        ([("Forwarded", "for=192.0.2.1")], "192.0.2.1"),
        ([("Forwarded", #"For="[2001:db8::1]:99";proto=https"#)], "[2001:db8::1]:99"),
        ([("Forwarded", #"for=203.0.113.9, for="192.0.2.1:99";by=10.0.0.1"#)], "192.0.2.1:99"),
        ([("Forwarded", "for=192.0.2.1"), ("Forwarded", "for=10.0.0.2")], "192.0.2.1"),
        ([("Forwarded", "for=192.0.2.1, for=unknown")], "unknown"),
        ([("Forwarded", "for=192.0.2.1, for=_hidden;proto=http")], "unknown"),
        ([("Forwarded", "for=192.0.2.1, proto=https")], "unknown"),
        // A quoted string may hold what looks like another element.
        ([("Forwarded", #"for=192.0.2.1;host="a, for=203.0.113.9""#)], "192.0.2.1"),
        ([("Forwarded", #"for="\192.0.2.1""#)], "192.0.2.1"),
        // Most proxies let through what a client wrote as Forwarded.
        ([("Forwarded", "for=203.0.113.9"), ("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
    ]

    @Test(arguments: 0..<addresses.count) func theLastAddressThatIsNoProxyIsTheClient(index: Int) {
        let (headers, client) = Self.addresses[index]
        #expect(Self.client(headers).description == client)
    }

    @Test func nobodyElseIsBelieved() {
        let headers = [
            ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "for=192.0.2.2"),
            ("X-Forwarded-Proto", "https"),
        ]
        for peer in ["203.0.113.5", "2001:db8::1", "11.0.0.1"] {
            let client = Self.client(headers, from: peer)
            #expect(client == ForwardedClient(peer: ClientAddress(peer), port: 4711))
        }
        let proxied = Self.client(headers, from: "::ffff:10.1.2.3")
        #expect(proxied.description == "192.0.2.1")
    }

    @Test func hostAndScheme() {
        let older = Self.client([
            ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "calls.example:8443"),
            ("X-Forwarded-Proto", "HTTPS"),
        ])
        #expect(older.host == "calls.example:8443")
        #expect(older.scheme == "https")
        let port = Self.client([("X-Forwarded-Host", "calls.example"), ("X-Forwarded-Port", "8443")])
        #expect(port.host == "calls.example:8443")
        let newer = Self.client([("Forwarded", #"for=192.0.2.1;host="calls.example:8443";proto=https, for=10.0.0.2"#)])
        #expect(newer.host == "calls.example:8443")
        #expect(newer.scheme == "https")
        // Each proxy of a chain adds its own; those of the one that the client reached count.
        let chain = Self.client([
            ("X-Forwarded-For", "192.0.2.1, 10.0.0.2"), ("X-Forwarded-Proto", "https, http"),
            ("X-Forwarded-Host", "calls.example, inner.example"),
        ])
        #expect(chain.scheme == "https")
        #expect(chain.host == "calls.example")
        let wrong = Self.client([("X-Forwarded-Host", "a b"), ("X-Forwarded-Proto", "gopher")])
        #expect(wrong.host == nil)
        #expect(wrong.scheme == nil)
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/", "/8", "", "2001:db8::/129", "name/8",
    ])
    func whatIsNoBlock(text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test func blocks() throws {
        let here = try #require(ClientAddress("10.1.2.3"))
        #expect(try #require(AddressBlock("0.0.0.0/0")).contains(here))
        #expect(try #require(AddressBlock("10.1.2.3")).contains(here))
        #expect(try !#require(AddressBlock("10.1.2.2/32")).contains(here))
        #expect(try #require(AddressBlock("::ffff:10.0.0.0/104")).contains(here))
        #expect(try !#require(AddressBlock("::/0")).contains(here))
        let upperHalf = try #require(AddressBlock("2001:db8:0:0:8000::/65"))
        #expect(upperHalf.contains(try #require(ClientAddress("2001:db8::8000:0:0:1"))))
        #expect(!upperHalf.contains(try #require(ClientAddress("2001:db8::1"))))
        #expect(ClientAddress("2001:db8::1%eth0")?.description == "2001:db8::1")
        #expect(ClientAddress("999.0.0.1") == nil)
    }

    /// Through a listener: the address is told to those who serve the connection, and the origin is that of the name
    /// which the client used.
    @Test func aTrustedProxyIsBelievedByTheListener() async throws {
        let seen = Mutex<[String]>([])
        let noting: @Sendable (WebSocketConnection) async -> Void = { connection in
            seen.withLock { $0.append(connection.remoteAddress) }
        }
        let headers = [
            "Origin: https://calls.example", "X-Forwarded-For: 203.0.113.9, 192.0.2.7", "X-Forwarded-Proto: https",
            "X-Forwarded-Host: calls.example:443",
        ]
        try await HTTPListenerTests.withListener(proxies: TrustedProxies(["127.0.0.0/8"]), handler: noting) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling", headers: headers)
                #expect(try await session.frame()?.closing == "1000 ")
            }
        }
        #expect(seen.withLock { $0 } == ["192.0.2.7"])
        try await HTTPListenerTests.withListener(handler: noting) { port, _ in
            try await SocketClient.with(port: port) { session in
                _ = try await session.upgrade(path: "/calling", headers: headers)
                #expect(try await session.frame()?.closing.hasPrefix("1008 pages of https://calls.example") == true)
            }
        }
    }

    /// The share of an address is that of the client, not that of the proxy.
    @Test func clientsBehindAProxyHaveTheirOwnShare() async throws {
        let budget = ConnectionBudget(limits: ConnectionLimits(unproved: 100, unprovedPerAddress: 1, proved: 1))
        try await HTTPListenerTests.withListener(
            connections: budget, proxies: TrustedProxies(["127.0.0.1"])
        ) { port, _ in
            try await SocketClient.with(port: port) { first in
                _ = try await first.upgrade(path: "/calling", headers: ["X-Forwarded-For: 192.0.2.1"])
                try await SocketClient.with(port: port) { second in
                    _ = try await second.upgrade(path: "/calling", headers: ["X-Forwarded-For: 192.0.2.2"])
                    try await first.write("one")
                    #expect(try await first.frame()?.text == "one")
                    try await SocketClient.with(port: port) { third in
                        _ = try await third.upgrade(path: "/calling", headers: ["X-Forwarded-For: 192.0.2.1"])
                        #expect(await first.rest() == "")
                        try await second.write("two")
                        #expect(try await second.frame()?.text == "two")
                        try await third.write("three")
                        #expect(try await third.frame()?.text == "three")
                    }
                }
            }
        }
    }
}
