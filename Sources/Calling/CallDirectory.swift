public import Logging
public import MediaVocabulary
internal import OrderedCollections
internal import ProtocolCore

/// Every call of this server and every endpoint at which users can be reached: the front door of the call plane.
///
/// Requests name the endpoint that makes them; what it has no part in does not exist for it.
public actor CallDirectory {
    /// A call as it is set up for one participant.
    public struct SetUp: Hashable, Sendable {
        /// What the participant sees.
        public var snapshot: CallSnapshot
        /// The answer to the offer that came with the request, if one did.
        public var media: MediaAnswer?

        public init(snapshot: CallSnapshot, media: MediaAnswer?) {
            self.snapshot = snapshot
            self.media = media
        }
    }

    /// How much is going on, for metrics.
    public struct Counts: Hashable, Sendable {
        /// Calls that have begun and are not over.
        public var calls = 0
        /// Participants of those calls, those who ring included.
        public var participants = 0
        /// Registered endpoints.
        public var endpoints = 0
        /// Calls since the start of the server.
        public var callsStarted = 0
    }

    /// Whether new calls are taken.
    private enum Service {
        /// We take calls.
        case open
        /// We keep the calls we have and take no new ones.
        case draining
    }

    /// How many calls that are over we remember, to say so instead of denying that they ever were.
    static let rememberedCalls = 1_000

    let media: any MediaPlane
    let clock: any CallClock
    let identifiers: IdentifierSource
    private let users: any UserRegistry
    private let limits: CallLimits
    private let logger: Logger
    private var loads: UserLoads

    private var service = Service.open
    private var calls: [CallID: Call] = [:]
    private var groups: [GroupID: CallID] = [:]
    private var endpoints: [EndpointID: any Endpoint] = [:]
    private var endpointsOfUser: [UserID: OrderedSet<EndpointID>] = [:]
    /// In which calls an endpoint rings or takes part, or did so since they began.
    private var callsOfEndpoint: [EndpointID: Set<CallID>] = [:]
    /// The other way round.
    private var endpointsOfCall: [CallID: Set<EndpointID>] = [:]
    /// By which calls a user was called since they began.
    private var callsToUser: [UserID: Set<CallID>] = [:]
    private var endedCalls: OrderedDictionary<CallID, Set<UserID>> = [:]
    private var usersOfCall: [CallID: Set<UserID>] = [:]
    private var listeners: [AsyncStream<CallEvent>.Continuation] = []
    private var tally = Counts()

    /// - Parameters:
    ///   - media: carries sound and pictures.
    ///   - clock: tells and keeps the time.
    ///   - identifiers: makes the ids of calls and participants.
    ///   - users: knows who can be called.
    public init(
        media: any MediaPlane, clock: any CallClock, identifiers: IdentifierSource, users: any UserRegistry,
        limits: CallLimits = .standard, userLimits: UserLimits = .standard, logger: Logger
    ) {
        self.media = media
        self.clock = clock
        self.identifiers = identifiers
        self.users = users
        self.limits = limits
        self.logger = logger
        loads = UserLoads(limits: userLimits)
    }

    // MARK: Endpoints

    /// Makes an endpoint reachable. Calls that ring its user ring there too. May be repeated when the endpoint has begun
    /// to take calls.
    public func register(_ endpoint: any Endpoint) async {
        endpoints[endpoint.id] = endpoint
        guard endpoint.takesCalls else { return }
        endpointsOfUser[endpoint.user, default: []].append(endpoint.id)
        for call in callsToUser[endpoint.user] ?? [] {
            link(endpoint, to: call)
            await calls[call]?.endpointAppeared(endpoint)
        }
    }

    /// Takes an endpoint away for good: it leaves its calls for that reason and rings no more.
    public func unregister(_ endpoint: EndpointID, reason: CallEndReason) async {
        guard let gone = endpoints.removeValue(forKey: endpoint) else { return }
        endpointsOfUser[gone.user]?.remove(endpoint)
        if endpointsOfUser[gone.user]?.isEmpty == true {
            endpointsOfUser[gone.user] = nil
        }
        for call in callsOfEndpoint.removeValue(forKey: endpoint) ?? [] {
            endpointsOfCall[call]?.remove(endpoint)
            await calls[call]?.endpointGone(endpoint, reason: reason)
        }
    }

    /// The connection to an endpoint is lost, or back. Its participants stay for `CallLimits.reconnect`.
    public func setSignallingLost(_ isLost: Bool, at endpoint: EndpointID) async {
        for call in callsOfEndpoint[endpoint] ?? [] {
            await calls[call]?.signalling(of: endpoint, isLost: isLost)
        }
    }

    /// The calls in which an endpoint takes part.
    public func snapshots(for endpoint: EndpointID) async -> [CallSnapshot] {
        var snapshots: [CallSnapshot] = []
        for call in (callsOfEndpoint[endpoint] ?? []).sorted() {
            if let snapshot = await calls[call]?.snapshot(at: endpoint) {
                snapshots.append(snapshot)
            }
        }
        return snapshots
    }

    /// The calls that ring at an endpoint.
    public func incomingCalls(for endpoint: EndpointID) async -> [IncomingCall] {
        var incoming: [IncomingCall] = []
        for call in (callsOfEndpoint[endpoint] ?? []).sorted() {
            if let ringing = await calls[call]?.incomingCall(at: endpoint) {
                incoming.append(ringing)
            }
        }
        return incoming
    }

    // MARK: Beginning calls

    /// Calls one user (1:1) or several (group).
    public func start(
        from endpoint: EndpointID, targets: [UserID], isMuted: Bool, context: CustomContext? = nil,
        media offer: MediaOffer? = nil
    ) async throws(CallRefusal) -> SetUp {
        try requireOpen()
        let caller = try registered(endpoint)
        let targets = Array(OrderedSet(targets))
        guard !targets.isEmpty else {
            throw .invalidTarget(nil, why: "A call needs somebody to be called.")
        }
        guard targets.count < limits.participants else { throw .callFull(limit: limits.participants) }
        try loads.reserve(for: caller.user)
        defer { loads.release(for: caller.user) }
        try loads.ring(targets.count, by: caller.user, now: clock.now)
        for target in targets {
            try await requireCallable(target, by: caller)
        }
        let call = try await openCall(group: nil)
        // Drawn up after the last suspension, so that nobody who signs in meanwhile is missed.
        var invitees = await withEndpoints(of: targets, ringingIn: call)
        for index in invitees.indices { invitees[index].context = context }
        note(caller, in: call)
        do throws(CallRefusal) {
            let participant = ParticipantID(identifiers.guid())
            let setUp = try await call.dial(
                from: caller, as: participant, invitees: invitees, isMuted: isMuted, offer: offer)
            await ringNewcomers(of: targets, beyond: invitees, in: call)
            return setUp
        } catch {
            await discard(call)
            throw error
        }
    }

    /// Joins the call of a group id; the first to join begins it.
    public func join(
        _ group: GroupID, from endpoint: EndpointID, isMuted: Bool, media offer: MediaOffer? = nil
    ) async throws(CallRefusal) -> SetUp {
        let joiner = try registered(endpoint)
        try loads.reserve(for: joiner.user)
        defer { loads.release(for: joiner.user) }
        var call = try await findOrOpen(group, by: joiner.user)
        if await call.machine.isEnded {
            // Its last participant has just left; the news is still on its way to us.
            forget(call.id)
            call = try await findOrOpen(group, by: joiner.user)
        }
        note(joiner, in: call)
        do throws(CallRefusal) {
            return try await call.join(
                from: joiner, as: ParticipantID(identifiers.guid()), isMuted: isMuted, offer: offer)
        } catch {
            if await !call.hasBegun {
                await discard(call)
            }
            throw error
        }
    }

    private func findOrOpen(_ group: GroupID, by user: UserID) async throws(CallRefusal) -> Call {
        if let call = groups[group].flatMap({ calls[$0] }) { return call }
        try requireOpen()
        try loads.ring(1, by: user, now: clock.now)
        let opened = try await openCall(group: group)
        if let call = groups[group].flatMap({ calls[$0] }) {
            // Another joiner was faster while our conference opened.
            await discard(opened)
            return call
        }
        groups[group] = opened.id
        return opened
    }

    private func openCall(group: GroupID?) async throws(CallRefusal) -> Call {
        let id = CallID(identifiers.guid())
        do {
            try await media.openConference(id)
        } catch {
            logger.error("no conference", metadata: ["call": "\(id)", "why": "\(error)"])
            throw .mediaUnavailable("The conference of call \(id) could not be opened: \(error)")
        }
        let call = Call(
            id: id, group: group, limits: limits,
            surroundings: Call.Surroundings(media: media, clock: clock, observer: self, logger: logger))
        calls[id] = call
        return call
    }

    /// Forgets a call that never began.
    private func discard(_ call: Call) async {
        guard calls[call.id] != nil else { return }
        forget(call.id)
        await media.closeConference(call.id)
    }

    // MARK: Ringing

    private func withEndpoints(of users: [UserID], ringingIn call: Call) async -> [CallStateMachine.Invitee] {
        var invitees: [CallStateMachine.Invitee] = []
        for user in users {
            invitees.append(await invitee(user, in: call))
        }
        return invitees
    }

    private func invitee(_ user: UserID, in call: Call) async -> CallStateMachine.Invitee {
        callsToUser[user, default: []].insert(call.id)
        usersOfCall[call.id, default: []].insert(user)
        let reachable = endpoints(of: user)
        for endpoint in reachable {
            link(endpoint, to: call.id)
            await call.introduce(endpoint)
        }
        let name = reachable.first { !$0.displayName.isEmpty }?.displayName ?? ""
        return CallStateMachine.Invitee(
            participant: ParticipantID(identifiers.guid()), user: user, displayName: name,
            endpoints: reachable.map(\.id))
    }

    /// Rings at endpoints that were registered while the call was being set up.
    private func ringNewcomers(
        of users: [UserID], beyond invitees: [CallStateMachine.Invitee], in call: Call
    ) async {
        let known = Set(invitees.flatMap(\.endpoints))
        for endpoint in users.flatMap({ endpoints(of: $0) }) where !known.contains(endpoint.id) {
            link(endpoint, to: call.id)
            await call.endpointAppeared(endpoint)
        }
    }

    private func endpoints(of user: UserID) -> [any Endpoint] {
        (endpointsOfUser[user] ?? []).compactMap { endpoints[$0] }
    }

    // MARK: Finding

    private func requireOpen() throws(CallRefusal) {
        switch service {
        case .open: break
        case .draining: throw .serverClosing
        }
    }

    private func requireCallable(_ target: UserID, by caller: any Endpoint) async throws(CallRefusal) {
        guard target != caller.user else {
            throw .invalidTarget(target, why: "Nobody can call themselves.")
        }
        if let refusal = target.refusalOfKind { throw .invalidTarget(target, why: refusal) }
        guard await users.contains(target) else { throw .userNotFound(target) }
    }

    func registered(_ endpoint: EndpointID) throws(CallRefusal) -> any Endpoint {
        guard let known = endpoints[endpoint] else {
            throw .invalidState("The endpoint is not registered.")
        }
        return known
    }

    private func link(_ endpoint: any Endpoint, to call: CallID) {
        callsOfEndpoint[endpoint.id, default: []].insert(call)
        endpointsOfCall[call, default: []].insert(endpoint.id)
    }

    private func note(_ endpoint: any Endpoint, in call: Call) {
        link(endpoint, to: call.id)
        usersOfCall[call.id, default: []].insert(endpoint.user)
    }

    /// The call, for a user who has or had a part in it.
    func call(_ id: CallID, for endpoint: any Endpoint) throws(CallRefusal) -> Call {
        if let call = calls[id], usersOfCall[id]?.contains(endpoint.user) == true {
            return call
        }
        if endedCalls[id]?.contains(endpoint.user) == true {
            throw .callEnded(id)
        }
        throw .callNotFound(id)
    }

    func call(_ id: CallID) -> Call? {
        calls[id]
    }

    func reserve(for user: UserID) throws(CallRefusal) {
        try loads.reserve(for: user)
    }

    func release(for user: UserID) {
        loads.release(for: user)
    }

    /// Calls a user into a running call and gives back who it will be there.
    public func add(
        _ target: UserID, to id: CallID, by endpoint: EndpointID
    ) async throws(CallRefusal) -> ParticipantID {
        let inviter = try registered(endpoint)
        let call = try call(id, for: inviter)
        try loads.ring(1, by: inviter.user, now: clock.now)
        try await requireCallable(target, by: inviter)
        let invitee = await invitee(target, in: call)
        try await call.apply(at: inviter) { .invite(invitee, by: $0) }
        await ringNewcomers(of: [target], beyond: [invitee], in: call)
        return invitee.participant
    }

    // MARK: Listening and stopping

    /// Everything that happens in all calls from now on.
    ///
    /// - Parameter limit: how many events wait for a slow listener; beyond that the oldest are dropped, which the
    ///   listener sees by the gap in `CallEvent.sequence`.
    public func events(bufferingNewest limit: Int = 4_096) -> AsyncStream<CallEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: CallEvent.self, bufferingPolicy: .bufferingNewest(limit))
        listeners.append(continuation)
        return stream
    }

    public var counts: Counts {
        var counts = tally
        counts.endpoints = endpoints.count
        return counts
    }

    /// Takes no new calls from now on; those that are on go on.
    public func drain() {
        service = .draining
    }

    /// Ends every call for everyone.
    public func hangUpEverything(reason: CallEndReason = .serverClosing) async {
        for call in calls.values {
            await call.applyIfFitting(.end(reason))
        }
    }

    /// Whoever takes part, and does not only ring, takes one of the places of its user.
    private func seat(_ entry: RosterEntry) {
        if entry.endpoint != nil { loads.seat(entry.participant, of: entry.user) }
    }

    private func forget(_ id: CallID) {
        guard let call = calls.removeValue(forKey: id) else { return }
        if let group = call.group, groups[group] == id {
            groups[group] = nil
        }
        let members = usersOfCall.removeValue(forKey: id) ?? []
        endedCalls[id] = members
        if endedCalls.count > Self.rememberedCalls {
            endedCalls.removeFirst()
            CallLimitName.remembered.countHit()
        }
        for user in members {
            callsToUser[user]?.remove(id)
            if callsToUser[user]?.isEmpty == true {
                callsToUser[user] = nil
            }
        }
        for endpoint in endpointsOfCall.removeValue(forKey: id) ?? [] {
            callsOfEndpoint[endpoint]?.remove(id)
        }
    }
}

