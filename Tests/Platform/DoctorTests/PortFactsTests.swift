import Doctor
import Testing

@Suite("Doctor: ports")
struct PortFactsTests {
    private func port(_ number: Int, _ state: PortFacts.State, setting: String = "media.port") -> PortFacts.Port {
        PortFacts.Port(purpose: "media", transport: .udp, number: number, setting: setting, state: state)
    }

    private func findings(_ ports: PortFacts.Port..., reserved: [ClosedRange<Int>] = []) -> [Finding] {
        PortFacts(ports: ports, ephemeral: 32_768...60_999, reserved: reserved).findings
    }

    @Test("Ports that are free or held by the server are well")
    func well() {
        #expect(findings(port(30_000, .free)).map(\.word) == ["portsOpen"])
        let held = findings(port(30_000, .held), port(30_001, .held))
        #expect(held.map(\.severity) == [.ok])
        #expect(held[0].message == "All 2 ports are held by the server.")
    }

    @Test("A taken port names its holder and the setting that chooses another")
    func taken() {
        let found = findings(port(30_000, .taken(PortFacts.Holder(processID: 42, name: "coturn"))))
        #expect(found.map(\.word) == ["portTaken"])
        #expect(found[0].severity == .problem)
        #expect(found[0].message == "The media port UDP 30000 is held by coturn (process 42).")
        #expect(found[0].remedy?.contains("media.port") == true)
        #expect(findings(port(30_000, .taken(nil)))[0].message.contains("another process"))
    }

    @Test("What the kernel refuses is told with its reason; low ports need a capability")
    func refused() {
        let low = findings(port(443, .refused(reason: "Permission denied")))
        #expect(low[0].word == "portRefused")
        #expect(low[0].remedy?.contains("CAP_NET_BIND_SERVICE") == true)
        let high = findings(port(30_000, .refused(reason: "Cannot assign requested address")))
        #expect(high[0].remedy?.contains("CAP_NET_BIND_SERVICE") == false)
    }

    @Test("A running server that does not hold a port was started with other settings")
    func missing() {
        let found = findings(port(30_000, .held), port(30_001, .missing))
        #expect(found.map(\.word) == ["portMissing"])
        #expect(found[0].severity == .problem)
    }

    @Test("A port in the ephemeral range is one warning for each setting, unless it is reserved")
    func ephemeral() {
        let found = findings(port(40_000, .free), port(40_001, .free), port(50_000, .free, setting: "turn.port"))
        #expect(found.map(\.word) == ["portEphemeral", "portEphemeral"])
        #expect(found.allSatisfy { $0.severity == .warning })
        #expect(findings(port(40_000, .free), reserved: [39_990...40_010]).map(\.word) == ["portsOpen"])
        #expect(findings(port(32_767, .free)).map(\.word) == ["portsOpen"])
        #expect(findings(port(61_000, .free)).map(\.word) == ["portsOpen"])
    }
}
