import Doctor
import Testing

@Suite("Doctor: ways of media")
struct PathFactsTests {
    private let all = Dictionary(
        uniqueKeysWithValues: PathFacts.Path.allCases.map { ($0, PathFacts.Outcome.works(milliseconds: 80)) })

    @Test("Five ways that work are five good findings")
    func well() {
        let found = PathFacts(outcomes: all, chosen: .udp).findings
        #expect(found.map(\.severity) == [.ok, .ok, .ok, .ok, .ok])
        #expect(found[0].message == "UDP works; sound came through after 80 ms.")
    }

    @Test("A way that fails is a problem that names what to open")
    func blocked() {
        var outcomes = all
        outcomes[.udp] = .fails(reason: "no answer came to any packet")
        let found = PathFacts(outcomes: outcomes, chosen: .tcp).findings
        #expect(found.filter { $0.severity == .problem }.map(\.word) == ["fails"])
        #expect(found[0].remedy?.hasPrefix("Let UDP through") == true)
    }

    @Test("Media that takes a detour while UDP works is found out")
    func detour() {
        #expect(PathFacts(outcomes: all, chosen: .tcp).findings.last?.word == "detour")
        let overTCP = PathFacts(outcomes: all, chosen: .udp, overTCP: 3).findings.last
        #expect(overTCP?.word == "mediaOverTCP")
        #expect(overTCP?.message.contains("3 participants") == true)
        var outcomes = all
        outcomes[.udp] = .fails(reason: "")
        #expect(
            !PathFacts(outcomes: outcomes, chosen: .tcp, overTCP: 3).findings.contains { $0.word == "mediaOverTCP" })
    }

    @Test("What is switched off or was not tried is a warning")
    func off() {
        let found = PathFacts(outcomes: [.tcp: .off, .turnUDP: .off, .turnTLS: .notTried(reason: "no reason")]).findings
        #expect(found.map(\.word) == ["off", "off", "notTried"])
        #expect(found.map(\.severity) == [.warning, .warning, .warning])
        #expect(found[0].remedy == "Set media.tcp to true.")
    }

    @Test("Development mode on a public name, and answers over HTTPS")
    func service() {
        func words(_ answer: ServiceFacts.Answer, development: Bool = false, local: Bool = false) -> [String] {
            ServiceFacts(
                publicHost: "calls.example.com", origin: "https://calls.example.com:8443", answer: answer,
                isDevelopment: development, isLocal: local
            ).findings.map(\.word)
        }
        #expect(words(.status(200)) == ["settingsRead", "ready"])
        #expect(words(.status(503), development: true) == ["development", "notReady"])
        #expect(words(.notAsked, development: true, local: true) == ["settingsRead", "notRunning"])
        #expect(words(.failed(reason: "the connection was refused")) == ["settingsRead", "unreachable"])
    }
}

@Suite("Doctor: the whole")
struct ExaminationTests {
    private let well = Finding(.disk, "diskWell", .ok, "The disk is well.")
    private let warning = Finding(.clock, "clockOff", .warning, "The clock is off.", remedy: "Set it.")
    private let problem = Finding(.ports, "portTaken", .problem, "A port is taken.", remedy: "Free it.")

    @Test("Findings are told in the order of the checks, with their remedies below")
    func text() {
        let examination = Examination(serverRuns: true, findings: [well, warning, problem])
        #expect(
            examination.text == """
                ✗ ports: A port is taken.
                    Free it.
                ! clock: The clock is off.
                    Set it.
                ✓ disk: The disk is well.
                1 problem, 1 warning.
                """)
    }

    @Test("Problems alone make the exit code 1")
    func exitCode() {
        #expect(Examination(serverRuns: false, findings: []).exitCode == 0)
        #expect(Examination(serverRuns: false, findings: [well, warning]).exitCode == 0)
        #expect(Examination(serverRuns: false, findings: [warning, problem, well]).exitCode == 1)
    }
}