extension CallDirectory: CallObserver {
    func publish(_ event: CallEvent) {
        switch event.fact {
        case .callStarted:
            tally.calls += 1
            tally.callsStarted += 1
        case .participantAdded(let entry):
            tally.participants += 1
            seat(entry)
        case .participantUpdated(let entry): seat(entry)
        case .participantRemoved(let participant, let user, _):
            tally.participants -= 1
            loads.unseat(participant, of: user)
        case .callEnded:
            tally.calls -= 1
            forget(event.call)
        case .kindChanged, .stateChanged: break
        }
        logger.trace("\(event.fact)", metadata: ["call": "\(event.call)", "sequence": "\(event.sequence)"])
        listeners.removeAll { listener in
            switch listener.yield(event) {
            case .terminated: true
            case .enqueued, .dropped: false
            @unknown default: false
            }
        }
    }
}

extension UserID {
    /// Why nobody of this kind can be called; nil for users of this server.
    fileprivate var refusalOfKind: String? {
        if rawValue == "8:echo123" { return "The audio test service 8:echo123 is not offered by this server." }
        if rawValue.hasPrefix("4:") { return "Telephone numbers cannot be called from this server." }
        if ["8:orgid:", "8:dod:", "8:gcch:", "28:"].contains(where: { rawValue.hasPrefix($0) }) {
            return "Users and applications of Microsoft Teams cannot be called from this server."
        }
        return nil
    }
}
