public import Calling
internal import HTTPTypes
public import Hummingbird
public import Logging
public import MediaVocabulary
internal import NIOCore
internal import SDP

/// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): any WebRTC program publishes into a group call or watches it with
/// one HTTP request.
///
/// ```swift
/// let whip = WHIPRoutes(directory: directory, identifiers: identifiers, verify: verify, logger: logger)
/// whip.addRoutes(to: router)
/// ```
public struct WHIPRoutes: Sendable {
    /// Where the endpoints are: `POST <prefix>/whip/{groupId}` and `POST <prefix>/whep/{groupId}`.
    static let prefix = "/switchboard/v1"

    let sessions: StreamSessions
    let verify: TokenCheck
    let iceServers: @Sendable (UserID) async -> [ICEServer]
    let crossOrigin: CrossOriginAccess
    let limits: StreamLimits

    /// - Parameters:
    ///   - directory: The call plane.
    ///   - identifiers: Makes the keys in session URLs; must be unpredictable in a server.
    ///   - verify: Checks user access tokens.
    ///   - iceServers: Which STUN and TURN servers a user is told of.
    ///   - allowsOrigin: Whether a web page of that origin may use the routes of that host.
    public init(
        directory: CallDirectory, identifiers: IdentifierSource, verify: @escaping TokenCheck,
        iceServers: @escaping @Sendable (UserID) async -> [ICEServer] = { _ in [] },
        allowsOrigin: @escaping @Sendable (_ origin: String, _ host: String?) -> Bool = { _, _ in true },
        limits: StreamLimits = StreamLimits(), logger: Logger
    ) {
        sessions = StreamSessions(
            StreamSession.Surroundings(directory: directory, identifiers: identifiers, logger: logger),
            limitPerUser: limits.sessionsPerUser)
        self.verify = verify
        self.iceServers = iceServers
        crossOrigin = CrossOriginAccess(allowsOrigin: allowsOrigin)
        self.limits = limits
    }

    /// Ends all sessions of a user whose tokens are void.
    public func revoke(_ user: UserID) async {
        await sessions.revoke(user)
    }

    /// Adds the endpoints and the URLs of their sessions.
    public func addRoutes(to router: Router<BasicRequestContext>) {
        for direction in StreamDirection.allCases {
            let endpoint = RouterPath("\(Self.prefix)/\(direction.rawValue)/{groupId}")
            let session = RouterPath("\(Self.prefix)/\(direction.rawValue)/{groupId}/{session}")
            add(.endpoint, at: endpoint, direction, to: router)
            add(.session, at: session, direction, to: router)
        }
    }

    private func add(
        _ place: StreamPlace, at path: RouterPath, _ direction: StreamDirection, to router: Router<BasicRequestContext>
    ) {
        // The other methods are reserved for later versions of the protocols and refused (RFC 9725 §4).
        for method in [HTTPRequest.Method.get, .head, .put, .post, .patch, .delete, .options] {
            router.on(path, method: method) { request, context in
                let streamRequest = StreamRequest(request, context, direction: direction, limits: limits)
                var response: Response
                do throws(Problem) {
                    response = try await answer(streamRequest, at: place)
                } catch {
                    response = error.response(
                        to: request.uri.path, hadToken: bearerToken(in: request.headers[.authorization]) != nil)
                }
                crossOrigin.addHeaders(to: &response, for: request, at: place)
                return response
            }
        }
    }

    private func answer(_ request: StreamRequest, at place: StreamPlace) async throws(Problem) -> Response {
        switch (place, request.method) {
        case (_, .options): return await options(request, at: place)
        case (.endpoint, .post): return try await open(request)
        case (.session, .patch): return try await patch(request)
        case (.session, .delete): return try await delete(request)
        default:
            throw Problem(
                .methodNotAllowed, "The method \(request.method.rawValue) has no meaning here.",
                allowedMethods: place.allowedMethods)
        }
    }

    // MARK: The three acts

    private func open(_ request: StreamRequest) async throws(Problem) -> Response {
        let bearer = try await authenticate(request)
        guard bearer.mayJoin else {
            throw Problem(
                .missingScope,
                "The token lacks the scope \(CallAct.join.sufficientScopeText).")
        }
        let group = try request.group
        try request.requireContentType("application/sdp")
        try request.requireAcceptance(of: "application/sdp")
        let displayName = try request.displayName ?? bearer.displayName ?? ""
        let pinned = request.direction == .whep ? request.pinned : nil
        let takesPart = try request.takesPart
        let offer = try StreamOffer(
            parsing: try await request.text(or: .malformedOffer), for: request.direction, takesPart: takesPart)
        let (session, opened) = try await sessions.open(
            request.direction, offer, group: group, user: bearer.user, displayName: displayName, pinned: pinned)
        var response = Response(
            status: .created, headers: [.contentType: "application/sdp", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: opened.answer)))
        response.headers[.location] = "\(Self.prefix)/\(request.direction.rawValue)/\(group)/\(session.key)"
        response.headers[.eTag] = "\"\(opened.entityTag)\""
        response.headers[named: "Accept-Patch"] = TrickleFragment.mediaType
        await addServers(to: &response, for: bearer.user)
        return response
    }

    /// Browsers ask before they may show a token; whoever shows one is told of the servers before the offer
    /// (RFC 9725 §4.6).
    private func options(_ request: StreamRequest, at place: StreamPlace) async -> Response {
        var response = place.options
        guard place == .endpoint, let bearer = try? await authenticate(request), bearer.mayJoin else { return response }
        response.headers[.cacheControl] = "no-store"
        await addServers(to: &response, for: bearer.user)
        return response
    }

    private func addServers(to response: inout Response, for user: UserID) async {
        for server in await iceServers(user) {
            response.headers.append(named: "Link", server.link)
        }
    }

    private func patch(_ request: StreamRequest) async throws(Problem) -> Response {
        let session = try await session(of: request)
        try request.requireContentType(TrickleFragment.mediaType)
        guard let header = request.headers[.ifMatch] else {
            throw Problem(.entityTagRequired, "A PATCH needs If-Match with the ETag of the session.")
        }
        let text = try await request.text(or: .malformedFragment)
        let fragment: TrickleFragment
        do throws(SDPError) {
            fragment = try TrickleFragment(parsing: text)
        } catch {
            throw Problem(.malformedFragment, "Line \(error.line): \(error.reason).")
        }
        switch try await session.patch(fragment, if: EntityTagCondition(header)) {
        case .trickled: return Response(status: .noContent)
        case .restarted(let text, let entityTag):
            return Response(
                status: .ok,
                headers: [
                    .contentType: TrickleFragment.mediaType, .eTag: "\"\(entityTag)\"", .cacheControl: "no-store",
                ],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }

    private func delete(_ request: StreamRequest) async throws(Problem) -> Response {
        await sessions.close(try await session(of: request))
        return Response(status: .ok)
    }

    private func session(of request: StreamRequest) async throws(Problem) -> StreamSession {
        let bearer = try await authenticate(request)
        return try await sessions.session(
            request.sessionKey, request.direction, group: try request.group, of: bearer.user)
    }

    private func authenticate(_ request: StreamRequest) async throws(Problem) -> TokenBearer {
        guard let token = bearerToken(in: request.headers[.authorization]) else {
            throw Problem(.unauthorized, "The request needs a header 'Authorization: Bearer <user access token>'.")
        }
        do throws(TokenRefusal) {
            return try await verify(token)
        } catch {
            throw Problem(.unauthorized, error.message)
        }
    }
}
