import Calling
import CallingTestSupport
import Foundation
import Logging
import MediaVocabulary
import ProtocolCore
import Synchronization
import Testing

@testable import Signaling

/// A whole call plane with signalling in front of it, in virtual time.
struct Stage {
    let clock = VirtualClock()
    let media = MediaPlaneDouble()
    let tokens = TokensDouble()
    let directory: CallDirectory
    let service: SignalingService
    /// By how many seconds the date is ahead of the clock that measures time.
    let dateJump: DateJump

    final class DateJump: Sendable {
        private let seconds = Mutex(0.0)

        func withLock(_ change: (inout Double) -> Void) { seconds.withLock { change(&$0) } }
        var value: Double { seconds.withLock { $0 } }
    }

    init(userLimits: UserLimits = .standard, settings: SignalingSettings = SignalingSettings()) {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let identifiers = IdentifierSource(SeededGenerator(seed: 1))
        let clock = self.clock
        let dateJump = DateJump()
        self.dateJump = dateJump
        directory = CallDirectory(
            media: media, clock: clock, identifiers: identifiers, users: EverybodyExists(),
            userLimits: userLimits, logger: logger)
        service = SignalingService(
            directory: directory, tokens: tokens, clock: clock,
            wallClock: { Stage.date(at: clock.now).addingTimeInterval(dateJump.value) },
            identifiers: identifiers, settings: settings,
            mediaServers: { user in
                MediaServers(
                    servers: [.init(urls: ["turn:example.com"], username: user.rawValue, credential: "secret")],
                    expiresInSeconds: 60)
            },
            logger: logger)
    }

    /// The date at an instant of the virtual clock.
    static func date(at instant: Instant) -> Date {
        Date(timeIntervalSince1970: 1_800_000_000 + (instant - .zero) / .seconds(1))
    }

