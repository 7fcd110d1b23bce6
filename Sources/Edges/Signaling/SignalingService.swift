public import Calling
public import Foundation
public import Logging
public import MediaVocabulary
internal import Metrics
internal import OrderedCollections

/// The signalling edge: takes the connections of clients, checks who they are, and keeps their sessions.
public actor SignalingService {
    private struct Entry {
        let session: SignalingSession
        /// Keys that resume the session, the newest last.
        var keys: [String]
    }

    /// Whether clients are taken.
    private enum Service {
        /// We take clients.
        case open
        /// We keep those we have.
        case closing
    }

    private let directory: CallDirectory
    private let tokens: any TokenVerifying
    private let clock: any CallClock
    private let wallClock: @Sendable () -> Date
    private let identifiers: IdentifierSource
    private let settings: SignalingSettings
    private let mediaServers: @Sendable (UserID) async -> MediaServers
    private let logger: Logger

    private var service = Service.open
    private var sessions: [EndpointID: Entry] = [:]
    private var endpointOfKey: [String: EndpointID] = [:]
    private var endpointsOfUser: [UserID: OrderedSet<EndpointID>] = [:]
    private var revocations = 0

    /// - Parameters:
    ///   - directory: the call plane.
    ///   - tokens: checks user access tokens.
    ///   - clock: the same clock as the call plane's.
    ///   - wallClock: the date, for the expiry of tokens.
    ///   - identifiers: makes session ids and resume keys; must be unpredictable in a server.
    ///   - mediaServers: the STUN and TURN servers that a user may use, with credentials made at that moment.
    public init(
        directory: CallDirectory, tokens: any TokenVerifying, clock: any CallClock,
        wallClock: @escaping @Sendable () -> Date = { Date() }, identifiers: IdentifierSource,
        settings: SignalingSettings = SignalingSettings(),
        mediaServers: @escaping @Sendable (UserID) async -> MediaServers = { _ in .none }, logger: Logger
    ) {
        self.directory = directory
        self.tokens = tokens
        self.clock = clock
        self.wallClock = wallClock
        self.identifiers = identifiers
        self.settings = settings
        self.mediaServers = mediaServers
        self.logger = logger
    }

    /// What a connection is to send before it closes itself with 1009 for too large a frame.
    public static let oversizeNotice = ServerMessage.error(
        to: nil, SignalingError(.malformedMessage, "A frame may have at most \(MessageLimits.frameBytes / 1_024) KiB.")
    ).json.text

    // MARK: Connections

    /// Takes a new connection. Hand its text frames to the channel one after another, and tell it when the connection
    /// is over.
    public func accept(_ connection: any SignalingConnection) async -> SignalingChannel {
        let channel = SignalingChannel(connection: connection, service: self, clock: clock)
        await channel.awaitHello(for: settings.helloTimeout)
        return channel
    }

    /// Serves a connection until its messages end.
    public nonisolated func serve(_ messages: AsyncStream<String>, on connection: any SignalingConnection) async {
        let channel = await accept(connection)
        for await message in messages {
            await channel.receive(message)
        }
        await channel.closed()
    }

    /// Checks a `hello` and gives back the session that it resumes or begins, and the number of the connection in it.
    func admit(
        _ hello: ClientMessage.Hello, on connection: any SignalingConnection
    ) async throws(SignalingError) -> (session: SignalingSession, link: Int) {
        let token = try await verify(hello.token)
        switch service {
        case .open: break
        case .closing: throw SignalingError(.serverClosing, "The server is stopping.")
        }
        guard token.permissions.allows(.signIn) else { throw SignalingError(.missingScope, act: .signIn) }
        if let key = hello.replaces, let replaced = session(of: key), replaced.user == token.user {
            await replaced.end(.applicationClosed, "replaced by another session of the same device")
        }
        if let resumed = await resume(hello, token, on: connection) { return resumed }
        await makeRoom(for: token.user)
        let endpoint = await freeEndpoint(like: hello.endpoint, of: token.user)
        // After the last suspension, so that many hellos at once are not all counted before the first.
        try requireRoom(for: token.user)
        let key = newKey()
        let session = SignalingSession(
            sessionID: identifiers.guid(), endpoint: endpoint,
            displayName: hello.displayName ?? token.displayName ?? "", token: token,
            surroundings: SignalingSession.Surroundings(
                service: self, directory: directory, clock: clock, wallClock: wallClock, settings: settings,
                mediaServers: mediaServers, logger: logger))
        sessions[endpoint] = Entry(session: session, keys: [key])
        endpointOfKey[key] = endpoint
        endpointsOfUser[token.user, default: []].append(endpoint)
        return (session, await session.open(on: connection, resumeKey: key))
    }

    private func session(of key: String) -> SignalingSession? {
        endpointOfKey[key].flatMap { sessions[$0]?.session }
    }

    private func hasRoom(for user: UserID) -> Bool {
        (endpointsOfUser[user]?.count ?? 0) < settings.sessionsPerUser
    }

    /// Where a user is signed in at too many endpoints, sessions whose clients are away make way, the oldest first.
    private func makeRoom(for user: UserID) async {
        for endpoint in endpointsOfUser[user] ?? [] where !hasRoom(for: user) {
            _ = await sessions[endpoint]?.session.endIfAway()
        }
    }

    private func requireRoom(for user: UserID) throws(SignalingError) {
        guard !hasRoom(for: user) else { return }
        let limit = "calls.sessionsPerUser"
        var error = SignalingError(
            .limitReached, "A user is signed in at most \(settings.sessionsPerUser) times.", target: limit)
        error.limit = limit
        throw error
    }

    /// Ends the session that a resume key belongs to, as its client would with `bye`. For pages that are being closed:
    /// what they still send over their connection does not always arrive.
    ///
    /// Says nothing about whether there is such a session.
    public func leave(_ resumeKey: String) async {
        await session(of: resumeKey)?.end(.applicationClosed, "bye")
    }

    private func resume(
        _ hello: ClientMessage.Hello, _ token: VerifiedToken, on connection: any SignalingConnection
    ) async -> (session: SignalingSession, link: Int)? {
        guard let old = hello.resume, let endpoint = endpointOfKey[old], let entry = sessions[endpoint],
            entry.session.user == token.user
        else { return nil }
        let key = newKey()
        // The old key stays good until the client has shown that it got the new one.
        sessions[endpoint]?.keys = [old, key]
        for dead in entry.keys where dead != old {
            endpointOfKey[dead] = nil
        }
        endpointOfKey[key] = endpoint
        guard let link = await entry.session.resume(on: connection, token: token, resumeKey: key) else { return nil }
        return (entry.session, link)
    }

    func keepOnlyNewestKey(of session: SignalingSession) {
        guard let keys = sessions[session.id]?.keys, let newest = keys.last else { return }
        for key in keys.dropLast() {
            endpointOfKey[key] = nil
        }
        sessions[session.id]?.keys = [newest]
    }

    private func newKey() -> String {
        "r-" + identifiers.key()
    }

    /// The endpoint id that a client asks for, unless another session has it: then a new one. A lost session of the
    /// same device makes way, for the device has evidently started anew.
    private func freeEndpoint(like wanted: EndpointID?, of user: UserID) async -> EndpointID {
        guard let wanted else { return EndpointID(identifiers.guid()) }
        if let holder = sessions[wanted]?.session {
            guard holder.user == user, await holder.endIfAway(), sessions[wanted] == nil else {
                return EndpointID(identifiers.guid())
            }
        }
        return wanted
    }

    func forget(_ session: SignalingSession) {
        guard let entry = sessions[session.id], entry.session === session else { return }
        for key in entry.keys {
            endpointOfKey[key] = nil
        }
        sessions[session.id] = nil
        endpointsOfUser[session.user]?.remove(session.id)
        if endpointsOfUser[session.user]?.isEmpty == true { endpointsOfUser[session.user] = nil }
    }

    // MARK: Tokens

    /// Checks a token; once more when anybody's tokens were revoked meanwhile.
    func verify(_ text: String) async throws(SignalingError) -> VerifiedToken {
        do throws(TokenRejection) {
            while true {
                let before = revocations
                let token = try await tokens.verify(text)
                if before == revocations { return token }
            }
        } catch {
            throw SignalingError(.unauthorized, error.message)
        }
    }

    /// Closes every session of the user at once, because the user's tokens were revoked or the user was deleted.
    public func revoke(_ user: UserID) async {
        revocations += 1
        for endpoint in endpointsOfUser[user] ?? [] {
            await sessions[endpoint]?.session.revoke("The tokens of this user were revoked.")
        }
    }

    // MARK: Stopping

    /// How many sessions there are, those waiting to be resumed included.
    public var sessionCount: Int {
        sessions.count
    }

    /// Takes no new clients and calls from now on, and tells all clients that the server stops.
    public func announceClosing(reason: String, inSeconds seconds: Int) async {
        service = .closing
        await directory.drain()
        for entry in sessions.values {
            await entry.session.push(.serverClosing(reason: reason, inSeconds: seconds))
        }
    }

    /// Ends every session and closes every connection with 1001.
    public func closeAll() async {
        service = .closing
        for entry in sessions.values {
            await entry.session.end(.serverClosing, close: .goingAway, "the server stops")
        }
    }
}

/// Counts a refusal by its word, and the bound that it is due to, if it is.
func count(_ refusal: SignalingError) {
    Counter(label: "switchboard_signalling_refusals", dimensions: [("reason", refusal.reason.rawValue)]).increment()
    if let limit = refusal.limit { countHit(of: limit) }
}

/// Counts that a client met a bound; see ``Swift/Array/signaling``.
func countHit(of limit: String) {
    Counter(label: "switchboard_limit_hits", dimensions: [("limit", limit)]).increment()
}
