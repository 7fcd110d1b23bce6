internal import Calling
internal import Foundation
internal import Logging
internal import MediaVocabulary
internal import ProtocolCore
internal import Synchronization

/// One client at work: its user, its endpoint and its calls, over one connection after another.
///
/// Requests are carried out one by one. What the call plane tells about a call whose set-up the client has not heard of
/// yet waits until the reply with the snapshot is sent; the rest goes out at once, roster changes gathered a little.
actor SignalingSession {
    /// A connection of the session.
    struct Link: Sendable {
        /// Tells the connections of a session apart.
        let number: Int
        let connection: any SignalingConnection
    }

    /// Whether a client is there.
    private enum Presence {
        /// Nobody has been welcomed yet on the link.
        case opening(Link)
        /// The client is connected and knows where it stands.
        case attached(Link)
        /// The connection is lost; we wait for the client to come back.
        case away
        /// We are leaving our calls; the client, if there is one, still hears how they end.
        case ending(Link?)
        /// The session is over.
        case over
    }

    /// What a session needs from outside.
    struct Surroundings: Sendable {
        let service: SignalingService
        let directory: CallDirectory
        let clock: any CallClock
        let wallClock: @Sendable () -> Date
        let settings: SignalingSettings
        let mediaServers: @Sendable (UserID) async -> MediaServers
        let logger: Logger
    }

    /// News that a client missed, of calls that are over; beyond this many the oldest are dropped.
    static let missedLimit = 100
    /// How much may be told about calls whose snapshot is on its way; after more, the client has to come again.
    static let earlyLimit = 4_096

    nonisolated let sessionID: String
    nonisolated let id: EndpointID
    nonisolated let user: UserID
    nonisolated let displayName: String
    let surroundings: Surroundings

    private var presence = Presence.away
    private(set) var token: VerifiedToken
    /// Whether the token allows calls to ring here; read from outside, where nobody waits for this actor.
    private nonisolated let isRung: Atomic<Bool>
    private var budget: MessageBudget
    private var lastLinkNumber = 0
    private var lastHeard = Instant.zero
    var lines: [CallID: CallLine] = [:]
    /// Messages about calls of which the client has no snapshot yet.
    var early: [LegMessage] = []
    /// Whether some of it was lost, so that no snapshot can be followed.
    var isEarlyIncomplete = false
    var setUpsInProgress = 0
    /// Which incoming calls the client shows.
    var shown: Set<CallID> = []
    var missed: [ServerMessage] = []
    /// Whether the client may not have got the newest resume key.
    private var hasUnconfirmedKey = false
    private var heartbeatTimer: ScheduledAction?
    private var windowTimer: ScheduledAction?
    private var tokenTimer: ScheduledAction?

    init(
        sessionID: String, endpoint: EndpointID, displayName: String, token: VerifiedToken, surroundings: Surroundings
    ) {
        self.sessionID = sessionID
        id = endpoint
        user = token.user
        self.displayName = displayName
        self.token = token
        self.surroundings = surroundings
        isRung = Atomic(token.permissions.allows(.beCalled))
        budget = MessageBudget(surroundings.settings)
    }

    nonisolated var takesCalls: Bool {
        isRung.load(ordering: .relaxed)
    }

    var isOver: Bool {
        switch presence {
        case .ending, .over: true
        case .opening, .attached, .away: false
        }
    }

    // MARK: Connections

    /// Begins the session on its first connection. Gives back the number of the link.
    func open(on connection: any SignalingConnection, resumeKey: String) async -> Int {
        let link = begin(on: connection)
        welcome(link, resumeKey: resumeKey, calls: [], isResumed: false)
        await surroundings.directory.register(self)
        if isOver {
            await surroundings.directory.unregister(id, reason: .applicationClosed)
        }
        return link.number
    }

    /// Goes on over another connection. Gives back the number of the link; nil when the session is over.
    func resume(
        on connection: any SignalingConnection, token: VerifiedToken, resumeKey: String
    ) async -> Int? {
        guard token.permissions.includes(self.token.permissions) else {
            // Its calls may hold what the new token does not allow.
            await end(.unauthorized)
            return nil
        }
        switch presence {
        case .ending, .over: return nil
        case .opening(let old), .attached(let old):
            old.connection.close(.resumedElsewhere, "the session was resumed on another connection")
        case .away: break
        }
        self.token = token
        let wasRung = isRung.exchange(token.permissions.allows(.beCalled), ordering: .relaxed)
        windowTimer?.cancel()
        let link = begin(on: connection)
        let sequences = lines.mapValues(\.roster.sequence)
        lines.values.forEach { $0.flush?.cancel() }
        lines.removeAll()
        setUpsInProgress += 1
        await surroundings.directory.setSignallingLost(false, at: id)
        let snapshots = await surroundings.directory.snapshots(for: id)
        guard isCurrent(link) else {
            finishSetUp()
            return link.number
        }
        let calls = snapshots.map { snapshot in
            ServerMessage.Snapshot(call: snapshot, rosterSequence: sequences[snapshot.call] ?? 0)
        }
        welcome(link, resumeKey: resumeKey, calls: calls, isResumed: true)
        missed.forEach { link.connection.send($0) }
        missed.removeAll()
        shown.removeAll()
        calls.forEach { startLine($0) }
        finishSetUp()
        if takesCalls, !wasRung { await surroundings.directory.register(self) }
        for incoming in await surroundings.directory.incomingCalls(for: id) {
            ring(incoming)
        }
        return link.number
    }

    private func begin(on connection: any SignalingConnection) -> Link {
        lastLinkNumber += 1
        let link = Link(number: lastLinkNumber, connection: connection)
        presence = .opening(link)
        lastHeard = surroundings.clock.now
        watchHeartbeat(of: link)
        watchToken()
        return link
    }

    private func welcome(
        _ link: Link, resumeKey: String, calls: [ServerMessage.Snapshot], isResumed: Bool
    ) {
        presence = .attached(link)
        hasUnconfirmedKey = true
        let settings = surroundings.settings
        link.connection.send(
            .welcome(
                ServerMessage.Welcome(
                    user: user, displayName: displayName, session: sessionID, endpoint: id, resume: resumeKey,
                    isResumed: isResumed, resumeWindowSeconds: Int(settings.resumeWindow.components.seconds),
                    heartbeatSeconds: Int(settings.heartbeat.components.seconds), expiresOn: token.expiresOn,
                    calls: calls)))
        remindOfExpiry(now: surroundings.wallClock())
    }

    private func isCurrent(_ link: Link) -> Bool {
        self.link?.number == link.number
    }

    private var link: Link? {
        switch presence {
        case .opening(let link), .attached(let link): link
        case .away, .ending, .over: nil
        }
    }

    /// The connection of a client that has been welcomed.
    var audience: (any SignalingConnection)? {
        switch presence {
        case .attached(let link): link.connection
        case .ending(let link): link?.connection
        case .opening, .away, .over: nil
        }
    }

    /// The connection is lost: the calls wait for the client to come back.
    func linkLost(_ number: Int) async {
        guard link?.number == number else { return }
        presence = .away
        heartbeatTimer?.cancel()
        lines.values.forEach { $0.flush?.cancel() }
        windowTimer = surroundings.clock.schedule(
            at: surroundings.clock.now + surroundings.settings.resumeWindow
        ) { [weak self] in
            await self?.windowOver(number)
        }
        await surroundings.directory.setSignallingLost(true, at: id)
    }

    private func windowOver(_ number: Int) async {
        switch presence {
        case .away where lastLinkNumber == number:
            countHit(of: "signalling.resumeWindow")
            await end(.networkLost)
        case .opening, .attached, .away, .ending, .over: break
        }
    }

    /// Ends the session: its calls are left for that reason and the connection, if there is one, is closed.
    func end(
        _ reason: CallEndReason, close: CloseCode = .normal, _ text: String = "", telling error: SignalingError? = nil
    ) async {
        guard !isOver else { return }
        let link = self.link
        presence = .ending(link)
        heartbeatTimer?.cancel()
        windowTimer?.cancel()
        tokenTimer?.cancel()
        await surroundings.directory.unregister(id, reason: reason)
        presence = .over
        if let error {
            link?.connection.send(.error(to: nil, error))
        }
        link?.connection.close(close, text)
        lines.values.forEach { $0.flush?.cancel() }
        lines.removeAll()
        await surroundings.service.forget(self)
    }

    /// Ends the session if its client is not connected; false when it is.
    func endIfAway() async -> Bool {
        switch presence {
        case .opening, .attached: return false
        case .away:
            await end(.applicationClosed)
            return true
        case .ending, .over: return true
        }
    }

    // MARK: Signs of life and the token

    /// What becomes of a message of the client.
    enum Hearing: Sendable {
        case taken
        /// It came over a connection that is no longer the session's.
        case stale
        case tooMuch(MessageBudget.Excess)
    }

    /// Notes a message of the client, of that size.
    func heard(_ bytes: Int, on linkNumber: Int) async -> Hearing {
        guard link?.number == linkNumber else { return .stale }
        if let excess = budget.admit(bytes: bytes, now: surroundings.clock.now) { return .tooMuch(excess) }
        guard await hasValidToken() else { return .stale }
        lastHeard = surroundings.clock.now
        if hasUnconfirmedKey {
            // The client has its new resume key, so the one before is of no more use.
            hasUnconfirmedKey = false
            await surroundings.service.keepOnlyNewestKey(of: self)
        }
        return .taken
    }

    private func watchHeartbeat(of link: Link) {
        heartbeatTimer?.cancel()
        let deadline = lastHeard + surroundings.settings.heartbeat * 3
        heartbeatTimer = surroundings.clock.schedule(at: deadline) { [weak self] in
            await self?.heartbeatDue(link)
        }
    }

    private func heartbeatDue(_ link: Link) async {
        guard isCurrent(link) else { return }
        if surroundings.clock.now >= lastHeard + surroundings.settings.heartbeat * 3 {
            link.connection.close(.heartbeatMissed, "no message within three heartbeats")
            await linkLost(link.number)
        } else if await hasValidToken() {
            watchHeartbeat(of: link)
        }
    }

    /// Takes a new token of the same user.
    func replaceToken(_ token: VerifiedToken) async {
        self.token = token
        watchToken()
        let isRung = token.permissions.allows(.beCalled)
        let wasRung = self.isRung.exchange(isRung, ordering: .relaxed)
        if isRung, !wasRung, !isOver { await surroundings.directory.register(self) }
    }

    /// Ends the session when its token has expired. A timer alone would be too late after the machine was suspended or its
    /// clock was put forward, for it measures the time that has passed and not the date.
    private func hasValidToken() async -> Bool {
        guard token.expiresOn <= surroundings.wallClock() else { return true }
        await revoke("The token has expired.")
        return false
    }

    private func watchToken() {
        tokenTimer?.cancel()
        let now = surroundings.wallClock()
        let notice = surroundings.settings.expiryNotice
        let left = Duration.seconds(token.expiresOn.timeIntervalSince(now))
        let wait = left > notice ? left - notice : max(left, .zero)
        tokenTimer = surroundings.clock.schedule(at: surroundings.clock.now + wait) { [weak self] in
            await self?.tokenDue()
        }
    }

    private func tokenDue() async {
        guard await hasValidToken() else { return }
        remindOfExpiry(now: surroundings.wallClock())
        watchToken()
    }

    private func remindOfExpiry(now: Date) {
        let notice = now.addingTimeInterval(surroundings.settings.expiryNotice / .seconds(1))
        if token.expiresOn <= notice {
            audience?.send(.tokenExpiring(token.expiresOn))
        }
    }

    /// The token is void: the session ends at once.
    func revoke(_ message: String) async {
        await end(
            .unauthorized, close: .unauthorized, "the token is not valid any more",
            telling: SignalingError(.unauthorized, message))
    }

    /// Tells the client something that belongs to no call.
    func push(_ message: ServerMessage) {
        audience?.send(message)
    }

    // MARK: Requests

    /// Carries out one request of the client on that link and answers it there.
    func handle(_ request: ClientMessage.Request, id number: Int, on linkNumber: Int) async {
        let answer: ServerMessage
        let line: ServerMessage.Snapshot?
        let isSetUp = request.setsUpCall
        if isSetUp {
            setUpsInProgress += 1
        }
        do throws(SignalingError) {
            let reply = try await perform(request)
            answer = .reply(to: number, reply)
            line = reply.snapshot
        } catch {
            count(error)
            answer = .error(to: number, error)
            line = nil
        }
        if let link, link.number == linkNumber {
            link.connection.send(answer)
            if let line {
                startLine(line)
            }
        } else if let call = line?.call.call, !isOver, link != nil, lines[call] == nil {
            // Resumed meanwhile: the client has no reply and no snapshot, so it does not know this call.
            await abandon(call)
        }
        if isSetUp {
            finishSetUp()
        }
    }

    /// The client turned the call away and shows it no more.
    func hide(_ call: CallID) {
        shown.remove(call)
    }

    private func abandon(_ call: CallID) async {
        do throws(CallRefusal) {
            try await surroundings.directory.hangUp(call, at: id)
        } catch {
            surroundings.logger.debug("already over", metadata: ["call": "\(call)"])
        }
    }

    /// From here on the client follows the call from this snapshot.
    private func startLine(_ snapshot: ServerMessage.Snapshot) {
        let call = snapshot.call.call
        lines[call] = CallLine(
            version: snapshot.call.version,
            roster: RosterCoalescer(
                interval: surroundings.settings.rosterInterval, sequence: snapshot.rosterSequence))
        shown.remove(call)
        guard !isEarlyIncomplete else {
            link?.connection.close(.tooManyMessages, "too much has happened meanwhile; resume the session")
            return
        }
        let waiting = early.filter { $0.call == call }
        early.removeAll { $0.call == call }
        waiting.forEach { deliver($0) }
    }

    private func finishSetUp() {
        setUpsInProgress -= 1
        if setUpsInProgress == 0 {
            early.removeAll()
            isEarlyIncomplete = false
        }
    }
}

extension ClientMessage.Request {
    /// Whether the reply brings the first snapshot of a call.
    fileprivate var setsUpCall: Bool {
        switch self {
        case .start, .join, .accept: true
        case .token, .reject, .hangUp, .add, .remove, .mute, .muteParticipants, .hold, .publish, .signal, .offer,
            .receive, .dataRecipients, .servers:
            false
        }
    }
}

extension ServerMessage.Reply {
    fileprivate var snapshot: ServerMessage.Snapshot? {
        switch self {
        case .call(let snapshot, _): snapshot
        case .done, .participant, .media, .servers: nil
        }
    }
}
