import ICE
import Testing

@testable import SDP

@Suite struct TrickleFragmentTests {
    private static let whole = """
        a=ice-ufrag:abcd\r
        a=ice-pwd:clientpasswordclientpass\r
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r
        a=mid:0\r
        a=candidate:2 1 udp 2130706431 192.0.2.9 50001 typ host\r

        """

    @Test func readsCredentials() throws {
        let credentials = try TrickleFragment(parsing: Self.whole).credentials
        #expect(credentials == ICECredentials(ufrag: "abcd", password: "clientpasswordclientpass"))
        #expect(try TrickleFragment(parsing: "a=end-of-candidates\r\n").credentials == nil)
    }

    @Test(arguments: [
        ("a=ice-ufrag:abcd\r\n", 2),
        ("a=ice-pwd:anotherpasswordanother00\r\n", 2),
        ("a=ice-ufrag:ab\r\na=ice-pwd:anotherpasswordanother00\r\n", 3),
        ("a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n", 3),
        (
            "a=ice-ufrag:abcd\r\na=ice-pwd:anotherpasswordanother00\r\nm=audio 9 X 0\r\na=ice-ufrag:efgh\r\n"
                + "a=ice-pwd:anotherpasswordanother00\r\n", 6
        ),
        ("nonsense\r\n", 1),
        ("\u{0}=a\r\n", 1),
    ])
    func saysWhichLineIsWrong(_ text: String, line: Int) {
        let error = #expect(throws: SDPError.self) { try TrickleFragment(parsing: text) }
        #expect(error?.line == line)
    }

    @Test func endsInAValueOrAnErrorAtEveryTruncation() {
        let bytes = Array(Self.whole.utf8)
        for end in bytes.indices {
            let text = String(decoding: bytes[..<end], as: UTF8.self)
            let credentials = (try? TrickleFragment(parsing: text))?.credentials
            #expect(credentials == nil || credentials?.ufrag == "abcd")
        }
    }
}
