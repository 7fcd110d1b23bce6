import Doctor
import Testing

@Suite("Doctor: addresses")
struct AddressFactsTests {
    private typealias Address = AddressFacts.Address

    private let loopback = AddressFacts.Address("127.0.0.1", isLoopback: true)
    private let lan = AddressFacts.Address("10.0.0.5", isPrivate: true)
    private let world = AddressFacts.Address("203.0.113.7")

    private func facts(
        resolved: [AddressFacts.Address], advertised: [AddressFacts.Address], areGiven: Bool = false,
        interfaces: [AddressFacts.Address], mapping: AddressFacts.Mapping = .notAsked
    ) -> AddressFacts {
        AddressFacts(
            publicHost: "calls.example.com", resolved: resolved, advertised: advertised, areGiven: areGiven,
            interfaces: interfaces, mapping: mapping)
    }

    private func words(_ facts: AddressFacts) -> [String] { facts.findings.map(\.word) }

    @Test("A machine with a public address is well")
    func well() {
        #expect(
            words(facts(resolved: [world], advertised: [world], interfaces: [world, loopback])) == ["addressesFit"])
    }

    @Test("A name that does not resolve is a problem")
    func unresolved() {
        let found = facts(resolved: [], advertised: [world], interfaces: [world]).findings
        #expect(found.map(\.word) == ["hostUnresolved"])
        #expect(found[0].severity == .problem)
    }

    @Test("A name of this machine alone is a warning where others are meant to come")
    func localName() {
        #expect(words(facts(resolved: [loopback], advertised: [lan], interfaces: [lan, loopback])) == ["hostIsLocal"])
        #expect(words(facts(resolved: [loopback], advertised: [loopback], interfaces: [loopback])) == ["addressesFit"])
    }

    @Test("An advertised address that is nobody's is told; one that the NAT has is right")
    func advertisedElsewhere() {
        let given = facts(resolved: [lan], advertised: [world], areGiven: true, interfaces: [lan])
        #expect(words(given) == ["advertisedElsewhere"])
        let mapped = facts(
            resolved: [world], advertised: [world], areGiven: true, interfaces: [lan],
            mapping: .seen(world, server: "stun.example.com:3478"))
        #expect(words(mapped) == ["stunSeen", "addressesFit"])
        let wrong = facts(
            resolved: [lan], advertised: [Address("198.51.100.1")], areGiven: true, interfaces: [lan],
            mapping: .seen(world, server: "stun.example.com:3478"))
        #expect(words(wrong) == ["advertisedElsewhere", "stunSeen"])
        #expect(wrong.findings[0].message.contains("203.0.113.7"))
    }

    @Test("Private addresses behind a NAT reach nobody outside")
    func behindNAT() {
        let found = facts(
            resolved: [lan], advertised: [lan], interfaces: [lan],
            mapping: .seen(world, server: "stun.example.com:3478")
        ).findings
        #expect(found.map(\.word) == ["behindNAT", "stunSeen"])
        #expect(found[0].severity == .problem)
        #expect(found[0].remedy?.contains("203.0.113.7") == true)
    }

    @Test("A name that leads elsewhere, a STUN server that is silent, and nothing to advertise")
    func others() {
        #expect(words(facts(resolved: [world], advertised: [lan], interfaces: [lan])) == ["hostElsewhere"])
        let silent = facts(
            resolved: [lan], advertised: [lan], interfaces: [lan], mapping: .unanswered(server: "stun.example.com:3478")
        )
        #expect(words(silent) == ["stunUnanswered"])
        #expect(words(facts(resolved: [loopback], advertised: [], interfaces: [loopback])) == ["nothingAdvertised"])
    }

    @Test("The server's own STUN port must answer under its public name")
    func ownSTUN() {
        var one = facts(resolved: [world], advertised: [world], interfaces: [world])
        one.ownMapping = .unanswered(server: "calls.example.com:3478")
        #expect(words(one) == ["ownSTUNUnanswered"])
        one.ownMapping = .seen(world, server: "calls.example.com:3478")
        #expect(words(one) == ["addressesFit"])
    }
}

@Suite("Doctor: IPv6")
struct IPv6FactsTests {
    private func findings(
        machine: Bool, ipv4: Bool = true, host: Bool = false, https: String = "0.0.0.0", media: String = "0.0.0.0"
    ) -> [Finding] {
        let binds = [("https.bind", https), ("media.bindAddress", media)].map { setting, address in
            IPv6Facts.Bind(
                setting: setting, address: address, takesIPv6: address.contains(":"), takesIPv4: address != "::1")
        }
        return IPv6Facts(
            machineHasIPv6: machine, machineHasIPv4: ipv4, hostHasIPv6: host, publicHost: "calls.example.com",
            binds: binds
        ).findings
    }

    @Test("Without IPv6 nothing is needed, and with it everything must listen")
    func families() {
        #expect(findings(machine: false).map(\.word) == ["ipv6Absent"])
        #expect(findings(machine: true, https: "::", media: "::").map(\.word) == ["ipv6Served"])
        let unused = findings(machine: true, https: "::")
        #expect(unused.map(\.word) == ["ipv6Unused"])
        #expect(unused[0].severity == .warning)
        #expect(unused[0].message.contains("media.bindAddress") && !unused[0].message.contains("https.bind"))
    }

    @Test("A name with an IPv6 address, and a machine with nothing else, make it a problem")
    func needed() {
        let named = findings(machine: true, host: true)
        #expect(named.map(\.word) == ["hostHasIPv6"])
        #expect(named[0].severity == .problem)
        let alone = findings(machine: true, ipv4: false)
        #expect(alone.map(\.word) == ["ipv6Only"])
        #expect(alone[0].remedy?.contains("https.bind, media.bindAddress") == true)
    }
}
