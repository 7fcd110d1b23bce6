internal import Foundation

/// The conversation with the server: requests and their replies, pushes, heartbeat, and taking up a lost session.
actor SignallingSession {
    /// What comes without being asked for.
    enum Event: Sendable {
        /// A push with its type and its bytes.
        case push(String, Data)
        /// The connection is gone; it is being taken up.
        case interrupted
        /// A connection is there again, with the session of before or, when it had ended meanwhile, a new one.
        case welcomed(Wire.Welcome)
        /// It is over, and will not come back.
        case closed(CallingError?)
    }

    /// Waits between attempts to connect again.
    private static let pauses: [Duration] = [
        .zero, .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5),
    ]
    /// Beats of the heart that may be missed.
    private static let missedBeats = 3
    private static let replyTimeout: Duration = .seconds(20)

    private let server: URL
    private let trust: ServerTrust
    private let credential: CommunicationTokenCredential
    private let displayName: String?
    private let clock = ContinuousClock()

    nonisolated let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    private var connection: WebSocketConnection?
    private var welcome: Wire.Welcome?
    private var token = ""
    private var pending: [Int: CheckedContinuation<Data, any Error>] = [:]
    private var nextRequest = 1
    private var lastHeard: ContinuousClock.Instant
    private var isClosed = false
    private var opening: CheckedContinuation<Wire.Welcome, any Error>?
    private var heartbeat: Task<Void, Never>?

    init(server: URL, trust: ServerTrust, credential: CommunicationTokenCredential, displayName: String?) {
        self.server = server
        self.trust = trust
        self.credential = credential
        self.displayName = displayName
        lastHeard = clock.now
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        self.continuation = continuation
    }

    /// Connects for the first time.
    func open() async throws -> Wire.Welcome {
        token = try await credential.first()
        let welcome = try await connect()
        beat(every: welcome.heartbeatSeconds)
        return welcome
    }

    /// Ends the session; its calls are hung up.
    func close() {
        guard !isClosed else { return }
        try? send("bye", [:])
        connection?.close()
        finish(nil)
    }

    // MARK: Requests

    /// Asks the server for something and gives its reply.
    func request<Reply: Decodable & Sendable>(
        _ type: String, _ members: [String: JSONValue], as reply: Reply.Type
    ) async throws -> Reply {
        guard !isClosed else { throw CallingError(.agentDisposed, "The call agent has been disposed.") }
        guard connection != nil else { throw CallingError(.connectionLost, "There is no connection at present.") }
        let id = nextRequest
        nextRequest += 1
        let timeout = Task { [weak self] in
            try await Task.sleep(for: Self.replyTimeout)
            await self?.fail(id, CallingError(.connectionLost, "The server did not answer \(type) in time."))
        }
        defer { timeout.cancel() }
        var members = members
        members["id"] = .int(id)
        let fields = members
        let data = try await withCheckedThrowingContinuation { continuation in
            pending[id] = continuation
            do {
                try send(type, fields)
            } catch {
                fail(id, error)
            }
        }
        do {
            return try JSONDecoder().decode(Reply.self, from: data)
        } catch {
            throw CallingError(.protocolViolation, "The reply to \(type) has another form than expected: \(error)")
        }
    }

    private func fail(_ id: Int, _ error: any Error) {
        pending.removeValue(forKey: id)?.resume(throwing: error)
    }

    private func send(_ type: String, _ members: [String: JSONValue]) throws {
        var members = members
        members["type"] = .string(type)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        connection?.send(try encoder.encode(members))
    }

    // MARK: Connection

    private func connect() async throws -> Wire.Welcome {
        let connection: WebSocketConnection
        do {
            connection = try await WebSocketConnection.connect(to: server, trust: trust)
        } catch let error as CallingError {
            throw error
        } catch {
            throw CallingError(.connectionFailed, "No connection to the server at \(server): \(error)")
        }
        self.connection = connection
        lastHeard = clock.now
        var hello: [String: JSONValue] = ["version": 1, "token": .string(token)]
        hello["displayName"] = displayName.map { .string($0) }
        hello["endpointId"] = welcome.map { .string($0.endpointId) }
        hello["resume"] = welcome.map { .string($0.resume) }
        nextRequest = 1
        let fields = hello
        return try await withCheckedThrowingContinuation { continuation in
            opening = continuation
            Task { await self.read(connection) }
            do {
                try send("hello", fields)
            } catch {
                opening = nil
                continuation.resume(throwing: error)
            }
        }
    }

    private func read(_ connection: WebSocketConnection) async {
        var code: Int?
        do {
            for try await text in connection.messages { handle(Data(text.utf8)) }
        } catch let closure as WebSocketConnection.Closure {
            code = closure.code
        } catch {
            code = nil
        }
        // A connection that was replaced meanwhile says nothing any more.
        guard self.connection === connection else { return }
        self.connection = nil
        await lost(code)
    }

    private func handle(_ data: Data) {
        lastHeard = clock.now
        guard let head = try? JSONDecoder().decode(Wire.Head.self, from: data) else { return }
        switch (head.type, head.to) {
        case ("welcome", _):
            guard let welcome = try? JSONDecoder().decode(Wire.Welcome.self, from: data) else { return }
            self.welcome = welcome
            opening?.resume(returning: welcome)
            opening = nil
        case ("reply", let id?):
            pending.removeValue(forKey: id)?.resume(returning: data)
        case ("error", let id):
            guard let failure = try? JSONDecoder().decode(Wire.Failure.self, from: data) else { return }
            let error = CallingError(failure.error)
            if let id {
                fail(id, error)
            } else if let opening {
                self.opening = nil
                opening.resume(throwing: error)
            }
        case ("pong", _):
            break
        case ("tokenExpiring", _):
            Task { await renewToken() }
        default:
            continuation.yield(.push(head.type, data))
        }
    }

    private func renewToken() async {
        guard let next = try? await credential.next() else { return }
        token = next
        _ = try? await request("token", ["token": .string(next)], as: Wire.Empty.self)
    }

    /// The connection is gone: says so to whoever waits, and takes the session up where that has a point.
    private func lost(_ code: Int?) async {
        let error = CallingError(
            .connectionLost, "The connection to the server was lost\(code.map { " (close code \($0))" } ?? "").")
        for (_, continuation) in pending { continuation.resume(throwing: error) }
        pending = [:]
        if let opening {
            self.opening = nil
            opening.resume(throwing: error)
            return
        }
        guard !isClosed else { return }
        switch code {
        case 1000, 4400, 4409:
            finish(error)
        case 4401:
            guard let next = try? await credential.next() else { return finish(error) }
            token = next
            await takeUp(error)
        default:
            await takeUp(error)
        }
    }

    private func takeUp(_ error: CallingError) async {
        continuation.yield(.interrupted)
        let deadline = clock.now + .seconds(welcome?.resumeWindowSeconds ?? 60)
        for attempt in 0... {
            // Spread, so that the clients of a restarted server do not come back all at once.
            let pause = Self.pauses[min(attempt, Self.pauses.count - 1)] * Double.random(in: 0.75...1.25)
            guard clock.now + pause < deadline else { break }
            try? await Task.sleep(for: pause)
            guard !isClosed else { return }
            if let welcome = try? await connect() {
                continuation.yield(.welcomed(welcome))
                return
            }
        }
        finish(error)
    }

    private func finish(_ error: CallingError?) {
        guard !isClosed else { return }
        isClosed = true
        heartbeat?.cancel()
        continuation.yield(.closed(error))
        continuation.finish()
    }

    private func beat(every seconds: Int) {
        let interval = Duration.seconds(max(1, seconds))
        heartbeat = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                await self?.checkHeart(interval)
            }
        }
    }

    private func checkHeart(_ interval: Duration) {
        guard let connection else { return }
        if clock.now - lastHeard > interval * Self.missedBeats {
            connection.abort()
            return
        }
        try? send("ping", ["time": .int(Int(Date().timeIntervalSince1970 * 1000))])
    }
}
