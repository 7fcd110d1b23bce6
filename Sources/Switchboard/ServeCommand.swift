import ArgumentParser
import CoreMetrics
import Foundation
import HTTPServer
import Logging
import ServerConfiguration
import Store
import Telemetry

/// `switchboard serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a server.",
        usage: "switchboard serve [--config FILE] [--data DIR] [--development] [--SETTING VALUE ...]",
        discussion: """
            Every setting can be a flag, an environment variable or a line of the YAML file that --config or \
            SWITCHBOARD_CONFIG names, in this order of precedence.

            \(Setting.helpText)
            """)

    @Option(help: "A YAML file with settings.")
    var config: String?

    @Argument(
        parsing: .allUnrecognized, help: ArgumentHelp("Settings as flags, listed above.", valueName: "--SETTING VALUE"))
    var settings: [String] = []

    func run() async throws {
        do {
            try await serve()
        } catch let error as any CustomStringConvertible & Error {
            // One sentence that says what is wrong, not a dump of the error value.
            FileHandle.standardError.write(Data("switchboard: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func serve() async throws {
        // Whoever reads our output may go away.
        signal(SIGPIPE, SIG_IGN)
        let signals = await SignalService.caught()
        let environment = ProcessInfo.processInfo.environment
        let (arguments, config) = (settings, config)
        let readSettings: @Sendable () throws -> Settings = {
            try Self.readSettings(arguments: arguments, config: config)
        }
        let settings = try readSettings()
        let log = try LogOutput(path: settings.logFilePath, level: Logger.Level(rawValue: settings.logLevel) ?? .info)
        let format = LogFormat(rawValue: settings.logFormat) ?? .text
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, format: format, output: log) }
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        LimitCounters.register()
        // Database files hold secrets as keys do; whoever made the data folder may have left it open to others.
        umask(0o077)
        OpenFiles.raiseLimit()
        let platform = try await Platform(settings: settings, metrics: metrics)
        if !settings.passedOverVariables.isEmpty {
            let names = settings.passedOverVariables.joined(separator: ", ")
            platform.logger.debug("passed over, since they describe services and are no settings: \(names)")
        }
        let calling = try await composeCalling(on: platform)
        let identity = CurrentTLSIdentity(try Reloading.loadIdentity(settings, folder: platform.folder))
        let notice = ServiceNotice(environment: environment)
        let reloading = Reloading(
            platform: platform, identity: identity, log: log, notice: notice, readSettings: readSettings)
        try await Server(platform: platform, calling: calling, identity: identity, notice: notice).run(
            beside: [
                CertificateWatch(reloading: reloading),
                SignalService(signals: signals, reloading: reloading, logger: platform.logger),
            ])
        // Until here no signal but those that stop the server has ended it.
        withExtendedLifetime(signals) {}
    }

    /// The settings from flags, the environment, and the file that `config` or the environment names.
    static func readSettings(arguments: [String], config: String?) throws -> Settings {
        let environment = ProcessInfo.processInfo.environment
        return try Settings(
            arguments: arguments, environment: environment,
            file: try configurationFile(config ?? environment[Settings.configFileVariable]))
    }

    private static func configurationFile(_ path: String?) throws -> (path: String, text: String)? {
        guard let path else { return nil }
        let bytes: [UInt8]?
        do {
            bytes = try DataFolder.readFile(path)
        } catch {
            throw SettingError.unreadableFile(path: path, reason: "\(error)")
        }
        guard let bytes else { throw SettingError.unreadableFile(path: path, reason: "there is no such file") }
        return (path, String(decoding: bytes, as: UTF8.self))
    }
}
