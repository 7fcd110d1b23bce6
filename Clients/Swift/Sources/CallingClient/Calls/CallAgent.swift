internal import ClientTransport
internal import DTLS
internal import Foundation

/// What happens to an agent.
public enum CallAgentEvent: Sendable {
    case incomingCall(IncomingCall)
    case callAdded(Call)
    case callRemoved(Call)
    /// The connection to the server is gone, and is being taken up.
    case interrupted
    case resumed
    /// It is over, for this reason if it was not disposed.
    case disposed(CallingError?)
}

/// A user at a server: makes calls and takes them.
public actor CallAgent {
    public nonisolated let identifier: CommunicationUserIdentifier
    private nonisolated let broadcast = Broadcast<CallAgentEvent>()
    public private(set) var calls: [Call] = []
    private var ringing: [String: IncomingCall] = [:]

    private let signalling: SignallingSession
    private let loop: TransportLoop
    private let identity: DTLSIdentity
    private let relays: RelayServers
    /// Pushes about a call that come before its reply has been worked off.
    private var early: [String: [(type: String, data: Data)]] = [:]
    private var isStarting = 0
    private var reader: Task<Void, Never>?

    init(
        _ welcome: Wire.Welcome, signalling: SignallingSession, loop: TransportLoop, identity: DTLSIdentity,
        trust: ServerTrust
    ) {
        identifier = CommunicationUserIdentifier(welcome.userId)
        self.signalling = signalling
        self.loop = loop
        self.identity = identity
        relays = RelayServers(signalling: signalling, trust: trust)
    }

    /// What happens, from now on; for the first listener from the beginning.
    public nonisolated var events: AsyncStream<CallAgentEvent> { broadcast.stream() }

    func start() {
        reader = Task { [weak self, events = signalling.events] in
            for await event in events { await self?.handle(event) }
        }
        // So that the first call need not wait for it.
        Task { [relays] in _ = await relays.current() }
    }

    // MARK: Calls

    /// Calls one user, or several in a group.
    public func startCall(
        participants: [CommunicationUserIdentifier], options: CallOptions = CallOptions()
    ) async throws -> Call {
        try await setUp(
            "call.start", ["targets": .array(participants.map { .string($0.rawId) })], options)
    }

    /// Joins the call with this GUID, and makes it if nobody is in it.
    public func join(groupId: String, options: CallOptions = CallOptions()) async throws -> Call {
        try await setUp("call.join", ["groupId": .string(groupId.lowercased())], options)
    }

    func accept(_ incoming: IncomingCall, _ options: CallOptions) async throws -> Call {
        let call = try await setUp("call.accept", ["callId": .string(incoming.id)], options)
        ringing[incoming.id] = nil
        return call
    }

    func reject(_ incoming: IncomingCall, isBusy: Bool) async throws {
        _ = try await signalling.request(
            "call.reject", ["callId": .string(incoming.id), "reason": isBusy ? "busy" : "declined"],
            as: Wire.Empty.self)
        ringing[incoming.id] = nil
    }

    /// Ends every call and the connection.
    public func dispose() async {
        for call in calls { await call.end(CallEndReason(code: 0, subCode: 4521)) }
        calls = []
        await signalling.close()
    }

    private func setUp(_ type: String, _ members: [String: JSONValue], _ options: CallOptions) async throws -> Call {
        let (events, continuation) = AsyncStream.makeStream(of: ClientSession.Event.self)
        let report: @Sendable (ClientSession.Event) -> Void = { continuation.yield($0) }
        let media = try await CallMedia.open(
            on: loop, identity: identity, options: options, relays: relays, report: report)
        isStarting += 1
        defer { isStarting -= 1 }
        var members = members
        members["muted"] = .bool(options.isMuted)
        members["media"] = .object(await media.offer())
        let reply: Wire.CallReply
        do {
            reply = try await signalling.request(type, members, as: Wire.CallReply.self)
            guard let answer = reply.media else {
                throw CallingError(.mediaNegotiationFailed, "The server did not answer the media offer.")
            }
            try await media.accept(answer)
        } catch {
            continuation.finish()
            await media.close()
            throw error
        }
        let call = Call(reply.call, signalling: signalling, media: media, options: options) { [loop, relays] in
            // Another certificate tells the server that this is another transport.
            let identity = try DTLSIdentity.generate(unixTime: Int64(Date().timeIntervalSince1970))
            return try await CallMedia.open(
                on: loop, identity: identity, options: options, relays: relays, report: report)
        }
        calls.append(call)
        broadcast.send(.callAdded(call))
        Task {
            for await event in events { await call.handle(event) }
        }
        for push in early.removeValue(forKey: call.id) ?? [] { await call.handle(push.type, push.data) }
        await call.requestPictures()
        Task { [weak self] in
            for await _ in call.lifetime {}
            continuation.finish()
            await self?.remove(call)
        }
        return call
    }

    private func remove(_ call: Call) {
        guard calls.contains(where: { $0 === call }) else { return }
        calls.removeAll { $0 === call }
        broadcast.send(.callRemoved(call))
    }

    // MARK: News

    private func handle(_ event: SignallingSession.Event) async {
        switch event {
        case .push(let type, let data):
            await handle(type, data)
        case .interrupted:
            broadcast.send(.interrupted)
        case .welcomed(let welcome):
            await takeUp(welcome)
        case .closed(let error):
            let reason = CallEndReason(
                code: error == nil ? 0 : 490, subCode: error == nil ? 4521 : 4502, message: error?.message ?? "")
            for call in calls { await call.end(reason) }
            broadcast.send(.disposed(error))
            broadcast.finish()
        }
    }

    private func takeUp(_ welcome: Wire.Welcome) async {
        broadcast.send(.resumed)
        for call in calls {
            if let snapshot = welcome.calls.first(where: { $0.callId == call.id }) {
                // Waits for replies, which come in meanwhile.
                Task { await call.take(snapshot) }
            } else {
                await call.end(CallEndReason(code: 490, subCode: 4502, message: "The call went on without us."))
            }
        }
    }

    private func handle(_ type: String, _ data: Data) async {
        let decoder = JSONDecoder()
        switch type {
        case "incomingCall":
            guard let wire = try? decoder.decode(Wire.IncomingCall.self, from: data), ringing[wire.callId] == nil
            else { return }
            let incoming = IncomingCall(wire, agent: self)
            ringing[wire.callId] = incoming
            broadcast.send(.incomingCall(incoming))
        case "incomingCallEnded":
            guard let wire = try? decoder.decode(Wire.IncomingCallEnded.self, from: data) else { return }
            ringing.removeValue(forKey: wire.callId)?.end(CallEndReason(wire.reason))
        default:
            guard let id = try? decoder.decode(Wire.OfCall.self, from: data).callId else { return }
            if let call = calls.first(where: { $0.id == id }) {
                await call.handle(type, data)
            } else if isStarting > 0, early[id, default: []].count < 64 {
                early[id, default: []].append((type, data))
            }
        }
    }
}
