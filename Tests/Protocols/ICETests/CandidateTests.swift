import ICE
import ProtocolCore
import Testing

@Suite struct CandidateTests {
    @Test func computesPriorities() {
        // The example of RFC 8445 §5.1.2.2: host, one address, RTP.
        #expect(Candidate.priority(kind: .host, localPreference: 65535, component: 1) == 2_130_706_431)
        #expect(Candidate.priority(kind: .host, localPreference: 65535, component: 2) == 2_130_706_430)
        #expect(Candidate.priority(kind: .serverReflexive, localPreference: 65535, component: 1) == 1_694_498_815)
        #expect(Candidate.priority(kind: .relayed, localPreference: 0, component: 256) == 0)
        #expect(Candidate.priority(kind: .relayed, localPreference: 0, component: 999) == 0)
    }

    @Test func writesHostCandidates() {
        let udp = Candidate(host: SocketEndpoint(ipv4: 0xcb00_7105, port: 40000))
        #expect(udp.sdpValue == "udp465535 1 udp 2130706431 203.0.113.5 40000 typ host")
        let tcp = Candidate(host: SocketEndpoint(ipv4: 0xcb00_7105, port: 40000), transport: .tcp)
        #expect(tcp.sdpValue == "tcp465535 1 tcp 2122317823 203.0.113.5 40000 typ host tcptype passive")
        let worst = Candidate(host: SocketEndpoint(ipv4: 0xcb00_7106, port: 40000), localPreference: 0)
        #expect(tcp.priority < worst.priority)
        #expect(worst.priority < udp.priority)
        #expect(tcp.foundation != udp.foundation)
        let ipv6 = Candidate(host: SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 1, port: 9), localPreference: 5)
        #expect(ipv6.sdpValue.contains(" 2001:db8:0:0:0:0:0:1 9 typ host"))
    }

    @Test(arguments: [
        "udp465535 1 udp 2130706431 203.0.113.5 40000 typ host",
        "4 1 tcp 2105458943 fd00::2 9 typ host tcptype active",
        "f957a2332b1715da3b0ef8ba684454eb 2 udp 1 8d3b9c22-10f5-4fd6.local 9 typ srflx",
    ])
    func readsBackWhatItWrites(text: String) throws {
        #expect(try Candidate(parsing: text).sdpValue == text)
    }

    @Test func passesOverExtensions() throws {
        let text =
            "2190473665 1 UDP 2122194687 192.0.2.2 46846 typ relay raddr 192.0.2.9 rport 5 generation 0 network-id 1"
        let candidate = try Candidate(parsing: text)
        #expect(candidate.kind == .relayed)
        #expect(candidate.transport == .udp)
        #expect(candidate.port == 46846)
        let tcp = try Candidate(parsing: "1 1 TCP 5 192.0.2.2 9 typ host generation 0 tcptype passive")
        #expect(tcp.tcpType == .passive)
    }

    @Test(arguments: [
        "", " ", "1 1 udp 5 192.0.2.2 9 typ", "1 0 udp 5 192.0.2.2 9 typ host", "1 257 udp 5 192.0.2.2 9 typ host",
        "1 1 sctp 5 192.0.2.2 9 typ host", "1 1 udp -5 192.0.2.2 9 typ host", "1 1 udp 5 192.0.2.2 65536 typ host",
        "1 1 udp 5 192.0.2.2 9 type host", "1 1 udp 5 192.0.2.2 9 typ other", "1 1 tcp 5 192.0.2.2 9 typ host",
        "1 1 tcp 5 192.0.2.2 9 typ host tcptype", "a_b 1 udp 5 192.0.2.2 9 typ host",
        "1 1 udp 99999999999 192.0.2.2 9 typ host",
    ])
    func refusesOtherTexts(text: String) {
        #expect(throws: ParseError.self) { try Candidate(parsing: text) }
    }

    @Test func checksCredentials() {
        #expect(ICECredentials(ufrag: "cAhd", password: "ENdIHAA1ZaGEMLUx3zAmIDMc").isWellFormed)
        #expect(!ICECredentials(ufrag: "cAh", password: "ENdIHAA1ZaGEMLUx3zAmIDMc").isWellFormed)
        #expect(!ICECredentials(ufrag: "cAhd", password: "ENdIHAA1ZaGEMLUx3zAmI").isWellFormed)
        #expect(!ICECredentials(ufrag: "cA d", password: "ENdIHAA1ZaGEMLUx3zAmIDMc").isWellFormed)
        #expect(
            !ICECredentials(ufrag: String(repeating: "a", count: 257), password: "ENdIHAA1ZaGEMLUx3zAmIDMc")
                .isWellFormed)
    }
}
