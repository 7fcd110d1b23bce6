import Calling
import CallingTestSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import MediaVocabulary
import NIOCore
import ProtocolCore
import SDP
import Testing

@testable import WHIP

/// A server with nothing but these routes, a call plane, and somebody in the call who sees what the others see.
struct StreamStage: Sendable {
    /// A participant that only keeps its place.
    struct Person: Endpoint {
        let id: EndpointID
        let user: UserID
        let displayName: String

        init(_ name: String) {
            id = EndpointID("\(name)-endpoint")
            user = UserID("8:acs:\(name)")
            displayName = name
        }

        func ring(_ incoming: IncomingCall) async {}
        func stopRinging(_ call: CallID, reason: CallEndReason) async {}
        func notify(_ message: LegMessage) async {}
    }

    static let group = GroupID("6f1e2a60-4b0c-4a3e-9a5e-1d2f3c4b5a69")
    static let streamer = UserID("8:acs:streamer")

    let plane = AnsweringPlane()
    let clock = VirtualClock()
    let directory: CallDirectory
    let routes: WHIPRoutes

    init(
        limits: StreamLimits = StreamLimits(), callLimits: CallLimits = .standard, iceServers: [ICEServer] = [],
        allowsOrigin: @escaping @Sendable (String, String?) -> Bool = { _, _ in true }
    ) {
        directory = CallDirectory(
            media: plane, clock: clock, identifiers: IdentifierSource(SeededGenerator(seed: 7)),
            users: EverybodyExists(), limits: callLimits, logger: Logger(label: "test"))
        routes = WHIPRoutes(
            directory: directory, identifiers: IdentifierSource(SeededGenerator(seed: 8)),
            verify: { (token: String) async throws(TokenRefusal) in
                // "good:streamer:voip,chat"
                let parts = token.split(separator: ":").map(String.init)
                guard parts.count == 3, parts[0] == "good" else { throw TokenRefusal("The token is not valid.") }
                return TokenBearer(
                    user: UserID("8:acs:\(parts[1])"), scopes: Set(parts[2].split(separator: ",").map(String.init)),
                    displayName: "\(parts[1])'s token")
            },
            iceServers: { _ in iceServers }, allowsOrigin: allowsOrigin, limits: limits, logger: Logger(label: "test"))
    }

    func withClient(_ test: @escaping @Sendable (StreamClient) async throws -> Void) async throws {
        let router = Router(context: BasicRequestContext.self)
        routes.addRoutes(to: router)
        try await Application(router: router).test(.router) { client in try await test(StreamClient(client: client)) }
    }

    /// Somebody joins with the camera on or off.
    @discardableResult
    func join(_ name: String, camera: Bool = false, screen: Bool = false) async throws -> CallSnapshot {
        let person = Person(name)
        await directory.register(person)
        let setUp = try await directory.join(Self.group, from: person.id, isMuted: false)
        try await directory.setPublishing(camera: camera, screen: screen, in: setUp.snapshot.call, at: person.id)
        return setUp.snapshot
    }

    /// What somebody in the call sees of the others.
    func roster(of name: String) async -> [RosterEntry] {
        await directory.snapshots(for: Person(name).id).first?.participants ?? []
    }

    func session(_ opened: TestResponse, _ direction: StreamDirection) async throws -> StreamSession {
        let key = try #require(opened.headers[.location]?.split(separator: "/").last)
        return try await routes.sessions.session(String(key), direction, group: Self.group, of: Self.streamer)
    }
}

/// Requests as WHIP and WHEP programs make them.
struct StreamClient: Sendable {
    static let token = "Bearer good:streamer:voip"

    let client: any TestClientProtocol

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = "", type: String? = nil,
        authorization: String? = token, headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = headers
        headers[.contentType] = type
        headers[.authorization] = authorization
        return try await client.executeRequest(
            uri: path, method: method, headers: headers, body: ByteBuffer(string: body))
    }

    func post(
        _ direction: StreamDirection, _ offer: String, query: String = "", authorization: String? = token,
        group: String = StreamStage.group.rawValue, type: String? = "application/sdp", headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await send(
            .post, "/switchboard/v1/\(direction.rawValue)/\(group)\(query)", offer, type: type,
            authorization: authorization, headers: headers)
    }

    func patch(
        _ opened: TestResponse, _ fragment: String, ifMatch: String?, type: String = TrickleFragment.mediaType
    ) async throws -> TestResponse {
        var headers: HTTPFields = [:]
        headers[.ifMatch] = ifMatch
        return try await send(.patch, opened.headers[.location] ?? "", fragment, type: type, headers: headers)
    }

    func delete(_ opened: TestResponse, authorization: String? = token) async throws -> TestResponse {
        try await send(.delete, opened.headers[.location] ?? "", authorization: authorization)
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    /// The stable word of problem details.
    var problem: String? {
        guard headers[.contentType] == "application/problem+json" else { return nil }
        return text.firstMatch(of: /urn:switchboard:problem:([a-zA-Z]+)/).map { String($0.1) }
    }
}