    /// What a session of this stage's service stands on.
    var surroundings: SignalingSession.Surroundings {
        SignalingSession.Surroundings(
            service: service, directory: directory, clock: clock, wallClock: { Stage.date(at: .zero) },
            settings: SignalingSettings(),
            mediaServers: { _ in MediaServers(servers: [], expiresInSeconds: 60) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Opens a connection without saying anything.
    func connect() async -> Client {
        let connection = ConnectionDouble()
        return Client(connection: connection, channel: await service.accept(connection), clock: clock)
    }

    /// Opens a connection and says hello. The token of a person is its name; see `TokensDouble`.
    func signIn(
        _ name: String, token: String? = nil, endpoint: String? = nil, resume: String? = nil, replaces: String? = nil
    ) async -> Client {
        let client = await connect()
        await client.hello(name, token: token, endpoint: endpoint, resume: resume, replaces: replaces)
        return client
    }

    /// Two people in a 1:1 call.
    func talking(_ caller: Client, _ callee: Client, _ target: String) async -> String {
        let reply = await caller.request("call.start", ["targets": [.string("8:acs:\(target)")]])
        let call = reply["call"]?["callId"]?.string ?? ""
        await callee.request("call.accept", ["callId": .string(call)])
        return call
    }
}

/// The tokens of a test: `name`, or `name/scope,scope`, or `name@seconds` for one that expires then.
final class TokensDouble: TokenVerifying {
    private let clockless = Mutex<Set<UserID>>([])

    func refuse(_ user: String) {
        clockless.withLock { _ = $0.insert(UserID("8:acs:\(user)")) }
    }

    func verify(_ token: String) async throws(TokenRejection) -> VerifiedToken {
        let parts = token.split(separator: "@")
        let named = (parts.first ?? "").split(separator: "/")
        guard let name = named.first, name != "bad" else { throw TokenRejection("The token is not signed by us.") }
        let user = UserID("8:acs:\(name)")
        guard !clockless.withLock({ $0.contains(user) }) else { throw TokenRejection("The token was revoked.") }
        let scopes = named.count > 1 ? named[1].split(separator: ",").map { String($0) } : ["voip"]
        let lifetime = parts.count > 1 ? Double(parts[1]) ?? 0 : 86_400
        return VerifiedToken(
            user: user, scopes: Set(scopes), expiresOn: Stage.date(at: .zero).addingTimeInterval(lifetime),
            issuedAt: Stage.date(at: .zero))
    }
}

/// A connection whose other end is the test.
final class ConnectionDouble: SignalingConnection {
    private struct State {
        var unread: [JSONValue] = []
        var closeCode: UInt16?
        var isAdmitted = false
    }

    private let state = Mutex(State())

    func send(_ text: String) {
        state.withLock { state in
            guard state.closeCode == nil else { return }
            guard let message = JSONValue(text: text) else {
                Issue.record("The server sent no JSON: \(text)")
                return
            }
            state.unread.append(message.canonical)
        }
    }

    func close(code: UInt16, reason: String) {
        state.withLock { state in
            state.closeCode = state.closeCode ?? code
        }
    }

    func admit() {
        state.withLock { $0.isAdmitted = true }
    }

    var isAdmitted: Bool {
        state.withLock { $0.isAdmitted }
    }

    var closeCode: UInt16? {
        state.withLock { $0.closeCode }
    }

    /// What has come and was not read yet, oldest first.
    var unread: [JSONValue] {
        state.withLock { $0.unread }
    }

    /// Reads the first message that fits; nil when none has come.
    func take(_ fits: (JSONValue) -> Bool) -> JSONValue? {
        state.withLock { state in
            state.unread.firstIndex(where: fits).map { state.unread.remove(at: $0) }
        }
    }

    func takeAll() -> [JSONValue] {
        state.withLock { state in
            defer { state.unread.removeAll() }
            return state.unread
        }
    }
}

/// A client in a test.
final class Client: Sendable {
    let connection: ConnectionDouble
    let channel: SignalingChannel
    let clock: VirtualClock
    private let lastID = Mutex(0)

    init(connection: ConnectionDouble, channel: SignalingChannel, clock: VirtualClock) {
        self.connection = connection
        self.channel = channel
        self.clock = clock
    }

    func send(_ message: JSONValue) async {
        await channel.receive(message.text)
    }

    func send(text: String) async {
        await channel.receive(text)
    }

    func hello(
        _ name: String, token: String? = nil, endpoint: String? = nil, resume: String? = nil, replaces: String? = nil
    ) async {
        var members: [JSONValue.Member] = [
            .init(name: "type", value: "hello"), .init(name: "version", value: 1),
            .init(name: "token", value: .string(token ?? name)), .init(name: "displayName", value: .string(name)),
        ]
        if let endpoint { members.append(.init(name: "endpointId", value: .string(endpoint))) }
        if let resume { members.append(.init(name: "resume", value: .string(resume))) }
        if let replaces { members.append(.init(name: "replaces", value: .string(replaces))) }
        await send(.object(members))
    }

    /// Sends a request and gives back the reply or error.
    @discardableResult
    func request(_ type: String, _ members: JSONValue = [:]) async -> JSONValue {
        let id = lastID.withLock { id in
            id += 1
            return id
        }
        guard case .object(let given) = members else { return .null }
        await send(
            .object([.init(name: "type", value: .string(type)), .init(name: "id", value: .integer(id))] + given))
        guard let answer = connection.take({ $0["to"] == .integer(id) }) else {
            Issue.record("\(type) got no answer")
            return .null
        }
        return answer
    }

    /// Reads the next push of that type.
    func push(_ type: String) -> JSONValue? {
        connection.take { $0["type"]?.string == type && $0["to"] == nil }
    }

    /// The types of all that has come and was not read.
    var pending: [String] {
        connection.unread.map { $0["type"]?.string ?? "?" }
    }

    /// Sends signs of life while time passes.
    func stayAlive(for duration: Duration, others: Client...) async {
        var left = duration
        while left > .zero {
            let step = min(left, .seconds(5))
            await clock.advance(by: step)
            left -= step
            for client in [self] + others {
                await client.send(["type": "ping", "time": 1])
                _ = client.connection.take { $0["type"]?.string == "pong" }
            }
        }
    }
}

extension JSONValue {
    /// Reads what the server or a golden file says, which has none of the bounds of a client's message.
    init?(text: String) {
        let unbounded = JSONLimits(depth: 64, values: .max, nameBytes: .max, numberCharacters: .max)
        guard let value = try? JSONReader.read(text, limits: unbounded) else { return nil }
        self = value
    }

    var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    var integer: Int? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The `reason` of an error message.
    var refusal: String? {
        self["error"]?["reason"]?.string
    }

    /// `code/subCode` of an object that has them.
    var codes: String? {
        guard let code = self["code"]?.integer, let subCode = self["subCode"]?.integer else { return nil }
        return "\(code)/\(subCode)"
    }
}

extension JSONValue: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: JSONValue...) {
        self = .array(elements)
    }
}
