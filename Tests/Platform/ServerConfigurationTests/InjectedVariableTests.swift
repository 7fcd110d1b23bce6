import Testing

@testable import ServerConfiguration

/// What Kubernetes and Docker put into the environment for services called `switchboard…`.
@Suite struct InjectedVariableTests {
    /// One service with two named ports, as Kubernetes 1.31 lists it, and the same for services whose names continue.
    static let injected: [String: String] = [
        "SWITCHBOARD_PORT": "tcp://10.96.0.7:8443",
        "SWITCHBOARD_SERVICE_HOST": "10.96.0.7",
        "SWITCHBOARD_SERVICE_PORT": "8443",
        "SWITCHBOARD_SERVICE_PORT_HTTPS": "8443",
        "SWITCHBOARD_SERVICE_PORT_TURN_UDP": "3478",
        "SWITCHBOARD_PORT_8443_TCP": "tcp://10.96.0.7:8443",
        "SWITCHBOARD_PORT_8443_TCP_PROTO": "tcp",
        "SWITCHBOARD_PORT_8443_TCP_PORT": "8443",
        "SWITCHBOARD_PORT_8443_TCP_ADDR": "10.96.0.7",
        "SWITCHBOARD_PORT_3478_UDP": "udp://10.96.0.7:3478",
        "SWITCHBOARD_PORT_3478_UDP_PROTO": "udp",
        "SWITCHBOARD_PORT_3478_UDP_PORT": "3478",
        "SWITCHBOARD_PORT_3478_UDP_ADDR": "10.96.0.7",
        "SWITCHBOARD_MEDIA_PORT": "udp://10.96.0.8:29200",
        "SWITCHBOARD_MEDIA_SERVICE_HOST": "10.96.0.8",
        "SWITCHBOARD_MEDIA_SERVICE_PORT": "29200",
        "SWITCHBOARD_TURN_PORT": "udp://[fd00:10:96::9]:3478",
        "SWITCHBOARD_TURN_PORT_3478_UDP_ADDR": "fd00:10:96::9",
        "SWITCHBOARD_HTTPS_PORT": "tcp://10.96.0.10:443",
        "SWITCHBOARD_BLUE_GREEN_SERVICE_PORT_METRICS": "9464",
        "SWITCHBOARD_1_PORT": "sctp://10.96.0.11:9",
        "SWITCHBOARD_NAME": "/proxy/switchboard",
        "SWITCHBOARD_ENV_SWITCHBOARD_HTTPS_PORT": "443",
    ]

    @Test func arePassedOver() throws {
        for (name, value) in Self.injected {
            #expect(InjectedVariable.matches(name: name, value: value), "\(name)=\(value)")
        }
        let settings = try Settings(environment: Self.injected)
        #expect(settings.passedOverVariables == Self.injected.keys.sorted())
        #expect(settings.mediaPort == 29_200)
        #expect(settings.httpsPort == 8443)
    }

    @Test func doNotHideSettings() throws {
        var environment = Self.injected
        environment["SWITCHBOARD_MEDIA_PORT"] = "25000"
        environment["SWITCHBOARD_TURN_HOST"] = "turn.example.com"
        let settings = try Settings(environment: environment)
        #expect(settings.mediaPort == 25_000)
        #expect(settings.turnHost == "turn.example.com")
        #expect(!settings.passedOverVariables.contains("SWITCHBOARD_MEDIA_PORT"))
    }

    @Test(arguments: [
        ("SWITCHBOARD_PORT", "8443"), ("SWITCHBOARD_PORT", "https://10.0.0.1:1"), ("SWITCHBOARD_PORT", "tcp://calls:1"),
        ("SWITCHBOARD_PORT", "tcp://10.0.0.1"), ("SWITCHBOARD_PORT", "tcp://10.0.0.1:65536"),
        ("SWITCHBOARD_SERVICE_HOST", "calls.example.com"), ("SWITCHBOARD_SERVICE_PORT", "many"),
        ("SWITCHBOARD_SERVICE_NAME", "x"), ("SWITCHBOARD_PORT_8443_TCP_PROTO", "udp"),
        ("SWITCHBOARD_PORT_8443_TCP_PORT", "8444"), ("SWITCHBOARD_PORT_8443_TCP_HOST", "10.0.0.1"),
        ("SWITCHBOARD_PORT_X_TCP", "tcp://10.0.0.1:1"), ("SWITCHBOARD_HTPS_PORT", "8443"),
        ("SWITCHBOARD_NAME", "switchboard"), ("SWITCHBOARD_SERVICE", "10.0.0.1"), ("SWITCHBOARD_", "x"),
        ("SWITCHBOARD_PORT_0_TCP", "tcp://10.0.0.1:0"), ("SWITCHBOARD_LOG_LEVL", "debug"),
    ])
    func misspeltSettingsAreStillErrors(name: String, value: String) {
        #expect(throws: SettingError.self) { try Settings(environment: [name: value]) }
    }

    /// A value that its setting allows is a setting, whatever else has the form.
    @Test func everySettingCanBeSet() {
        for setting in Setting.all where !setting.defaultValue.isEmpty {
            #expect(!InjectedVariable.matches(name: setting.environmentName, value: setting.defaultValue))
        }
    }
}
