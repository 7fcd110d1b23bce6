import Foundation
import Identity
import Logging
import RESTAPI
import ServerConfiguration
import Store

/// Tells the person at the terminal, once the server listens, where everything is.
actor Announcement {
    private let platform: Platform
    private let notice: ServiceNotice
    private var securePort: Int?
    private var plainPort: Int?
    private var isMade = false

    init(platform: Platform, notice: ServiceNotice) {
        self.platform = platform
        self.notice = notice
    }

    /// The secure listener is open: from now on the connection string is true, and it is written to the data folder.
    func secureListening(port: Int) {
        securePort = port
        do {
            let text = try connectionString(port: port)
            try platform.folder.replace("connection-string", with: text + "\n")
        } catch {
            platform.logger.error("cannot write the connection string: \(error)")
        }
        makeIfComplete()
    }

    func plainListening(port: Int) {
        plainPort = port
        makeIfComplete()
    }

    private func connectionString(port: Int) throws -> String {
        let authority = "\(hostInURL):\(port)"
        return "endpoint=https://\(authority)/;accesskey=\(platform.accessKeys.primaryBase64)"
    }

    private var hostInURL: String {
        let host = platform.settings.publicHost
        return host.contains(":") ? "[\(host)]" : host
    }

    private func makeIfComplete() {
        guard !isMade, let securePort, plainPort != nil || !platform.settings.isHTTPEnabled else { return }
        isMade = true
        platform.readiness.advance(to: .ready)
        let folder = platform.folder
        var lines = ["", "Switchboard \(SwitchboardCommand.version) is running."]
        if let plainPort {
            lines.append("  Demo page          http://localhost:\(plainPort)/  (this machine)")
            lines.append("                     https://\(hostInURL):\(securePort)/")
        } else {
            lines.append("  Demo page          https://\(hostInURL):\(securePort)/")
        }
        lines.append("  Connection string  \(folder.path(of: "connection-string"))")
        if platform.settings.tlsCertificatePath == nil {
            lines.append(
                "  Certificate        \(folder.path(of: "tls/certificate.pem"))  (self-made; clients have to trust it)")
        }
        lines.append(
            "  Make a user        switchboard user create --data \(folder.path) --scopes voip --display-name Ada")
        if platform.settings.isDevelopment {
            lines.append("  Development mode: anyone who reaches this server can sign in.")
        }
        lines.append("")
        print(lines.joined(separator: "\n"))
        // Standard output is buffered when it is a file or a pipe, and whoever waits for these lines would not see them.
        fflush(nil)
        notice.ready()
    }
}
