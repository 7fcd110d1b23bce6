import AsyncHTTPClient
import Doctor
import Foundation
import HTTPServer
import Identity
import NIOCore
import NIOHTTP1
import NIOSSL
import ServerConfiguration
import Store
import TLS

/// The running server, as a client reaches it under its public name.
final class DoctorService: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Answer {
        var status: UInt
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    private static let timeout: TimeAmount = .seconds(8)
    private static let largestAnswer = 4 << 20

    /// `https://host:port` of the connection string, which has the port that was really opened.
    let origin: String
    private let connection: ConnectionString?
    private let isRunning: Bool
    /// The server's own certificate, to be trusted beside the system's.
    private let ownCertificate: String?
    private let client: HTTPClient

    /// - Parameter isRunning: Whether there is a server to be asked.
    init(_ settings: Settings, isRunning: Bool) {
        let folder = settings.dataPath
        let text = try? DataFolder.readFile(folder + "/connection-string")
        connection = (text ?? nil).flatMap { try? ConnectionString(parsing: String(decoding: $0, as: UTF8.self)) }
        let host = settings.publicHost.contains(":") ? "[\(settings.publicHost)]" : settings.publicHost
        origin = "https://" + (connection?.authority ?? "\(host):\(settings.httpsPort)")
        self.isRunning = isRunning
        let own = folder + "/" + TLSIdentity.certificateFile
        ownCertificate =
            settings.tlsCertificatePath == nil && FileManager.default.fileExists(atPath: own) ? own : nil
        var tls = TLSConfiguration.makeClientConfiguration()
        if let ownCertificate, let certificates = try? NIOSSLCertificate.fromPEMFile(ownCertificate) {
            tls.additionalTrustRoots = [.certificates(certificates)]
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(3)
        client = HTTPClient(configuration: configuration)
    }

    func shutDown() async {
        try? await client.shutdown()
    }

    // MARK: What it says

    func readiness() async -> ServiceFacts.Answer {
        guard isRunning else { return .notAsked }
        do {
            return .status(Int(try await request(.GET, origin + "/readyz").status))
        } catch {
            return .failed(reason: "\(error)")
        }
    }

    /// A gauge of `/metrics`; nil where it cannot be read.
    func gauge(_ name: String) async -> Int? {
        guard let answer = try? await request(.GET, origin + "/metrics"), answer.status == 200 else { return nil }
        let text = String(decoding: answer.body, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }.map { Int($0) }
    }

    /// How far our clock is ahead of that of a web server, in seconds, as near as its Date tells (RFC 9110 §6.6.1).
    func secondsAhead(of url: URL) async throws -> Double {
        let answer = try await request(.HEAD, url.absoluteString)
        guard let text = answer.headers.first(name: "Date"), let date = Self.date(text) else {
            throw Failure(description: "\(url.absoluteString) sends no date")
        }
        // The date was cut to whole seconds.
        return Date().timeIntervalSince(date) - 0.5
    }

    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text)
    }

    // MARK: Users

    private struct Wish: Encodable {
        let displayName = "Doctor"
        let scopes = ["voip"]
        let expiresInMinutes = 60
    }

    struct Patient: Decodable {
        let userId: String
        let token: String
    }

    /// A user for the calls, to be deleted afterwards.
    func makeUser() async throws -> Patient {
        guard let connection else { throw Failure(description: "the data folder has no connection string") }
        let body = [UInt8](try JSONEncoder().encode(Wish()))
        let answer = try await signed(.POST, "/switchboard/v1/users", body, connection)
        guard answer.status == 201 else {
            throw Failure(description: "the server makes no user for the call (status \(answer.status))")
        }
        return try JSONDecoder().decode(Patient.self, from: Data(answer.body))
    }

    func delete(_ patient: Patient) async {
        guard let connection else { return }
        let id = patient.userId.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        _ = try? await signed(.DELETE, "/identities/\(id)?api-version=2023-10-01", [], connection)
    }

    private func signed(
        _ method: HTTPMethod, _ target: String, _ body: [UInt8], _ connection: ConnectionString
    ) async throws -> Answer {
        let headers = SharedKeySigner(connection).headers(
            method: method.rawValue, target: target, body: body, date: Date())
        return try await request(
            method, origin + target, [("Content-Type", "application/json")] + headers.map { ($0.0, $0.1) }, body)
    }

    // MARK: HTTP

    func request(
        _ method: HTTPMethod, _ url: String, _ headers: [(String, String)] = [], _ body: [UInt8] = []
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let response = try await client.execute(request, timeout: Self.timeout)
            let buffer = try await response.body.collect(upTo: Self.largestAnswer)
            return Answer(
                status: response.status.code, headers: response.headers, body: Array(buffer.readableBytesView))
        } catch {
            throw Failure(description: Self.sentence(error))
        }
    }

    /// What is commonly wrong, in words; BoringSSL names its reasons in capitals.
    private static func sentence(_ error: any Error) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            return "its certificate is not trusted, has ended, or is for another name"
        }
        if text.contains("connectTimeout") || text.contains("deadlineExceeded") { return "no answer came in time" }
        if text.contains("refused") { return "the connection was refused" }
        return text
    }

    /// Whom TURN over TLS trusts: the system's certificates, and the server's own.
    func tlsContext() -> TLSClientContext? {
        let files = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
        let system = files.first { FileManager.default.fileExists(atPath: $0) }
        let roots = [system, ownCertificate].compactMap { file in
            file.flatMap { FileManager.default.contents(atPath: $0) }.map { [UInt8]($0) }
        }
        return try? TLSClientContext(roots: roots)
    }
}
