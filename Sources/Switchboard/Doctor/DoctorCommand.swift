import ArgumentParser
import Doctor
import Foundation
import ServerConfiguration

/// `switchboard doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what goes wrong in the field, and say how to mend it.",
        usage: """
            switchboard doctor [--json] [--outside] [--stun HOST:PORT] [--time-from URL] [--config FILE] \
            [--SETTING VALUE ...]
            """,
        discussion: """
            Takes the settings of `switchboard serve` from the same sources. Beside a running server it calls that server \
            through each way that media may take; without one it opens the ports itself to see whether they could be. \
            Ends with 1 when something is to be mended at once.
            """)

    @Flag(help: "Print the findings as JSON.")
    var json = false

    @Option(help: "A STUN server, HOST:PORT, to see the address under which the internet knows this machine.")
    var stun: String?

    @Option(help: "A web server, as a URL, whose date the clock is compared with.")
    var timeFrom: String?

    @Flag(help: "Look from another machine, with a copy of connection-string and tls/certificate.pem as data folder.")
    var outside = false

    @Option(help: "A YAML file with settings.")
    var config: String?

    @Argument(
        parsing: .allUnrecognized, help: ArgumentHelp("Settings as flags, as for serve.", valueName: "--SETTING VALUE"))
    var settings: [String] = []

    func run() async throws {
        let examination: Examination
        do {
            let stunServer = try stun.map { try HostAndPort($0) }
            let timeServer = try timeFrom.map { text in
                guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https", url.host != nil else {
                    throw ValidationError("--time-from must be a URL such as https://example.com, not '\(text)'.")
                }
                return url
            }
            let settings = try ServeCommand.readSettings(arguments: settings, config: config)
            examination = await Examiner(
                settings, stun: stunServer, timeServer: timeServer, isOutside: outside
            ).examine()
        } catch let error as SettingError {
            let finding = Finding(
                .settings, "settingsWrong", .problem, "\(error)",
                remedy: "Correct it; the server does not start with it.")
            examination = Examination(serverRuns: false, findings: [finding])
        }
        print(json ? try encoded(examination) : examination.text)
        fflush(nil)
        if examination.exitCode != 0 { throw ExitCode(examination.exitCode) }
    }

    private func encoded(_ examination: Examination) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(examination), as: UTF8.self)
    }
}

/// A value of `--stun`; an IPv6 address stands in brackets.
struct HostAndPort: Sendable, CustomStringConvertible {
    let host: String
    let port: UInt16

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            throw ValidationError("--stun must be HOST:PORT, not '\(text)'.")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { throw ValidationError("--stun must be HOST:PORT, not '\(text)'.") }
        self.host = host
        self.port = port
    }

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
