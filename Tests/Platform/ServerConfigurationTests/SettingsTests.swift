import Foundation
import Testing

@testable import ServerConfiguration

@Suite struct SettingsTests {
    @Test func defaultsAreThoseOfTheTable() throws {
        let settings = try Settings()
        #expect(settings.dataPath == "data")
        #expect(settings.httpsPort == 8443)
        #expect(settings.httpsBindAddress == nil)
        #expect(settings.metricsBindAddress == nil)
        #expect(!settings.areMetricsPublic)
        #expect(settings.httpPort == 8080)
        #expect(settings.httpBindAddress == "127.0.0.1")
        #expect(!settings.isDevelopment)
        #expect(settings.mediaPort == 29200)
        #expect(settings.mediaWorkers == 0)
        #expect(settings.mediaAdvertisedAddresses.isEmpty)
        #expect(settings.isMediaTCPEnabled)
        #expect(settings.isTURNEnabled)
        #expect(settings.turnPort == 3478)
        #expect(settings.turnHost == "localhost")
        #expect(settings.turnRelayAddresses.isEmpty)
        #expect(settings.turnAllowedPeers.isEmpty)
        #expect(settings.turnCredentialLifetime == .seconds(3_600))
        #expect(settings.tlsCertificatePath == nil)
        #expect(settings.shutdownGrace == .seconds(5))
    }

    /// Linux gives 32768 and up to outgoing sockets, macOS and Windows 49152 and up, Kubernetes 30000 and up to services
    /// (NodePort).
    @Test func mediaPortsAreNobodyElses() throws {
        let settings = try Settings()
        #expect(settings.mediaPort > 1_024)
        #expect(settings.mediaPort + 128 < 30_000)
    }

