import Testing

@testable import TURN

@Suite("TURN URIs")
struct TURNURITests {
    @Test(
        arguments: [
            ("turn:turn.example.com", "turn.example.com", 3478, TURNClient.Transport.udp),
            ("turn:turn.example.com:80?transport=tcp", "turn.example.com", 80, .tcp),
            ("TURN:a.example?transport=UDP", "a.example", 3478, .udp),
            ("turns:turn.example.com", "turn.example.com", 5349, .tls),
            ("turns:192.0.2.1:443?transport=tcp", "192.0.2.1", 443, .tls),
            ("turn:[2001:db8::1]:3479?transport=udp", "2001:db8::1", 3479, .udp),
            ("turn:[2001:db8::1]", "2001:db8::1", 3478, .udp),
        ] as [(String, String, UInt16, TURNClient.Transport)])
    func reads(text: String, host: String, port: UInt16, transport: TURNClient.Transport) throws {
        let uri = try #require(TURNURI(text))
        #expect(uri.host == host)
        #expect(uri.port == port)
        #expect(uri.transport == transport)
        #expect(TURNURI(uri.description) == uri)
    }

    @Test(arguments: [
        "", "turn:", "turns:", "stun:a", "turn://a", "turn:a:0", "turn:a:65536", "turn:a:", "turn:a:+1", "turn:a:1:2",
        "turn:[::1", "turn:[]", "turn:[::1]x", "turn:a?transport=sctp", "turns:a?transport=udp", "turn:a b",
        "turn:u@a", "turn:a?transport=udp?x", "turn:ä", "turn:" + String(repeating: "a", count: 300),
    ])
    func refuses(text: String) {
        #expect(TURNURI(text) == nil)
    }
}
