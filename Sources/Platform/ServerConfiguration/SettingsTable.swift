extension Setting {
    /// Every setting there is. The documentation is made from this table.
    public static let all: [Setting] = [
        Setting("data", .path, "data", "The data folder: database, keys, certificate, connection string."),
        Setting(
            "development", .flag, "false",
            "Lets anyone who reaches the server make a user by display name, as the demo page does. Never on a public "
                + "server."),
        Setting("https.bind", .address, "0.0.0.0", "The address on which HTTPS and secure WebSockets are served."),
        Setting(
            "https.port", .integer(0...65535), "8443", "The port of HTTPS and secure WebSockets; 0 takes a free one."),
        Setting("http.enabled", .flag, "true", "Whether plain HTTP is served too, for development on this machine."),
        Setting("http.bind", .address, "127.0.0.1", "The address on which plain HTTP is served."),
        Setting("http.port", .integer(0...65535), "8080", "The port of plain HTTP; 0 takes a free one."),
        Setting(
            "public.host", .host, "localhost",
            "The name by which clients reach the server: it stands in the connection string and in the certificate."),
        Setting(
            "public.authorities", .list, "",
            "More names, as HOST or HOST:PORT, under which signed requests may reach the server, for example behind a "
                + "proxy."),
        Setting(
            "tls.certificate", .path, "",
            "A certificate chain in PEM. Empty: the server makes its own certificate in the data folder."),
        Setting("tls.key", .path, "", "The private key of tls.certificate, in PEM."),
        Setting("tls.names", .list, "", "More host names and addresses for the server's own certificate."),
        Setting(
            "web.allowedOrigins", .list, "",
            "Origins, besides the server's own and localhost, whose pages may open signalling connections, for example "
                + "https://app.example.com; * allows all."),
        Setting(
            "web.assets", .path, "",
            "A folder to serve the demo page and the client library from, instead of those built into the program."),
        Setting(
            "identity.issueLimit", .integer(1...1_000_000), "1000",
            "How many identities and tokens may be made in 30 seconds."),
        Setting(
            "identity.revokeLimit", .integer(1...1_000_000), "500",
            "How many deletions and revocations are taken in 30 seconds."),
        Setting("media.port", .integer(0...65535), "40000", "The first UDP port for media; each worker takes one."),
        Setting("media.workers", .integer(0...1024), "0", "How many media workers run; 0 is one per processor core."),
        Setting("media.bindAddress", .address, "0.0.0.0", "The address on which media is received."),
        Setting(
            "media.advertisedAddresses", .addressList, "",
            "The addresses that clients are told to send media to. Empty: the addresses of this machine, with the "
                + "loopback address in development."),
        Setting(
            "media.tcp", .flag, "true",
            "Whether media is taken over TCP too, on the same port numbers, for clients whose network blocks UDP."),
        Setting(
            "turn.enabled", .flag, "true",
            "Whether the server is a TURN server too, for clients that reach the media ports neither by UDP nor by "
                + "TCP. It is spoken on turn.port and inside TLS on https.port."),
        Setting(
            "turn.port", .integer(0...65535), "3478", "The UDP and TCP port of the TURN server; 0 takes a free one."),
        Setting("turn.bindAddress", .address, "0.0.0.0", "The address on which the TURN server is reached."),
        Setting(
            "turn.host", .host, "",
            "The name of the TURN server in the URLs that clients are given. Empty: public.host."),
        Setting(
            "turn.relayAddresses", .addressList, "",
            "The addresses that relayed media comes from, at most one of each family. Empty: an address of this "
                + "machine that reaches the media ports."),
        Setting(
            "turn.allowedPeers", .addressRangeList, "",
            "Whom clients may reach through the relay besides this server's media ports. Loopback, link-local and "
                + "multicast addresses are never reached."),
        Setting(
            "turn.credentialLifetime", .integer(60...86_400), "3600",
            "For how many seconds TURN credentials open new connections; what is open stays open."),
        Setting(
            "turn.allocationsPerUser", .integer(1...10_000), "32",
            "How many relayed addresses one user may have. A browser takes one for each network and each URL."),
        Setting(
            "turn.allocations", .integer(1...1_000_000), "4096", "How many relayed addresses there may be in all."),
        Setting(
            "calls.perUser", .integer(1...100_000), "32",
            "In how many calls one user may take part at a time, over all devices, WHIP and WHEP."),
        Setting(
            "calls.ringsPerMinute", .integer(1...1_000_000), "400",
            "How many people one user may ring in a minute; opening a group call counts as one."),
        Setting(
            "calls.sessionsPerUser", .integer(1...100_000), "32",
            "At how many devices, tabs or programs one user may be signed in."),
        Setting(
            "database.acceptEmpty", .flag, "false",
            "Starts a server whose data folder has keys but an empty database, as after the loss of switchboard.db. It "
                + "is another server then: user ids and tokens of before are void. Without it the start is refused."),
        Setting(
            "shutdown.grace", .integer(0...3600), "5",
            "How many seconds clients are given to leave when the server stops."),
        Setting(
            "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), "info",
            "The least severe messages that are logged."),
        Setting("log.format", .choice(["text", "json"]), "text", "Log lines for people or for programs."),
    ]

    /// The table for `docs/configuration.md`.
    public static var markdownTable: String {
        var text = "| Setting | Flag | Environment | Default | Allowed | Purpose |\n|---|---|---|---|---|---|\n"
        for setting in all {
            let value = setting.defaultValue.isEmpty ? "–" : "`\(setting.defaultValue)`"
            text += "| `\(setting.key)` | `\(setting.flagName)` | `\(setting.environmentName)` | \(value) "
            text += "| \(setting.allowed) | \(setting.summary) |\n"
        }
        return text
    }

    /// The list for `switchboard serve --help`.
    public static var helpText: String {
        all.map { setting in
            let value = setting.defaultValue.isEmpty ? "" : " (default: \(setting.defaultValue))"
            return "  \(setting.flagName)\(value)\n      \(setting.summary)"
        }.joined(separator: "\n")
    }
}
