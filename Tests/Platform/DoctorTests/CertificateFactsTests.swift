import Testing

@testable import Doctor

@Suite("Doctor: certificate")
struct CertificateFactsTests {
    private func findings(
        names: [String] = ["calls.example.com"], wanted: [String] = ["calls.example.com"], from: Double = -10,
        left: Double = 60, keyMatches: Bool = true, isSelfMade: Bool = false
    ) -> [Finding] {
        let certificate = CertificateFacts.Certificate(
            names: names, daysUntilValid: from, daysLeft: left, keyMatches: keyMatches)
        return CertificateFacts(
            wantedNames: wanted, state: .readable(certificate, isSelfMade: isSelfMade)
        ).findings
    }

    @Test("A certificate for the name, with weeks left and its own key, is well")
    func well() {
        let found = findings()
        #expect(found.map(\.word) == ["valid"])
        #expect(found[0].message.contains("60 more days"))
    }

    @Test(
        "Days left",
        arguments: [(-3.0, "expired"), (0.0, "expired"), (0.5, "endsSoon"), (13.9, "endsSoon"), (14.0, "valid")])
    func time(left: Double, word: String) {
        #expect(findings(left: left).map(\.word) == [word])
    }

    @Test("A certificate of tomorrow, and one with another's key")
    func notYet() {
        #expect(findings(from: 1).map(\.word) == ["notYetValid"])
        #expect(findings(keyMatches: false).map(\.word) == ["keyMismatch"])
        #expect(findings(left: -1, keyMatches: false).map(\.severity) == [.problem, .problem])
    }

    @Test("Every name that clients use must be covered")
    func names() {
        let found = findings(names: ["www.example.com"], wanted: ["calls.example.com", "www.example.com"])
        #expect(found.map(\.word) == ["wrongName"])
        #expect(found[0].message.contains("calls.example.com") && found[0].message.contains("www.example.com"))
        #expect(findings(names: []).map(\.word) == ["wrongName"])
        #expect(findings(names: ["*.example.com"]).map(\.word) == ["valid"])
    }

    @Test(
        "A wildcard stands for one label",
        arguments: [
            ("*.example.com", "a.example.com", true), ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false), ("*.example.com", ".example.com", false),
            ("*", "example", false), ("a.example.com", "a.example.com", true), ("192.0.2.1", "192.0.2.1", true),
        ])
    func wildcards(pattern: String, name: String, covers: Bool) {
        #expect(CertificateFacts.covers(pattern, name) == covers)
    }

    @Test("A certificate of the server's own is right on this machine, and a warning elsewhere")
    func selfMade() {
        #expect(findings(names: ["localhost"], wanted: ["localhost"], isSelfMade: true).map(\.word) == ["valid"])
        #expect(findings(isSelfMade: true).map(\.word) == ["selfMade"])
        let facts = CertificateFacts(wantedNames: ["localhost"], state: .notMadeYet)
        #expect(facts.findings.map(\.severity) == [.ok])
    }

    @Test("A file that cannot be read is a problem with its reason")
    func unreadable() {
        let state = CertificateFacts.State.unreadable(path: "/x.pem", reason: "there is no such file")
        let found = CertificateFacts(wantedNames: ["localhost"], state: state).findings
        #expect(found.map(\.severity) == [.problem])
        #expect(found[0].message == "The certificate /x.pem cannot be used: there is no such file.")
    }
}
