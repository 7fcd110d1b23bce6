import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import RESTAPI
import Testing

@Suite struct OperationsRoutesTests {
    @Test(arguments: ["/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"])
    func headSaysOfTheAnswerWhatGetWould(path: String) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ContractMiddleware())
        OperationsRoutes(
            readiness: { .ready }, metrics: .init(answersProxies: true) { "a 1\n" }, keySetJSON: #"{"keys":[]}"#
        ).addRoutes(to: router)
        try await Application(router: router).test(.live) { client in
            let get = try await client.executeRequest(uri: path, method: .get, headers: [:], body: nil)
            let head = try await client.executeRequest(uri: path, method: .head, headers: [:], body: nil)
            #expect(head.status == get.status)
            #expect(head.headers[.contentLength] == String(get.body.readableBytes))
            #expect(head.headers[.contentType] == get.headers[.contentType])
            #expect(head.body.readableBytes == 0)
        }
    }
}
