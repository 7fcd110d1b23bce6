import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identity
import NIOCore
import ProtocolCore
import RESTAPI
import Store
import Synchronization
import Testing

@Suite("Leaving over HTTP")
struct LeaveRouteTests {
    private final class Calls: Sendable {
        private let keys = Mutex<[String]>([])
        func note(_ key: String) { keys.withLock { $0.append(key) } }
        var all: [String] { keys.withLock { $0 } }
    }

    private let calls = Calls()

    private func withClient(
        requests: Int = 1_000, _ test: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let router = Router(context: BasicRequestContext.self)
        let now = ContinuousClock.now
        router.add(middleware: ContractMiddleware())
        LeaveRoute(
            budget: RequestBudget(requests: requests, per: .seconds(10), now: { now }),
            allowsOrigin: { origin, _ in origin == "https://app.example.com" },
            leave: { [calls] in calls.note($0) }
        ).addRoutes(to: router)
        router.get("/broken") { _, _ -> Response in
            throw StoreError.cannotWrite(path: "/secret/switchboard.db", .diskFull)
        }
        OperationsRoutes(
            readiness: { .ready }, impediment: { "The disk of the data folder is full." }, metrics: nil,
            keySetJSON: "{}"
        ).addRoutes(to: router)
        try await Application(router: router).test(.router, test)
    }

    private func post(
        _ client: any TestClientProtocol, _ body: String, origin: String? = nil
    ) async throws -> TestResponse {
        var headers: HTTPFields = [.contentType: "text/plain;charset=UTF-8"]
        headers[.origin] = origin
        return try await client.executeRequest(
            uri: "/calling/leave", method: .post, headers: headers, body: ByteBuffer(string: body))
    }

    @Test("The answer is the same whatever the key, and the body is taken as a beacon sends it")
    func leave() async throws {
        try await withClient { [self] client in
            let response = try await post(client, #"{"resume":"r-8f0e"}"#, origin: "https://app.example.com")
            #expect(response.status == .noContent)
            #expect(response.body.readableBytes == 0)
            #expect(response.headers[.accessControlAllowOrigin] == "https://app.example.com")
            #expect(try await post(client, #"{"resume":"x","more":[1]}"#).status == .noContent)
            #expect(calls.all == ["r-8f0e", "x"])
        }
    }

    @Test(
        "What is malformed is refused",
        arguments: [
            "", "{}", "[]", "null", "r-8f0e", #"{"resume":""}"#, #"{"resume":7}"#, #"{"resume":null}"#,
            #"{"resume":"r""#,
            #"{"resume":""# + String(repeating: "r", count: 65) + #""}"#,
            #"{"resume":"r"}"# + String(repeating: " ", count: 1_024),
            String(repeating: "[", count: 1_000),
        ])
    func malformed(body: String) async throws {
        try await withClient { [self] client in
            let response = try await post(client, body)
            #expect(response.status == .badRequest)
            #expect(calls.all.isEmpty)
        }
    }

    @Test("Pages that may not open signalling connections may not leave")
    func origin() async throws {
        try await withClient { [self] client in
            let response = try await post(client, #"{"resume":"r"}"#, origin: "https://evil.example")
            #expect(response.status == .forbidden)
            #expect(calls.all.isEmpty)
        }
    }

    @Test("So many a period and no more")
    func rate() async throws {
        try await withClient(requests: 2) { [self] client in
            for _ in 0..<2 { #expect(try await post(client, #"{"resume":"r"}"#).status == .noContent) }
            let refused = try await post(client, #"{"resume":"r"}"#)
            #expect(refused.status == .tooManyRequests)
            #expect(refused.headers[.retryAfter] != nil)
        }
    }

    @Test("A full disk is named to who asks, without a path, and the server is not ready")
    func fullDisk() async throws {
        try await withClient { client in
            let broken = try await client.executeRequest(uri: "/broken", method: .get, headers: [:], body: nil)
            #expect(broken.status.code == 507)
            let text = String(buffer: broken.body)
            #expect(text.contains("StorageUnavailable"))
            #expect(text.contains("disk of the data folder is full"))
            #expect(!text.contains("secret"))
            let ready = try await client.executeRequest(uri: "/readyz", method: .get, headers: [:], body: nil)
            #expect(ready.status == .serviceUnavailable)
            #expect(String(buffer: ready.body) == "not ready: The disk of the data folder is full.\n")
        }
    }

    @Test("The table names each bound once")
    func table() {
        let names = ([Limit].restAPI + [Limit].identity).map(\.name)
        #expect(Set(names).count == names.count)
    }
}
