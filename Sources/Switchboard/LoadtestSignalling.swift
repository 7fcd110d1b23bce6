import AsyncHTTPClient
import Foundation
import Identity
import LoadGenerator
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Where the server of a load run is.
struct LoadtestEndpoint: Sendable {
    /// Scheme, host and port, without a path.
    let origin: String

    init(_ text: String) throws {
        guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https", let host = url.host,
            url.path.isEmpty || url.path == "/"
        else { throw LoadError("'\(text)' is not the address of a server; it looks like https://host:port.") }
        let name = host.contains(":") ? "[\(host)]" : host
        origin = "\(url.scheme ?? "https")://\(name)" + (url.port.map { ":\($0)" } ?? "")
    }
}

/// Brings publishers into a group call by WHIP and subscribers by WHEP (`docs/whip.md`), each as a user of its own.
final class WHIPSignalling: LoadSignalling {
    /// Users made at once.
    private static let width = 8
    private static let requestTimeout: TimeAmount = .seconds(20)
    private static let largestAnswer = 1 << 20

    private struct Session: Hashable {
        var role: LoadRole
        var number: Int
    }

    private struct State {
        var tokens: [Session: String] = [:]
        /// The URLs of the open sessions.
        var locations: [Session: String] = [:]
    }

    private let endpoint: LoadtestEndpoint
    private let group: String
    private let connection: ConnectionString?
    private let client: HTTPClient
    private let state = Mutex(State())

    /// - Parameters:
    ///   - connectionString: What users are made with; nil: in development mode.
    ///   - connections: Connections to the server at once.
    init(
        _ endpoint: LoadtestEndpoint, group: String, connectionString: String?, trustedCertificate: String?,
        isInsecure: Bool, connections: Int
    ) throws {
        self.endpoint = endpoint
        self.group = group
        connection = try connectionString.map { try ConnectionString(parsing: $0) }
        var tls = TLSConfiguration.makeClientConfiguration()
        if isInsecure { tls.certificateVerification = .none }
        if let trustedCertificate {
            tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(trustedCertificate))]
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        // A request that waits for a free connection to a busy server waits so long too.
        configuration.timeout.connect = .seconds(15)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        client = HTTPClient(configuration: configuration)
    }

    func shutDown() async throws {
        try await client.shutdown()
    }

    // MARK: Users

    func prepare(publishers: Int, subscribers: Int) async throws {
        let sessions =
            (0..<publishers).map { Session(role: .publisher, number: $0) }
            + (0..<subscribers).map { Session(role: .subscriber, number: $0) }
        try await withThrowingTaskGroup(of: (Session, String).self) { group in
            for (position, session) in sessions.enumerated() {
                if position >= Self.width, let (done, token) = try await group.next() { keep(token, of: done) }
                group.addTask { (session, try await self.makeUser("\(session.role.rawValue) \(session.number + 1)")) }
            }
            for try await (session, token) in group { keep(token, of: session) }
        }
    }

    private func keep(_ token: String, of session: Session) {
        state.withLock { $0.tokens[session] = token }
    }

    private struct Wish: Encodable {
        let displayName: String
        let scopes = ["voip"]
    }

    private struct Created: Decodable {
        let token: String
    }

    /// Makes a user and gives its token.
    private func makeUser(_ name: String) async throws -> String {
        let body = [UInt8](try JSONEncoder().encode(Wish(displayName: name)))
        while true {
            let path = connection == nil ? "/switchboard/v1/development/users" : "/switchboard/v1/users"
            var headers = [("Content-Type", "application/json")]
            if let connection {
                headers += SharedKeySigner(connection).headers(
                    method: "POST", target: path, body: body, date: Date())
            }
            let origin = connection.map { "https://\($0.authority)" } ?? endpoint.origin
            let answer = try await request(.POST, origin + path, headers, body)
            if answer.status == 429, let wait = answer.headers.first(name: "Retry-After").flatMap(Int.init), wait <= 60
            {
                try await Task.sleep(for: .seconds(max(1, wait)))
                continue
            }
            guard answer.status == 201 else { throw Self.refusal(answer, of: "A user cannot be made") }
            return try JSONDecoder().decode(Created.self, from: Data(answer.body)).token
        }
    }

    // MARK: Sessions

    func open(_ role: LoadRole, number: Int, offer: String) async throws -> String {
        let session = Session(role: role, number: number)
        guard let token = state.withLock({ $0.tokens[session] }) else { throw LoadError("The session has no user.") }
        let kind = role == .publisher ? "whip" : "whep"
        let answer = try await request(
            .POST, "\(endpoint.origin)/switchboard/v1/\(kind)/\(group)",
            [("Content-Type", "application/sdp"), ("Authorization", "Bearer \(token)")], Array(offer.utf8))
        guard answer.status == 201, let location = answer.headers.first(name: "Location") else {
            throw Self.refusal(answer, of: "A \(role.rawValue) cannot join")
        }
        let url = location.hasPrefix("/") ? endpoint.origin + location : location
        state.withLock { $0.locations[session] = url }
        return String(decoding: answer.body, as: UTF8.self)
    }

    func close(_ role: LoadRole, number: Int) async {
        let session = Session(role: role, number: number)
        let (url, token) = state.withLock { ($0.locations.removeValue(forKey: session), $0.tokens[session]) }
        guard let url, let token else { return }
        // A server that is gone has no session any more.
        _ = try? await request(.DELETE, url, [("Authorization", "Bearer \(token)")], [])
    }

    // MARK: HTTP

    private struct Answer {
        var status: UInt
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    private func request(
        _ method: HTTPMethod, _ url: String, _ headers: [(String, String)], _ body: [UInt8]
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let response = try await client.execute(request, timeout: Self.requestTimeout)
            let buffer = try await response.body.collect(upTo: Self.largestAnswer)
            return Answer(
                status: response.status.code, headers: response.headers, body: Array(buffer.readableBytesView))
        } catch {
            throw LoadError("No answer from \(url) (\(error)).")
        }
    }

    /// What the two kinds of refusal have in common.
    private struct Refusal: Decodable {
        struct Content: Decodable {
            let message: String
        }

        let detail: String?
        let error: Content?
    }

    private static func refusal(_ answer: Answer, of what: String) -> LoadError {
        let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body))
        let reason = refusal?.detail ?? refusal?.error?.message
        return LoadError("\(what): the server says \(answer.status)" + (reason.map { ": \($0)" } ?? "."))
    }
}
