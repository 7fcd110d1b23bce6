import Configuration

#if canImport(Glibc)
    import Glibc
#endif

/// The configuration of a server, read once at its start. `Setting.all` says what each value is for.
///
/// A flag wins over the environment, which wins over the configuration file, which wins over the default.
public struct Settings: Sendable {
    private let values: [String: String]

    /// The environment variable that names the configuration file where `--config` does not.
    public static let configFileVariable = "SWITCHBOARD_CONFIG"
    /// Variables with the program's prefix that clients of the server use. They are not settings of the server.
    public static let clientVariables: Set<String> = [
        configFileVariable, "SWITCHBOARD_CONNECTION_STRING", "SWITCHBOARD_CA",
    ]

    /// Reads and checks all settings.
    ///
    /// - Parameters:
    ///   - arguments: Flags with their values, for example `["--https-port", "9443"]`.
    ///   - environment: The variables of the process.
    ///   - file: Path and text of the configuration file, if there is one.
    public init(
        arguments: [String] = [], environment: [String: String] = [:], file: (path: String, text: String)? = nil
    ) throws(SettingError) {
        var layers = [
            try SettingSources.commandLine(arguments),
            try SettingSources.environment(environment, ignoring: Self.clientVariables),
        ]
        if let file { layers.append(try SettingSources.file(file.text, path: file.path)) }
        let reader = SettingSources.reader(over: layers)
        var values: [String: String] = [:]
        for setting in Setting.all {
            let given = reader.string(forKey: ConfigKey(setting.key))
            let value = given ?? setting.defaultValue
            guard setting.allows(value) else {
                let source = layers.first { $0.values[setting.key] != nil }?.name(setting) ?? "default"
                throw .notAllowed(key: setting.key, value: value, source: source, allowed: setting.allowed)
            }
            values[setting.key] = value
        }
        self.values = values
        if tlsCertificatePath != nil, tlsKeyPath == nil { throw .incomplete(key: "tls.certificate", needs: "tls.key") }
        if tlsKeyPath != nil, tlsCertificatePath == nil { throw .incomplete(key: "tls.key", needs: "tls.certificate") }
    }

    public var dataPath: String { text("data") }
    public var isDevelopment: Bool { flag("development") }
    public var httpsBindAddress: String { text("https.bind") }
    public var httpsPort: Int { integer("https.port") }
    public var isHTTPEnabled: Bool { flag("http.enabled") }
    public var httpBindAddress: String { text("http.bind") }
    public var httpPort: Int { integer("http.port") }
    public var publicHost: String { text("public.host") }
    public var publicAuthorities: [String] { list("public.authorities") }
    public var tlsCertificatePath: String? { path("tls.certificate") }
    public var tlsKeyPath: String? { path("tls.key") }
    public var tlsNames: [String] { list("tls.names") }
    public var allowedOrigins: [String] { list("web.allowedOrigins") }
    public var assetsPath: String? { path("web.assets") }
    public var identityIssueLimit: Int { integer("identity.issueLimit") }
    public var identityRevokeLimit: Int { integer("identity.revokeLimit") }
    /// The first UDP port for media; each worker takes the next one.
    public var mediaPort: Int { integer("media.port") }
    /// 0 means one per processor core.
    public var mediaWorkers: Int { integer("media.workers") }
    public var mediaBindAddress: String { text("media.bindAddress") }
    /// Empty means the addresses of this machine, with the loopback address in development.
    public var mediaAdvertisedAddresses: [String] { list("media.advertisedAddresses") }
    /// Whether media is taken over TCP as well, on the same port numbers.
    public var isMediaTCPEnabled: Bool { flag("media.tcp") }
    public var isTURNEnabled: Bool { flag("turn.enabled") }
    /// The UDP and TCP port of the TURN server.
    public var turnPort: Int { integer("turn.port") }
    public var turnBindAddress: String { text("turn.bindAddress") }
    /// The name of the TURN server in the URLs that clients are given.
    public var turnHost: String { text("turn.host").isEmpty ? publicHost : text("turn.host") }
    /// Empty means the first address of each family that suits.
    public var turnRelayAddresses: [String] { list("turn.relayAddresses") }
    /// Whom clients may reach through the relay besides our own media ports: addresses and blocks of them.
    public var turnAllowedPeers: [String] { list("turn.allowedPeers") }
    public var turnCredentialLifetime: Duration { .seconds(integer("turn.credentialLifetime")) }
    public var turnAllocationsPerUser: Int { integer("turn.allocationsPerUser") }
    public var turnAllocations: Int { integer("turn.allocations") }
    public var callsPerUser: Int { integer("calls.perUser") }
    public var callRingsPerMinute: Int { integer("calls.ringsPerMinute") }
    public var callSessionsPerUser: Int { integer("calls.sessionsPerUser") }
    /// Whether an empty database beside keys is begun anew.
    public var acceptsEmptyDatabase: Bool { flag("database.acceptEmpty") }
    /// How long clients are given to leave when the server stops.
    public var shutdownGrace: Duration { .seconds(integer("shutdown.grace")) }
    public var logLevel: String { text("log.level") }
    public var logFormat: String { text("log.format") }

    private func text(_ key: String) -> String { values[key] ?? "" }
    private func flag(_ key: String) -> Bool { values[key] == "true" }
    private func integer(_ key: String) -> Int { Int(text(key)) ?? 0 }
    private func path(_ key: String) -> String? { text(key).isEmpty ? nil : text(key) }
    private func list(_ key: String) -> [String] { Setting.listElements(text(key)) }
}

extension Setting {
    static func listElements(_ value: String) -> [String] {
        value.split(separator: ",").map { String($0.trimmingPrefix(while: { $0 == " " })) }.map { element in
            var element = element
            while element.hasSuffix(" ") { element.removeLast() }
            return element
        }.filter { !$0.isEmpty }
    }

    /// Whether a value is of this setting's kind.
    func allows(_ value: String) -> Bool {
        switch kind {
        case .flag: value == "true" || value == "false"
        case .integer(let range): Int(value).map(range.contains) ?? false
        case .choice(let words): words.contains(value)
        case .path: !value.isEmpty || defaultValue.isEmpty
        case .host: Self.isHost(value) || value.isEmpty && defaultValue.isEmpty
        case .address: Self.isAddress(value)
        case .addressList: Self.listElements(value).allSatisfy(Self.isAddress)
        case .addressRangeList: Self.listElements(value).allSatisfy(Self.isAddressRange)
        case .list: true
        }
    }

    private static func isAddressRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.map({ String($0) }), isAddress(address) else { return false }
        guard parts.count == 2 else { return true }
        guard let length = Int(parts[1]) else { return false }
        return (0...(address.contains(":") ? 128 : 32)).contains(length)
    }

    private static func isAddress(_ text: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }

    private static func isHost(_ text: String) -> Bool {
        if isAddress(text) { return true }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                !label.isEmpty && label.utf8.count <= 63
                    && label.utf8.allSatisfy { byte in
                        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                            || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
                    }
            }
    }
}