    @Test func everyDefaultIsAllowed() {
        for setting in Setting.all { #expect(setting.allows(setting.defaultValue), "\(setting.key)") }
    }

    @Test func namesAreUniqueInEveryForm() {
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.flagName)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.environmentName)).count == Setting.all.count)
        let addresses = Setting.all.first { $0.key == "media.advertisedAddresses" }
        #expect(addresses?.flagName == "--media-advertised-addresses")
        #expect(addresses?.environmentName == "SWITCHBOARD_MEDIA_ADVERTISED_ADDRESSES")
    }

    @Test func flagsWinOverEnvironmentOverFile() throws {
        let file = (path: "c.yaml", text: "https:\n  port: 1\nhttp.port: 2\nmedia:\n  port: 3\n")
        let settings = try Settings(
            arguments: ["--https-port", "9001"],
            environment: ["SWITCHBOARD_HTTPS_PORT": "9002", "SWITCHBOARD_HTTP_PORT": "9003", "HOME": "/"], file: file)
        #expect(settings.httpsPort == 9001)
        #expect(settings.httpPort == 9003)
        #expect(settings.mediaPort == 3)
    }

    @Test func formsOfFlags() throws {
        let settings = try Settings(arguments: ["--development", "--https-port=1", "--data", "--odd name"])
        #expect(settings.isDevelopment)
        #expect(settings.httpsPort == 1)
        #expect(settings.dataPath == "--odd name")
        #expect(try !Settings(arguments: ["--development=false"]).isDevelopment)
    }

    @Test func listsInEveryForm() throws {
        let wanted = ["192.0.2.1", "2001:db8::1"]
        let text = "media:\n  advertisedAddresses: [192.0.2.1, '2001:db8::1']\n"
        #expect(try Settings(file: (path: "c", text: text)).mediaAdvertisedAddresses == wanted)
        #expect(
            try Settings(environment: ["SWITCHBOARD_MEDIA_ADVERTISED_ADDRESSES": "192.0.2.1, 2001:db8::1,"])
                .mediaAdvertisedAddresses == wanted)
    }

    @Test func addressRanges() throws {
        let settings = try Settings(environment: [
            "SWITCHBOARD_TURN_ALLOWED_PEERS": "10.0.0.0/8, 192.0.2.1, 2001:db8::/32, ::/0, 0.0.0.0/32",
            "SWITCHBOARD_TURN_HOST": "turn.example.com",
        ])
        #expect(
            settings.turnAllowedPeers == ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::/0", "0.0.0.0/32"])
        #expect(settings.turnHost == "turn.example.com")
    }

    @Test(arguments: ["", "# only a comment\n", "---\n"]) func emptyFile(text: String) throws {
        _ = try Settings(file: (path: "c.yaml", text: text))
    }

    @Test func unknownSettingsAreNamed() {
        #expect(
            throws: SettingError.unknown(
                name: "--https-prot", value: "1", source: "command line", meant: "--https-port")
        ) { try Settings(arguments: ["--https-prot", "1"]) }
        #expect(
            throws: SettingError.unknown(
                name: "SWITCHBOARD_HTPS_PORT", value: "1", source: "environment", meant: "SWITCHBOARD_HTTPS_PORT")
        ) { try Settings(environment: ["SWITCHBOARD_HTPS_PORT": "1"]) }
        #expect(throws: SettingError.unknown(name: "color.sky", value: "blue", source: "file c.yaml", meant: nil)) {
            try Settings(file: (path: "c.yaml", text: "color:\n  sky: blue\n"))
        }
    }

    @Test func differencesAreNamed() throws {
        let (one, other) = (try Settings(), try Settings(arguments: ["--log-level", "debug", "--https-port", "1"]))
        #expect(one.differences(from: one).isEmpty)
        #expect(other.differences(from: one) == ["https.port", "log.level"])
    }

    @Test func variablesOfClientsAreNotSettings() throws {
        _ = try Settings(
            environment: ["SWITCHBOARD_CONNECTION_STRING": "x", "SWITCHBOARD_CA": "y", "SWITCHBOARD_CONFIG": "z"])
    }

    @Test(arguments: [
        ("https.port", "abc"), ("https.port", "65536"), ("https.port", "-1"), ("https.port", "8443.0"),
        ("https.port", ""), ("development", "yes"), ("https.bind", "localhost"), ("https.bind", "1.2.3"),
        ("public.host", "https://example.com"), ("public.host", "example.com:8443"), ("public.host", ""),
        ("media.advertisedAddresses", "192.0.2.1,example.com"), ("log.level", "loud"), ("log.format", "xml"),
        ("identity.issueLimit", "0"), ("data", ""), ("turn.allowedPeers", "10.0.0.0/33"),
        ("turn.allowedPeers", "2001:db8::/129"), ("turn.allowedPeers", "10.0.0.0/"), ("turn.allowedPeers", "ten/8"),
        ("turn.credentialLifetime", "59"), ("turn.host", "a:1"), ("turn.relayAddresses", "eth0"),
    ])
    func malformedValuesSayWhatIsAllowed(key: String, value: String) throws {
        let setting = try #require(Setting.all.first { $0.key == key })
        let error = SettingError.notAllowed(
            key: key, value: value, source: "environment variable \(setting.environmentName)", allowed: setting.allowed)
        #expect(throws: error) { try Settings(environment: [setting.environmentName: value]) }
        for part in [key, "'\(value)'", setting.environmentName, setting.allowed] {
            #expect(error.description.contains(part))
        }
    }

    @Test func otherMistakes() {
        #expect(throws: SettingError.valueMissing(flag: "--data", allowed: "the path of a file or folder")) {
            try Settings(arguments: ["--data"])
        }
        #expect(throws: SettingError.strayArgument("serve")) { try Settings(arguments: ["serve"]) }
        #expect(throws: SettingError.incomplete(key: "tls.key", needs: "tls.certificate")) {
            try Settings(arguments: ["--tls-key", "k.pem"])
        }
        #expect(throws: SettingError.self) { try Settings(file: (path: "c", text: "a: [")) }
        #expect(throws: SettingError.self) { try Settings(file: (path: "c", text: "- a\n- b\n")) }
    }

    /// `docs/configuration.md` is made from the table; after a change of the table, put `Setting.markdownTable` there.
    @Test func documentationHoldsTheTable() throws {
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        while root.lastPathComponent != "Tests" { root.deleteLastPathComponent() }
        let page = root.deletingLastPathComponent().appendingPathComponent("docs/configuration.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text.contains(Setting.markdownTable), "expected in \(page.path):\n\(Setting.markdownTable)")
    }
}
