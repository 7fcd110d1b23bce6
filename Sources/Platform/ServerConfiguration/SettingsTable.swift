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
