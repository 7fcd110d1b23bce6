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

    @Test func starAllowsAll() {
        #expect(OriginPolicy(allowedOrigins: ["*"]).allows(origin: "https://evil.example", host: nil))
    }
}
