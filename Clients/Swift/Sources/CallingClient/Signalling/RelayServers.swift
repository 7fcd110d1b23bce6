internal import ClientTransport
internal import Foundation
internal import TLS
internal import TURN

extension Wire {
    /// The reply to `media.servers`.
    struct MediaServers: Decodable, Sendable {
        struct Server: Decodable, Sendable {
            var urls: [String]
            var username: String?
            var credential: String?
        }

        var iceServers: [Server]
        var expiresInSeconds: Int?

        /// The TURN servers among them that can be used here.
        var relays: [RelayServer] {
            iceServers.flatMap { server in
                server.urls.compactMap { url in
                    guard let uri = TURNURI(url), let username = server.username, let password = server.credential
                    else { return nil }
                    return RelayServer(uri: uri, username: username, password: password)
                }
            }
        }
    }
}

extension RelayServer {
    /// Nil when the URL is none of TURN.
    init?(_ server: TURNServerCredentials) {
        guard let uri = TURNURI(server.url) else { return nil }
        self.init(uri: uri, username: server.username, password: server.password)
    }
}

/// Asks the server for its TURN servers, and for others only when their credentials are about to expire.
actor RelayServers {
    /// Credentials with less left than this are not used any more.
    private static let margin: TimeInterval = 60

    private let signalling: SignallingSession
    private let trust: ServerTrust
    private var known: (servers: [RelayServer], until: Date)?
    private var asking: Task<[RelayServer], Never>?
    private var context: TLSClientContext?

    init(signalling: SignallingSession, trust: ServerTrust) {
        self.signalling = signalling
        self.trust = trust
    }

    /// The servers that may be used now; none where the server names none, or does not answer.
    func current() async -> [RelayServer] {
        if let known, known.until > Date() { return known.servers }
        let task = asking ?? Task { await ask() }
        asking = task
        return await task.value
    }

    private func ask() async -> [RelayServer] {
        defer { asking = nil }
        guard let reply = try? await signalling.request("media.servers", [:], as: Wire.MediaServers.self) else {
            return []
        }
        let servers = reply.relays
        let lifetime = reply.expiresInSeconds.map { TimeInterval($0) - Self.margin } ?? 3_600
        known = (servers, Date(timeIntervalSinceNow: lifetime))
        return servers
    }

    /// Whom to trust over TLS: as for signalling. Made once, as it reads all certificates of the system.
    func tls() -> TLSClientContext? {
        if let context { return context }
        var roots: [[UInt8]] = []
        if !trust.isInsecure {
            roots = Self.systemRoots()
            if let file = trust.certificateFile, let text = FileManager.default.contents(atPath: file) {
                roots.append([UInt8](text))
            }
        }
        context = try? TLSClientContext(roots: roots, checksCertificates: !trust.isInsecure)
        return context
    }

    /// Where systems keep the certificates that they trust, in one file.
    private static func systemRoots() -> [[UInt8]] {
        let places = [
            ProcessInfo.processInfo.environment["SSL_CERT_FILE"], "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
        ]
        for case let place? in places {
            if let text = FileManager.default.contents(atPath: place) { return [[UInt8](text)] }
        }
        return []
    }
}
