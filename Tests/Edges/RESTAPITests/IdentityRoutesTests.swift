import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identity
import NIOCore
import RESTAPI
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct IdentityRoutesTests {
    static let signingKey = Result { try TokenSigningKey() }
    static let connection = ConnectionString(authority: "localhost:8443", accessKey: Array(0..<64))
    static let version = "?api-version=2023-10-01"

    let temporary: TemporaryFolder
    let database: StoreDatabase
    let identities: IdentityService
    let verifier: TokenVerifier

    init() async throws {
        temporary = try TemporaryFolder()
        database = try StoreDatabase(path: temporary.path + "/switchboard.db")
        let issuer = try await TokenIssuer(
            key: Self.signingKey.get(), resourceID: "11111111-2222-3333-4444-555555555555")
        identities = IdentityService(issuer: issuer, users: database.users)
        verifier = TokenVerifier(issuer: issuer, users: database.users)
    }

    func withClient(
        isDevelopment: Bool = false, issueLimit: Int = 1000, revokeLimit: Int = 500, readiness: Readiness = .ready,
        _ test: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let router = Router(context: BasicRequestContext.self)
        let now = ContinuousClock.now
        router.add(middleware: ContractMiddleware())
        router.add(
            middleware: IdentityRoutes(
                identities: identities,
                authenticator: SharedKeyAuthenticator(
                    keys: AccessKeys(primary: Array(0..<64), secondary: Array(64..<128)),
                    authorities: [Self.connection.authority]),
                issueBudget: RequestBudget(requests: issueLimit, per: .seconds(30), now: { now }),
                revokeBudget: RequestBudget(requests: revokeLimit, per: .seconds(30), now: { now }),
                isDevelopment: isDevelopment))
        router.add(
            middleware: CallMediaRoutes(
                authenticator: SharedKeyAuthenticator(
                    keys: AccessKeys(primary: Array(0..<64), secondary: Array(64..<128)),
                    authorities: [Self.connection.authority]),
                report: { $0 == "known" ? CallMediaReport(callId: $0, receivers: []) : nil }))
        OperationsRoutes(
            readiness: { readiness }, metrics: .init(answersProxies: false) { "a 1\n" },
            keySetJSON: identities.keySetJSON
        ).addRoutes(to: router)
        try await Application(router: router).test(.router, test)
    }

    /// Sends a request signed with the primary key.
    static func send(
        _ client: any TestClientProtocol, _ method: HTTPRequest.Method, _ target: String, _ body: String = "",
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var fields = headers
        for (name, value) in SharedKeySigner(connection).headers(
            method: method.rawValue, target: target, body: Array(body.utf8), date: Date())
        {
            fields[try #require(HTTPField.Name(name))] = value
        }
        return try await client.executeRequest(
            uri: target, method: method, headers: fields, body: ByteBuffer(string: body))
    }

    static func json(_ response: TestResponse) throws -> [String: Any] {
        let data = Data(response.body.readableBytesView)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    static func errorCode(_ response: TestResponse) throws -> String? {
        let error = try json(response)["error"] as? [String: Any]
        #expect((error?["message"] as? String)?.isEmpty == false)
        return error?["code"] as? String
    }

    static func header(_ response: TestResponse, _ name: String) -> String? {
        HTTPField.Name(name).flatMap { response.headers[$0] }
    }

    static func createUser(_ client: any TestClientProtocol) async throws -> String {
        let response = try await send(client, .post, "/identities" + version)
        #expect(response.status == .created)
        return try #require((try json(response)["identity"] as? [String: Any])?["id"] as? String)
    }

    /// The path of an identity as clients write it.
    static func path(_ userID: String) -> String { "/identities/" + userID.replacing(":", with: "%3A") }

    @Test(arguments: ["", "{}", #"{"expiresInMinutes":null}"#, #"{"createTokenWithScopes":[]}"#])
    func createWithoutToken(body: String) async throws {
        try await withClient { client in
            let response = try await Self.send(client, .post, "/identities" + Self.version, body)
            #expect(response.status == .created)
            let object = try Self.json(response)
            #expect(object["accessToken"] == nil)
            #expect(Self.header(response, "api-supported-versions")?.contains("2025-06-30") == true)
        }
    }

    @Test("What the participants of a call are sent is told to who has a key, and to nobody else")
    func callMedia() async throws {
        try await withClient { client in
            let known = try await Self.send(client, .get, "/switchboard/v1/calls/known/media")
            #expect(known.status == .ok)
            #expect(try Self.json(known)["callId"] as? String == "known")
            let other = try await Self.send(client, .get, "/switchboard/v1/calls/other/media")
            #expect(other.status == .notFound)
            #expect(try Self.errorCode(other) == "CallNotFound")
            let unsigned = try await client.executeRequest(
                uri: "/switchboard/v1/calls/known/media", method: .get, headers: [:], body: nil)
            #expect(unsigned.status == .unauthorized)
            let wrong = try await Self.send(client, .post, "/switchboard/v1/calls/known/media")
            #expect(wrong.status == .methodNotAllowed)
        }
    }

    @Test func createWithTokenThenIssueRevokeDelete() async throws {
        let verifier = verifier
        try await withClient { client in
            let body = #"{"createTokenWithScopes":["voip","chat"],"expiresInMinutes":60}"#
            let created = try await Self.send(client, .post, "/identities" + Self.version, body)
            #expect(created.status == .created)
            let object = try Self.json(created)
            let userID = try #require((object["identity"] as? [String: Any])?["id"] as? String)
            let first = try #require((object["accessToken"] as? [String: Any])?["token"] as? String)
            #expect(try await verifier.verify(first).userID == userID)

            let path = Self.path(userID)
            let issued = try await Self.send(
                client, .post, "\(path)/:issueAccessToken" + Self.version,
                #"{"scopes":["voip"],"expiresInMinutes":null}"#)
            #expect(issued.status == .ok)
            let answer = try Self.json(issued)
            let second = try #require(answer["token"] as? String)
            let expiresOn = try #require(answer["expiresOn"] as? String)
            #expect(try Date(expiresOn, strategy: .iso8601) == (try await verifier.verify(second).expiresOn))

            let revoked = try await Self.send(client, .post, "\(path)/:revokeAccessTokens" + Self.version)
            #expect(revoked.status == .noContent)
            #expect(revoked.body.readableBytes == 0)
            for token in [first, second] {
                await #expect(throws: TokenRejection.revoked) { try await verifier.verify(token) }
            }

            for _ in 0..<2 {
                let deleted = try await Self.send(client, .delete, path + Self.version)
                #expect(deleted.status == .noContent)
            }
            let gone = try await Self.send(
                client, .post, "\(path)/:issueAccessToken" + Self.version, #"{"scopes":["voip"]}"#)
            #expect(gone.status == .notFound)
            #expect(try Self.errorCode(gone) == "IdentityNotFound")
        }
    }

    @Test(arguments: [
        "2021-03-07", "2022-06-01", "2022-10-01", "2023-10-01", "2025-06-30", "ApiVersion.V2023_10_01",
    ])
    func acceptedVersions(version: String) async throws {
        try await withClient { client in
            let response = try await Self.send(client, .post, "/identities?api-version=\(version)")
            #expect(response.status == .created)
        }
    }

    @Test(arguments: [
        ("", "MissingApiVersionParameter"), ("?api-version=", "MissingApiVersionParameter"),
        ("?api-version", "MissingApiVersionParameter"), ("?other=1", "MissingApiVersionParameter"),
        ("?api-version=1999-01-01", "UnsupportedApiVersionValue"),
        ("?api-version=ApiVersion.V1999_01_01", "UnsupportedApiVersionValue"),
        ("?api-version=%FF", "UnsupportedApiVersionValue"),
    ])
    func refusedVersions(query: String, code: String) async throws {
        let users = database.users
        try await withClient { client in
            let response = try await Self.send(client, .post, "/identities" + query)
            #expect(response.status == .badRequest)
            #expect(try Self.errorCode(response) == code)
            #expect(try await users.count() == 0)
        }
    }

    @Test(
        arguments: [
            ("{", "InvalidRequestBody", nil), ("[]", "InvalidRequestBody", nil), ("7", "InvalidRequestBody", nil),
            ("\u{0}", "InvalidRequestBody", nil),
            (#"{"createTokenWithScopes":"voip"}"#, "InvalidRequestBody", "createTokenWithScopes"),
            (#"{"createTokenWithScopes":["voip",1]}"#, "InvalidRequestBody", "createTokenWithScopes[1]"),
            (#"{"createTokenWithScopes":["all"]}"#, "ValidationError", "scopes"),
            (#"{"createTokenWithScopes":["voip"],"expiresInMinutes":59}"#, "ValidationError", "expiresInMinutes"),
            (#"{"createTokenWithScopes":["voip"],"expiresInMinutes":1441}"#, "ValidationError", "expiresInMinutes"),
            (#"{"createTokenWithScopes":["voip"],"expiresInMinutes":60.5}"#, "InvalidRequestBody", "expiresInMinutes"),
            (#"{"createTokenWithScopes":["voip"],"expiresInMinutes":1e99}"#, "InvalidRequestBody", "expiresInMinutes"),
            (String(repeating: "[", count: 5000), "InvalidRequestBody", nil),
        ] as [(String, String, String?)])
    func badBodiesWriteNothing(body: String, code: String, target: String?) async throws {
        let users = database.users
        try await withClient { client in
            let response = try await Self.send(client, .post, "/identities" + Self.version, body)
            #expect(response.status == .badRequest)
            #expect(try Self.errorCode(response) == code)
            #expect((try Self.json(response)["error"] as? [String: Any])?["target"] as? String == target)
            #expect(try await users.count() == 0)
        }
    }

    @Test(arguments: ["", "{}", #"{"scopes":[]}"#, #"{"scopes":null}"#]) func issueNeedsScopes(
        body: String
    ) async throws {
        try await withClient { client in
            let userID = try await Self.createUser(client)
            let response = try await Self.send(
                client, .post, Self.path(userID) + "/:issueAccessToken" + Self.version, body)
            #expect(response.status == .badRequest)
        }
    }

    @Test func unknownAndMalformedUsers() async throws {
        try await withClient { client in
            let unknown = "8:acs:11111111-2222-3333-4444-555555555555_66666666-7777-8888-9999-aaaaaaaaaaaa"
            for (id, status) in [
                (unknown, HTTPResponse.Status.notFound), ("somebody", .badRequest), ("%2F..%2F", .badRequest),
            ] {
                let revoke = try await Self.send(
                    client, .post, Self.path(id) + "/:revokeAccessTokens" + Self.version)
                #expect(revoke.status == status)
                let delete = try await Self.send(client, .delete, Self.path(id) + Self.version)
                #expect(delete.status == status)
            }
        }
    }

    @Test func oversizedBodyIsRefusedWithoutReadingAll() async throws {
        let users = database.users
        try await withClient { client in
            let body = #"{"x":""# + String(repeating: "x", count: 10 << 20) + #""}"#
            let response = try await Self.send(client, .post, "/identities" + Self.version, body)
            #expect(response.status == .contentTooLarge)
            #expect(try Self.errorCode(response) == "RequestBodyTooLarge")
            #expect(try await users.count() == 0)
        }
    }

    @Test func unsignedRequestsAreRefused() async throws {
        let (userID, token) = try await identities.create(scopes: ["voip"])
        let bearer = "Bearer " + (try #require(token)).token
        try await withClient { client in
            let targets: [(HTTPRequest.Method, String)] = [
                (.post, "/identities" + Self.version), (.delete, Self.path(userID) + Self.version),
                (.post, Self.path(userID) + "/:issueAccessToken" + Self.version),
                (.post, Self.path(userID) + "/:revokeAccessTokens" + Self.version),
                (.post, "/teamsUser/:exchangeAccessToken" + Self.version), (.post, "/switchboard/v1/users"),
            ]
            for (method, target) in targets {
                for (authorization, code) in [(nil, "MissingAuthorization"), (bearer, "BearerNotSupported")] {
                    var headers = HTTPFields()
                    headers[.authorization] = authorization
                    let response = try await client.executeRequest(
                        uri: target, method: method, headers: headers, body: nil)
                    #expect(response.status == .unauthorized)
                    #expect(try Self.errorCode(response) == "Unauthorized")
                    let error = try Self.json(response)["error"] as? [String: Any]
                    #expect((error?["innererror"] as? [String: Any])?["code"] as? String == code)
                }
            }
        }
        #expect(try await verifier.verify(String(bearer.dropFirst(7))).userID == userID)
    }

    @Test func signatureOfAnotherRequestIsRefused() async throws {
        try await withClient { client in
            let userID = try await Self.createUser(client)
            var headers = HTTPFields()
            for (name, value) in SharedKeySigner(Self.connection).headers(
                method: "POST", target: "/identities" + Self.version, body: [], date: Date())
            {
                headers[try #require(HTTPField.Name(name))] = value
            }
            let response = try await client.executeRequest(
                uri: Self.path(userID) + "/:revokeAccessTokens" + Self.version, method: .post, headers: headers,
                body: nil)
            #expect(response.status == .unauthorized)
        }
    }

    @Test func tooManyRequests() async throws {
        try await withClient(issueLimit: 2, revokeLimit: 1) { client in
            let userID = try await Self.createUser(client)
            _ = try await Self.createUser(client)
            let third = try await Self.send(client, .post, "/identities" + Self.version)
            #expect(third.status == .tooManyRequests)
            #expect(third.headers[.retryAfter] == "15")
            #expect(try Self.errorCode(third) == "TooManyRequests")
            let revoke = Self.path(userID) + "/:revokeAccessTokens" + Self.version
            #expect(try await Self.send(client, .post, revoke).status == .noContent)
            let second = try await Self.send(client, .post, revoke)
            #expect(second.status == .tooManyRequests)
            #expect(second.headers[.retryAfter] == "30")
            // A request without a valid signature does not use up the budget of those that have one.
            #expect(
                try await client.executeRequest(uri: revoke, method: .post, headers: [:], body: nil).status
                    == .unauthorized)
        }
    }

    @Test func teamsExchangeIsRefusedInTheFormOfTheContract() async throws {
        try await withClient { client in
            let response = try await Self.send(
                client, .post, "/teamsUser/:exchangeAccessToken" + Self.version,
                #"{"token":"t","appId":"a","userId":"u"}"#)
            #expect(response.status == .forbidden)
            #expect(try Self.errorCode(response) == "TeamsExchangeNotSupported")
        }
    }

    @Test func otherMethodsAndPaths() async throws {
        try await withClient { client in
            let get = try await Self.send(client, .get, "/identities" + Self.version)
            #expect(get.status == .methodNotAllowed)
            #expect(get.headers[.allow] == "POST")
            #expect(try Self.errorCode(get) == "MethodNotAllowed")
            for target in ["/nothing", "/identities/a/:other", "/identities/a/b/c", "/teamsUser"] {
                let response = try await Self.send(client, .post, target + Self.version)
                #expect(response.status == .notFound)
                #expect(try Self.errorCode(response) == "RouteNotFound")
            }
        }
    }

    @Test func requestIdentifiersAreEchoed() async throws {
        try await withClient { client in
            let name = try #require(HTTPField.Name("x-ms-client-request-id"))
            for target in ["/identities" + Self.version, "/nothing"] {
                let response = try await Self.send(client, .post, target, headers: [name: "abc-1"])
                #expect(response.headers[name] == "abc-1")
                #expect(Self.header(response, "x-ms-request-id")?.count == 36)
            }
        }
    }

    @Test func namedUsers() async throws {
        let verifier = verifier
        try await withClient { client in
            let response = try await Self.send(
                client, .post, "/switchboard/v1/users", #"{"displayName":"Zoë","scopes":["voip.join"]}"#)
            #expect(response.status == .created)
            let object = try Self.json(response)
            let verified = try await verifier.verify(try #require(object["token"] as? String))
            #expect(verified.displayName == "Zoë")
            #expect(verified.scopes == ["voip.join"])
            #expect(object["userId"] as? String == verified.userID)
        }
    }

    @Test func developmentUsersNeedDevelopmentMode() async throws {
        let users = database.users
        let target = "/switchboard/v1/development/users"
        let body = ByteBuffer(string: #"{"displayName":"Ada"}"#)
        try await withClient { client in
            let response = try await client.executeRequest(uri: target, method: .post, headers: [:], body: body)
            #expect(response.status == .notFound)
            #expect(try Self.errorCode(response) == "DevelopmentModeOff")
            #expect(try await users.count() == 0)
        }
        let verifier = verifier
        try await withClient(isDevelopment: true) { client in
            let response = try await client.executeRequest(uri: target, method: .post, headers: [:], body: body)
            #expect(response.status == .created)
            let object = try Self.json(response)
            #expect(object["displayName"] as? String == "Ada")
            #expect(object["expiresOn"] is String)
            let verified = try await verifier.verify(try #require(object["token"] as? String))
            #expect(verified.scopes == ["voip"])
            for wrong in ["", "{}", #"{"displayName":""}"#, #"{"displayName":7}"#] {
                let refused = try await client.executeRequest(
                    uri: target, method: .post, headers: [:], body: ByteBuffer(string: wrong))
                #expect(refused.status == .badRequest)
            }
        }
    }

    @Test(arguments: ["gzip", "br", "GZIP", "identity, gzip"])
    func aCompressedBodyIsRefusedAsSuch(coding: String) async throws {
        try await withClient { client in
            let response = try await Self.send(
                client, .post, "/identities\(Self.version)", "\u{1F}\u{8B}\u{8}", headers: [.contentEncoding: coding])
            #expect(response.status == .unsupportedMediaType)
            let error = try #require(try Self.json(response)["error"] as? [String: Any])
            #expect(error["code"] as? String == "ContentEncodingNotSupported")
            let plain = try await Self.send(
                client, .post, "/identities\(Self.version)", "{}", headers: [.contentEncoding: "identity"])
            #expect(plain.status == .created)
        }
    }

    @Test(arguments: [(Readiness.starting, 503), (.ready, 200), (.draining, 503)])
    func operations(readiness: Readiness, status: Int) async throws {
        try await withClient(readiness: readiness) { client in
            let health = try await client.executeRequest(uri: "/healthz", method: .get, headers: [:], body: nil)
            #expect(health.status == .ok)
            let ready = try await client.executeRequest(uri: "/readyz", method: .get, headers: [:], body: nil)
            #expect(ready.status.code == status)
            let metrics = try await client.executeRequest(uri: "/metrics", method: .get, headers: [:], body: nil)
            #expect(String(buffer: metrics.body) == "a 1\n")
            for name in ["Forwarded", "X-Forwarded-For", "Via"] {
                let field = try #require(HTTPField.Name(name))
                let passedOn = try await client.executeRequest(
                    uri: "/metrics", method: .get, headers: [field: "192.0.2.1"], body: nil)
                #expect(passedOn.status == .forbidden)
            }
            let keys = try await client.executeRequest(
                uri: "/.well-known/jwks.json", method: .get, headers: [:], body: nil)
            #expect(try Self.json(keys)["keys"] is [Any])
        }
    }
}
