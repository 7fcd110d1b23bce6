import Foundation
import HTTPServer
import Logging
import Metrics
import ServerConfiguration
import ServiceLifecycle
import Store
import Telemetry
import UnixSignals

/// What can be taken anew while the server runs: the log file, the level of the log, the certificate.
actor Reloading {
    /// The settings that take effect at once; others wait for the next start.
    private static let live: Set<String> = ["log.level", "tls.certificate", "tls.key", "tls.names"]
    private static let expiryGauge = "switchboard_tls_certificate_expiry_timestamp_seconds"

    /// What the server runs with, and of what can change live, the newest.
    private let settings: Settings
    private var current: Settings
    private let readSettings: @Sendable () throws -> Settings
    private let log: LogOutput
    private let identity: CurrentTLSIdentity
    private let folder: DataFolder
    private let notice: ServiceNotice
    private let logger: Logger

    init(
        platform: Platform, identity: CurrentTLSIdentity, log: LogOutput, notice: ServiceNotice,
        readSettings: @escaping @Sendable () throws -> Settings
    ) {
        settings = platform.settings
        current = platform.settings
        self.readSettings = readSettings
        self.log = log
        self.identity = identity
        folder = platform.folder
        self.notice = notice
        logger = platform.logger
    }

    /// The certificate that the settings name, or the server's own.
    static func loadIdentity(_ settings: Settings, folder: DataFolder) throws -> TLSIdentity {
        if let certificate = settings.tlsCertificatePath, let key = settings.tlsKeyPath {
            return try TLSIdentity.load(certificatePath: certificate, keyPath: key)
        }
        return try TLSIdentity.selfSigned(
            in: folder, names: TLSIdentity.localNames(adding: [settings.publicHost] + settings.tlsNames))
    }

    /// Takes everything anew. What cannot be taken stays as it was, and the log says why.
    func reload() {
        notice.reloading()
        logger.notice("reloading")
        var succeeded = reopenLog()
        succeeded = takeSettings() && succeeded
        succeeded = takeCertificate() && succeeded
        Self.reloads(succeeded ? "done" : "failed").increment()
        notice.ready()
    }

    @discardableResult
    func reopenLog() -> Bool {
        do {
            try log.reopen()
            return true
        } catch {
            logger.error("\(error) Lines go where they went before.")
            return false
        }
    }

    private func takeSettings() -> Bool {
        do {
            let new = try readSettings()
            let waiting = new.differences(from: settings).filter { !Self.live.contains($0) }
            if !waiting.isEmpty {
                let keys = waiting.joined(separator: ", ")
                logger.notice("these settings have changed and wait for the next start: \(keys)")
            }
            log.level = Logger.Level(rawValue: new.logLevel) ?? log.level
            current = new
            logger.debug("the settings are read again")
            return true
        } catch {
            logger.error("the settings stay as they are: \(error)")
            return false
        }
    }

    private func takeCertificate() -> Bool {
        do {
            let new = try Self.loadIdentity(current, folder: folder)
            if let expiry = new.expiry, expiry <= Date() {
                let path = current.tlsCertificatePath ?? folder.path(of: TLSIdentity.certificateFile)
                logger.error(
                    "the certificate stays as it is: the one in \(path) ended on \(expiry.formatted(.iso8601))")
                return false
            }
            let old = identity.identity
            if new.certificatePEM == old.certificatePEM, new.privateKeyPEM == old.privateKeyPEM {
                logger.info("the certificate is the same as before")
            } else {
                try identity.replace(with: new)
                let end = new.expiry.map { $0.formatted(.iso8601) } ?? "an unknown time"
                logger.notice("new connections take the new certificate, which is good until \(end)")
            }
            recordExpiry()
            return true
        } catch {
            logger.error("the certificate stays as it is: \(error)")
            return false
        }
    }

    private static func reloads(_ result: String) -> Counter {
        Counter(label: "switchboard_reloads", dimensions: [("result", result)])
    }

    /// For whoever watches `/metrics`. Counters are there from the beginning, so that the first failure is seen as a rise.
    func recordExpiry() {
        for result in ["done", "failed"] { Self.reloads(result).increment(by: 0) }
        guard let expiry = identity.identity.expiry else { return }
        Gauge(label: Self.expiryGauge).record(expiry.timeIntervalSince1970)
    }

    /// Looks at the certificate in use: the server's own is made anew when its end is near, of another the log warns.
    func watchExpiry() {
        recordExpiry()
        if current.tlsCertificatePath == nil {
            _ = takeCertificate()
        } else if let expiry = identity.identity.expiry, expiry.timeIntervalSinceNow < 14 * 86_400 {
            logger.warning("the certificate is good until \(expiry.formatted(.iso8601)) only; renew it and send SIGHUP")
        }
    }
}

/// Obeys the signals that do not end the server.
struct SignalService: Service {
    /// They are caught from the beginning of the start, and wait here until the server runs.
    static func caught() async -> UnixSignalsSequence {
        await UnixSignalsSequence(trapping: .sighup, .sigusr1, .sigusr2)
    }

    let signals: UnixSignalsSequence
    let reloading: Reloading
    let logger: Logger

    func run() async throws {
        for await signal in signals.cancelOnGracefulShutdown() {
            switch signal {
            case .sighup: await reloading.reload()
            case .sigusr1: await reloading.reopenLog()
            default: logger.info("signal \(signal) means nothing to this server")
            }
        }
    }
}

/// Looks at the certificate twice a day.
struct CertificateWatch: Service {
    private static let interval: Duration = .seconds(12 * 3_600)

    let reloading: Reloading

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await reloading.watchExpiry()
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }
}
