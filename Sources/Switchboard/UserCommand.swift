import ArgumentParser
import AsyncHTTPClient
import Foundation
import HTTPServer
import Identity
import NIOCore
import NIOHTTP1
import NIOSSL
import ServerConfiguration
import Store

/// `switchboard user`
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Users of a running server.", subcommands: [CreateUserCommand.self])
}

/// `switchboard user create`
struct CreateUserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a user with an access token, and print both as JSON.",
        discussion: """
            The server is found by its data folder, whose certificate is trusted, or by a connection string.
            """)

    @Option(help: "What the token allows: \(TokenScope.allowedWords); several separated by commas.")
    var scopes = "voip"

    @Option(help: "The name that others see.")
    var displayName: String?

    @Option(help: "The life of the token in minutes, from 60 to 1440.")
    var expiresInMinutes: Int?

    @Option(help: "The data folder of the running server (default: $SWITCHBOARD_DATA, else data).")
    var data: String?

    @Option(help: "The connection string of the server (default: $SWITCHBOARD_CONNECTION_STRING).")
    var connectionString: String?

    @Option(help: "A certificate in PEM to trust besides those of the system (default: $SWITCHBOARD_CA).")
    var ca: String?

    @Flag(help: "Do not check the server's certificate.")
    var insecure = false

    func run() async throws {
        do {
            print(try await create())
        } catch let error as any CustomStringConvertible & Error {
            FileHandle.standardError.write(Data("switchboard: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    private struct Wish: Encodable {
        let displayName: String?
        let scopes: [String]
        let expiresInMinutes: Int?
    }

    private struct Created: Codable {
        let userId: String
        let token: String
        let expiresOn: String
        let displayName: String?
    }

    private struct Printed: Encodable {
        let id: String
        let token: String
        let expiresOn: String
        let displayName: String?
    }

    private func create() async throws -> String {
        let (connection, trusted) = try server()
        let words = scopes.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let wish = Wish(displayName: displayName, scopes: words, expiresInMinutes: expiresInMinutes)
        let body = try JSONEncoder().encode(wish)
        let answer = try await post("/switchboard/v1/users", body: [UInt8](body), to: connection, trusting: trusted)
        let created = try JSONDecoder().decode(Created.self, from: answer)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let printed = Printed(
            id: created.userId, token: created.token, expiresOn: created.expiresOn, displayName: created.displayName)
        return String(decoding: try encoder.encode(printed), as: UTF8.self)
    }

    /// The server to ask, and a certificate file to trust.
    private func server() throws -> (ConnectionString, trusted: String?) {
        let environment = ProcessInfo.processInfo.environment
        let given = connectionString ?? (data == nil ? environment["SWITCHBOARD_CONNECTION_STRING"] : nil)
        let authority = ca ?? environment["SWITCHBOARD_CA"]
        if let given { return (try ConnectionString(parsing: given), authority) }
        let folder = data ?? environment["SWITCHBOARD_DATA"] ?? "data"
        let file = folder + "/connection-string"
        guard let bytes = try DataFolder.readFile(file) else { throw DataFolderError.missing(path: file) }
        let own = folder + "/" + TLSIdentity.certificateFile
        let hasOwn = try DataFolder.readFile(own) != nil
        return (
            try ConnectionString(parsing: String(decoding: bytes, as: UTF8.self)), authority ?? (hasOwn ? own : nil)
        )
    }

    private func post(
        _ target: String, body: [UInt8], to connection: ConnectionString, trusting trusted: String?
    ) async throws -> Data {
        var tls = TLSConfiguration.makeClientConfiguration()
        if insecure { tls.certificateVerification = .none }
        if let trusted {
            tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(trusted))]
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        // A refused connection is tried again until this is over.
        configuration.timeout.connect = .seconds(3)
        let client = HTTPClient(configuration: configuration)
        var request = HTTPClientRequest(url: "https://\(connection.authority)\(target)")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        for (name, value) in SharedKeySigner(connection).headers(
            method: "POST", target: target, body: body, date: Date())
        {
            request.headers.add(name: name, value: value)
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        let answer: Result<(status: UInt, body: Data), any Error>
        do {
            let response = try await client.execute(request, timeout: .seconds(15))
            let buffer = try await response.body.collect(upTo: 1 << 20)
            answer = .success((response.status.code, Data(buffer.readableBytesView)))
        } catch {
            answer = .failure(RequestFailure(authority: connection.authority, reason: "\(error)"))
        }
        try await client.shutdown()
        let (status, bytes) = try answer.get()
        guard status == 201 else { throw ServerRefusal(status: status, body: bytes) }
        return bytes
    }
}

/// No answer came.
private struct RequestFailure: Error, CustomStringConvertible {
    let authority: String
    let reason: String

    var description: String {
        "No answer from the server at https://\(authority)/ (\(reason)). Is it running? Start it with `switchboard serve`."
    }
}

/// The server said no.
private struct ServerRefusal: Error, CustomStringConvertible {
    private struct Body: Decodable {
        struct Content: Decodable {
            let code: String
            let message: String
        }
        let error: Content
    }

    let status: UInt
    let body: Data

    var description: String {
        if let refusal = try? JSONDecoder().decode(Body.self, from: body) {
            return "The server refused (\(status) \(refusal.error.code)): \(refusal.error.message)"
        }
        return "The server refused with status \(status)."
    }
}
