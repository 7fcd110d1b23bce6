import HTTPServer
import Testing

@Suite struct OriginPolicyTests {
    static let policy = OriginPolicy(allowedOrigins: ["https://app.example.com", "https://other.example/"])

    @Test(arguments: [
        nil, "https://app.example.com", "HTTPS://APP.EXAMPLE.COM", "https://other.example",
        "https://calls.example:8443",
        "http://localhost", "http://localhost:5173", "https://127.0.0.1:1", "http://[::1]:8080",
    ])
    func allowed(origin: String?) {
        #expect(Self.policy.allows(origin: origin, host: "calls.example:8443"))
    }

    @Test(arguments: [
        "https://evil.example", "https://app.example.com.evil.example", "http://app.example.com",
        "https://localhost.evil.example", "https://calls.example", "null", "", "https://", "[::1", "://[::1",
    ])
    func refused(origin: String) {
        #expect(!Self.policy.allows(origin: origin, host: "calls.example:8443"))
    }

    static let ports: [(origin: String, host: String, scheme: String?, isAllowed: Bool)] = [
        ("https://calls.example", "calls.example:443", nil, true),
        ("https://calls.example:443", "calls.example", nil, true),
        ("https://calls.example", "calls.example", nil, true),
        ("http://calls.example", "CALLS.example:80", nil, true),
        ("https://[2001:db8::1]", "[2001:DB8::1]:443", nil, true),
        ("https://calls.example", "calls.example:8443", nil, false),
        ("https://calls.example:8443", "calls.example", nil, false),
        ("http://calls.example", "calls.example:443", nil, false),
        ("https://calls.example.", "calls.example", nil, false),
        ("https://user@calls.example", "calls.example", nil, false),
        ("https://calls.example/path", "calls.example", nil, false),
        // The scheme is known: a page of another one is another page.
        ("https://calls.example", "calls.example", "https", true),
        ("http://calls.example", "calls.example", "https", false),
        ("https://calls.example:8443", "calls.example:8443", "https", true),
    ]

    @Test(arguments: 0..<ports.count) func aPortThatIsNotGivenIsTheUsualOne(index: Int) {
        let row = Self.ports[index]
        let policy = OriginPolicy(allowedOrigins: [])
        #expect(
            policy.allows(origin: row.origin, host: row.host, scheme: row.scheme) == row.isAllowed,
            "\(row.origin) at \(row.host)")
    }

    @Test func allowedOriginsAreComparedWithTheirPorts() {
        let policy = OriginPolicy(allowedOrigins: ["https://app.example:443", "http://other.example"])
        #expect(policy.allows(origin: "https://app.example", host: nil))
        #expect(policy.allows(origin: "http://other.example:80", host: nil))
        #expect(!policy.allows(origin: "https://app.example:8443", host: nil))
    }

    @Test func starAllowsAll() {
        #expect(OriginPolicy(allowedOrigins: ["*"]).allows(origin: "https://evil.example", host: nil))
    }
}
