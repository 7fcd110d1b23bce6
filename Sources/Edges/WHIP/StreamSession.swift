internal import Calling
internal import ICE
internal import Logging
internal import MediaVocabulary
internal import ProtocolCore
internal import SDP

/// One publisher or viewer: a participant of a group call whose leg is reached over HTTP, and only when it asks.
///
/// What the call plane tells is taken in here. A viewer's slots follow from it: new wishes are sent from a task of
/// their own, since a leg must not make requests while it is being told something.
actor StreamSession: Endpoint {
    /// What a session needs from outside.
    struct Surroundings: Sendable {
        let directory: CallDirectory
        let identifiers: IdentifierSource
        let logger: Logger
    }

    /// What the client is told of its offer.
    struct Opened: Sendable {
        var answer: String
        var entityTag: String
    }

    /// What came of a fragment.
    enum Patched: Sendable {
        /// Candidates were taken. An ICE-lite server has no use for them.
        case trickled
        /// ICE starts anew, with these credentials and candidates of ours.
        case restarted(fragment: String, entityTag: String)
    }

    /// A session that is in its call.
    private struct Life {
        let call: CallID
        var offer: StreamOffer
        /// Names the ICE session (RFC 9725 §4.3.1).
        var entityTag: String
        var view: CallView
        var director: VideoDirector
        var isRestarting = false
    }

    private enum Phase {
        /// We are joining; what we are told meanwhile waits for the snapshot.
        case opening([LegMessage])
        case live(Life)
        /// We are changing what we know, in place: a copy of it for each of hundreds of messages would cost too much.
        case changing
        case over
    }

    /// The unguessable part of the session's URL.
    nonisolated let key: String
    nonisolated let id: EndpointID
    nonisolated let user: UserID
    nonisolated let displayName: String
    nonisolated let direction: StreamDirection
    /// A stream cannot be answered.
    nonisolated let takesCalls = false
    /// A client that is gone has no other way to say so (RFC 9725 §4.2).
    nonisolated let livesByTransport = true
    nonisolated let group: GroupID
    private let pinned: String?
    private let surroundings: Surroundings
    private let onEnd: @Sendable (StreamSession) async -> Void
    private var phase = Phase.opening([])
    /// Whether the tokens of the user became void while we were joining.
    private var isRevoked = false
    /// Wishes that the call plane has not heard yet, by slot.
    private var pendingRequests: [Mid: SlotRequest] = [:]
    private var requesting: Task<Void, Never>?
    private var ending: Task<Void, Never>?

    /// - Parameters:
    ///   - pinned: Whom a viewer sees; nil for whoever is on stage.
    ///   - onEnd: Is told when the call has removed the participant.
    init(
        _ direction: StreamDirection, group: GroupID, user: UserID, displayName: String, pinned: String?,
        surroundings: Surroundings, onEnd: @escaping @Sendable (StreamSession) async -> Void
    ) {
        key = surroundings.identifiers.key()
        id = EndpointID(surroundings.identifiers.guid())
        self.direction = direction
        self.group = group
        self.user = user
        self.displayName = displayName
        self.pinned = pinned
        self.surroundings = surroundings
        self.onEnd = onEnd
    }

    // MARK: Coming and going

    /// Joins the call with an offer. When it throws nothing of the session is left.
    func open(_ offer: StreamOffer) async throws(Problem) -> Opened {
        let directory = surroundings.directory
        await directory.register(self)
        let opened: Opened
        do throws(CallRefusal) {
            let setUp = try await directory.join(
                group, from: id, isMuted: !offer.publishesAudio, media: offer.mediaOffer)
            if offer.publishesVideo {
                try await directory.setPublishing(camera: true, screen: false, in: setUp.snapshot.call, at: id)
            }
            guard let answer = setUp.media else { throw .mediaUnavailable("The offer was not answered.") }
            let entityTag = surroundings.identifiers.key()
            try begin(setUp.snapshot, answer, offer: offer, entityTag: entityTag)
            opened = Opened(answer: answer.sdp, entityTag: entityTag)
        } catch {
            phase = .over
            await directory.unregister(id, reason: .mediaNegotiationFailed)
            if case .mediaUnavailable(let why) = error {
                surroundings.logger.error("cannot join", metadata: ["user": "\(user)", "why": "\(why)"])
            }
            throw Problem(error)
        }
        guard !isRevoked else {
            await close(.unauthorized)
            throw Problem(.unauthorized, "The tokens of this user were revoked.")
        }
        return opened
    }

    private func begin(
        _ snapshot: CallSnapshot, _ answer: MediaAnswer, offer: StreamOffer, entityTag: String
    ) throws(CallRefusal) {
        guard case .opening(let early) = phase else { throw .callEnded(snapshot.call) }
        let answered = Set(answer.lines.map(\.mid))
        phase = .live(
            Life(
                call: snapshot.call, offer: offer, entityTag: entityTag, view: CallView(snapshot),
                director: VideoDirector(slots: offer.videoSlots.filter(answered.contains), pinned: pinned)))
        early.forEach(take)
        guard case .live = phase else { throw .callEnded(snapshot.call) }
        direct()
    }

    /// Ends the session for a user whose tokens are void. One that is still joining leaves as soon as it has joined.
    func revoke() async {
        switch phase {
        case .opening: isRevoked = true
        case .live, .changing, .over: await close(.unauthorized)
        }
    }

    /// Leaves the call.
    func close(_ reason: CallEndReason) async {
        phase = .over
        await surroundings.directory.unregister(id, reason: reason)
    }

    /// Returns when everything is done that what we were told has caused.
    func settled() async {
        await requesting?.value
        await ending?.value
    }

    // MARK: Trickling and restarting

    /// Takes a fragment of the client.
    ///
    /// - Parameter condition: The entity tags of `If-Match`.
    func patch(_ fragment: TrickleFragment, if condition: EntityTagCondition) async throws(Problem) -> Patched {
        guard case .live(var life) = phase else { throw Self.gone }
        guard condition.holds(for: life.entityTag) else {
            throw Problem(.entityTagMismatch, "If-Match does not name the present ICE session of this URL.")
        }
        guard let credentials = fragment.credentials, credentials != life.offer.credentials else { return .trickled }
        guard condition == .any else {
            throw Problem(
                .foreignCredentials,
                "The fragment has other ICE credentials than the session; an ICE restart needs If-Match: *.")
        }
        guard !life.isRestarting else {
            throw Problem(.restartInProgress, "Another ICE restart of this session is being answered.")
        }
        life.isRestarting = true
        phase = .live(life)
        let offer = life.offer.restarted(with: credentials)
        let result: Result<String, CallRefusal>
        do throws(CallRefusal) {
            result = .success(try await answerRestart(offer, in: life.call))
        } catch {
            result = .failure(error)
        }
        // Much may have happened while the answer was made.
        guard case .live(var life) = phase else { throw Self.gone }
        life.isRestarting = false
        defer { phase = .live(life) }
        switch result {
        case .success(let fragment):
            life.offer = offer
            life.entityTag = surroundings.identifiers.key()
            return .restarted(fragment: fragment, entityTag: life.entityTag)
        case .failure(let refusal): throw Problem(refusal)
        }
    }

    private func answerRestart(_ offer: StreamOffer, in call: CallID) async throws(CallRefusal) -> String {
        let answer = try await surroundings.directory.negotiate(offer.mediaOffer, in: call, at: id)
        do throws(SDPError) {
            return TrickleFragment.describing(try SessionDescription(parsing: answer.sdp))
        } catch {
            throw .mediaUnavailable("our own answer cannot be read: \(error)")
        }
    }

    static let gone = Problem(.sessionNotFound, "There is no session at this URL, or it is over.")

    // MARK: Being told

    /// Nobody can answer a call here.
    func ring(_ incoming: IncomingCall) {}

    func stopRinging(_ call: CallID, reason: CallEndReason) {}

    func notify(_ message: LegMessage) {
        switch phase {
        case .opening(let early): phase = .opening(early + [message])
        case .live:
            take(message)
        case .changing, .over: break
        }
    }

    private func take(_ message: LegMessage) {
        guard case .live(var life) = phase, message.call == life.call, !life.view.contains(message) else { return }
        phase = .changing
        var isNews = false
        switch message.notification {
        // Whoever only publishes has no use for the others.
        case .roster(let change): isNews = !life.director.slots.isEmpty && life.view.apply(change)
        case .speakers(let report): isNews = !life.director.slots.isEmpty && life.view.apply(report)
        case .state(.disconnected, _, let reason):
            end(reason)
            return
        // A publisher cannot be asked to offer anew, nor a viewer to be shown why a slot is empty.
        case .state, .own, .reactions, .media, .slots, .codecWanted, .layers, .allocation: break
        }
        phase = .live(life)
        if isNews { direct() }
    }

    private func end(_ reason: CallEndReason?) {
        phase = .over
        surroundings.logger.debug("removed", metadata: ["endpoint": "\(id)", "why": "\(reason?.message ?? "")"])
        ending = Task {
            await surroundings.directory.unregister(id, reason: reason ?? .callOver)
            await onEnd(self)
        }
    }

    // MARK: Directing

    /// Lets a viewer see who should be seen now.
    private func direct() {
        guard case .live(var life) = phase else { return }
        phase = .changing
        let requests = life.director.update(roster: life.view.roster, dominant: life.view.dominant)
        phase = .live(life)
        for request in requests {
            pendingRequests[request.mid] = request
        }
        guard !pendingRequests.isEmpty, requesting == nil else { return }
        requesting = Task { await sendRequests(in: life.call) }
    }

    private func sendRequests(in call: CallID) async {
        while !pendingRequests.isEmpty {
            let requests = pendingRequests.values.sorted { $0.mid.rawValue < $1.mid.rawValue }
            pendingRequests.removeAll()
            do throws(CallRefusal) {
                try await surroundings.directory.request(requests, in: call, at: id)
            } catch {
                // We have just left.
                surroundings.logger.debug("not requested", metadata: ["endpoint": "\(id)", "why": "\(error)"])
            }
        }
        requesting = nil
    }
}
