import Foundation
import HTTPServer
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

@Suite struct WebAssetsTests {
    let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: temporary.path + "/demo", withIntermediateDirectories: true)
        for (name, text) in [
            ("demo/index.html", "<p>hi"), ("demo/demo.js", "1"), ("switchboard-calling.js", "export{}"),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: temporary.path + "/" + name))
        }
    }

    func withClient(_ test: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        let router = Router(context: BasicRequestContext.self)
        WebAssets(folder: temporary.path).addRoutes(to: router)
        try await Application(router: router).test(.router, test)
    }

    static func get(
        _ client: any TestClientProtocol, _ path: String, _ headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await client.executeRequest(uri: path, method: .get, headers: headers, body: nil)
    }

    @Test func typesAndSafetyHeaders() async throws {
        try await withClient { client in
            let page = try await Self.get(client, "/")
            #expect(page.status == .ok)
            #expect(String(buffer: page.body) == "<p>hi")
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'self'") == true)
            #expect(page.headers[.xContentTypeOptions] == "nosniff")
            #expect(page.headers[.accessControlAllowOrigin] == nil)
            let script = try await Self.get(client, "/demo.js")
            #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
        }
    }

    @Test func libraryMayBeImportedFromAnywhere() async throws {
        try await withClient { client in
            let library = try await Self.get(client, "/sdk/switchboard-calling.js")
            #expect(library.status == .ok)
            #expect(library.headers[.accessControlAllowOrigin] == "*")
            #expect(library.headers[.contentType] == "text/javascript; charset=utf-8")
        }
    }

    @Test func unchangedFilesAreNotSentAgain() async throws {
        try await withClient { client in
            let first = try await Self.get(client, "/")
            let tag = try #require(first.headers[.eTag])
            let second = try await Self.get(client, "/", [.ifNoneMatch: tag])
            #expect(second.status == .notModified)
            #expect(second.body.readableBytes == 0)
            let other = try await Self.get(client, "/", [.ifNoneMatch: "\"0\""])
            #expect(other.status == .ok)
        }
    }

    @Test func missingFilesSayWhatToDo() async throws {
        try FileManager.default.removeItem(atPath: temporary.path + "/demo/index.html")
        try await withClient { client in
            for path in ["/", "/demo.css", "/sdk/switchboard-calling.d.ts"] {
                let response = try await Self.get(client, path)
                #expect(response.status == .notFound)
                #expect(String(buffer: response.body).contains("make web"))
            }
        }
    }

    @Test func nothingElseIsServed() async throws {
        try Data("secret".utf8).write(to: URL(fileURLWithPath: temporary.path + "/secret"))
        try await withClient { client in
            for path in ["/secret", "/../secret", "/sdk/../secret", "/sdk/%2e%2e/secret"] {
                let response = try await Self.get(client, path)
                #expect(response.status == .notFound)
            }
        }
    }
}
