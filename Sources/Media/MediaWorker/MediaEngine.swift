internal import Conference
internal import Cryptography
public import DTLS
internal import ICE
public import MediaIO
public import ProtocolCore
public import SDP

/// All workers of a process, and the negotiations with their peers: offers in, answers out.
///
/// A conference lives on one worker, the one with the fewest participants when it opens.
public actor MediaEngine {
    /// How the engine is reachable.
    public struct Configuration: Sendable {
        /// UDP port of the first worker; the others follow. 0 lets the kernel choose each.
        public var firstPort: UInt16 = 29_200
        public var workers = 1
        /// A literal address to bind to; `0.0.0.0` or `::` for all.
        public var bindAddress = "0.0.0.0"
        /// The literal addresses that answers name to clients, best first.
        public var advertisedAddresses: [String] = ["127.0.0.1"]
        public var usesSegmentation = true
        /// Whether answers name the workers' ports as TCP candidates too; somebody has to take those connections.
        public var offersTCP = false
        /// Who comes by TCP or through the TURN server; nil where there is neither.
        public var relayedPorts: RelayedPorts?

        public init() {}
    }

    private struct Session {
        var negotiated: NegotiatedSession
        var credentials: ICECredentials
        let id: UInt64
        var version: UInt64
        let canonicalName: String
        /// The codec that the client was asked to send last; its offers then decide the order of codecs.
        var askedCodec: String?
    }

    private struct SessionKey: Hashable {
        var conference: String
        var participant: String
    }

    private let configuration: Configuration
    private let identity: DTLSIdentity
    private let workers: [MediaWorker]
    private var homes: [String: Int] = [:]
    private var sessions: [SessionKey: Session] = [:]
    private var settings: [SessionKey: [ParticipantChange]] = [:]

    /// What happens in the conferences, in order; to be read by one task.
    public nonisolated let events: AsyncStream<WorkerEvent>
    private let continuation: AsyncStream<WorkerEvent>.Continuation

    /// Opens the workers' sockets. Throws `SystemError` or `MediaEngineError`.
    public init(_ configuration: Configuration, identity: DTLSIdentity) async throws {
        self.configuration = configuration
        self.identity = identity
        let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        self.events = events
        self.continuation = continuation
        var workers: [MediaWorker] = []
        for index in 0..<max(1, configuration.workers) {
            let port = configuration.firstPort == 0 ? 0 : configuration.firstPort &+ UInt16(index)
            guard let endpoint = SocketEndpoint(address: configuration.bindAddress, port: port) else {
                throw MediaEngineError.invalidAddress(configuration.bindAddress)
            }
            let worker = try MediaWorker(
                name: "media-\(index)", bindingTo: endpoint, identity: identity,
                usesSegmentation: configuration.usesSegmentation, relayedPorts: configuration.relayedPorts,
                seed: random(),
                publish: { continuation.yield($0) })
            await worker.start()
            workers.append(worker)
        }
        self.workers = workers
    }

    /// Stops all threads. Conferences should be closed before.
    public func stop() async {
        for worker in workers { await worker.stop() }
        continuation.finish()
    }

    /// The sockets' addresses.
    public nonisolated var ports: [UInt16] {
        workers.map { $0.local.port }
    }

    // MARK: Conferences

    public func openConference(_ name: String) async {
        guard homes[name] == nil else { return }
        var best = 0
        var bestLoad = Int.max
        for (index, worker) in workers.enumerated() {
            let load = await worker.load
            if load < bestLoad { (best, bestLoad) = (index, load) }
        }
        guard homes[name] == nil else { return }
        homes[name] = best
        await workers[best].openConference(name, seed: random())
    }

    public func closeConference(_ name: String) async {
        guard let home = homes.removeValue(forKey: name) else { return }
        sessions = sessions.filter { $0.key.conference != name }
        settings = settings.filter { $0.key.conference != name }
        await workers[home].closeConference(name)
    }

    // MARK: Negotiation

    /// What came of an offer.
    public struct Answer: Sendable {
        public var sdp: String
        public var session: NegotiatedSession
    }

    /// Answers an offer of a participant and sets its transport up accordingly.
    /// - Parameter purposes: What the client says its m-lines are for; may be empty.
    public func answer(
        _ offer: String, purposes: [Mid: LinePurpose], from participant: String, in conference: String
    ) async throws(MediaEngineError) -> Answer {
        guard let home = homes[conference] else { throw .unknownConference(conference) }
        let key = SessionKey(conference: conference, participant: participant)
        let description: SessionDescription
        do throws(SDPError) {
            description = try SessionDescription(parsing: offer)
        } catch {
            throw .invalidOffer(error)
        }
        var previous = sessions[key]
        if let session = previous, isNewTransport(description, after: session) { previous = nil }
        let restarts = previous.map { Answerer.isICERestart(description, after: $0.negotiated) } ?? true
        let credentials = restarts ? freshCredentials() : previous?.credentials ?? freshCredentials()
        let canonicalName = previous?.canonicalName ?? randomText(16)
        let id = previous?.id ?? random() >> 2
        let version = (previous?.version ?? 0) + 1

        var parameters = AnswerParameters(
            sessionID: id, sessionVersion: version, ice: credentials, candidates: candidates(of: workers[home]),
            fingerprint: SDP.CertificateFingerprint(
                algorithm: identity.fingerprint.algorithm.rawValue, digest: identity.fingerprint.bytes),
            cname: canonicalName, purposes: purposes)
        parameters.maximumSimulcastLayers = 3
        parameters.preferOffererOrder = previous?.askedCodec != nil
        let answer: (answer: SessionDescription, session: NegotiatedSession)
        do throws(NegotiationError) {
            answer = try Answerer.answer(description, parameters: parameters, previous: previous?.negotiated) {
                SSRC(UInt32(truncatingIfNeeded: random()))
            }
        } catch {
            throw .unanswerable(error)
        }
        let isNew = previous == nil
        sessions[key] = Session(
            negotiated: answer.session, credentials: credentials, id: id, version: version,
            canonicalName: canonicalName, askedCodec: previous?.askedCodec)
        do throws(DTLSError) {
            try await workers[home].apply(
                PeerDescription(answer.session, local: credentials), participant: participant, conference: conference,
                controlSSRC: SSRC(UInt32(truncatingIfNeeded: random())), canonicalName: canonicalName)
        } catch {
            throw .transport(error)
        }
        if isNew {
            for change in settings[key] ?? [] { await workers[home].set(change, for: participant, in: conference) }
        }
        return Answer(sdp: answer.answer.description, session: answer.session)
    }

    public func remove(_ participant: String, from conference: String) async {
        let key = SessionKey(conference: conference, participant: participant)
        sessions[key] = nil
        settings[key] = nil
        guard let home = homes[conference] else { return }
        await workers[home].disconnect(participant, from: conference)
    }

    /// A page that was loaded anew comes with another certificate: then nothing of the old transport fits.
    private func isNewTransport(_ offer: SessionDescription, after session: Session) -> Bool {
        let offered = Set(([offer.attributes] + offer.media.map(\.attributes)).flatMap(\.fingerprints))
        return offered.isDisjoint(with: session.negotiated.remoteFingerprints)
    }

    /// All addresses over UDP, then all over TCP. Preferences go down by two, for only half of their range is told apart
    /// within a transport.
    private func candidates(of worker: MediaWorker) -> [Candidate] {
        let transports: [Candidate.Transport] = configuration.offersTCP ? [.udp, .tcp] : [.udp]
        return transports.flatMap { transport in
            configuration.advertisedAddresses.enumerated().compactMap { position, address in
                SocketEndpoint(address: address, port: worker.local.port).map {
                    Candidate(
                        host: $0, transport: transport, localPreference: UInt16.max - 2 * UInt16(min(position, 1000)))
                }
            }
        }
    }

    private func freshCredentials() -> ICECredentials {
        ICECredentials(ufrag: randomText(8), password: randomText(24))
    }

    // MARK: Control

    /// Changes what the server lets through; said before the participant's first offer, it holds from then on.
    public func set(_ change: ParticipantChange, for participant: String, in conference: String) async {
        let key = SessionKey(conference: conference, participant: participant)
        settings[key, default: []].removeAll { $0.isSameKind(as: change) }
        if !change.isDefault { settings[key, default: []].append(change) }
        guard let home = homes[conference] else { return }
        await workers[home].set(change, for: participant, in: conference)
    }

    /// Notes who was named to the others in a conference, so that durable messages to them are kept, and who is gone
    /// without having come.
    public func expect(_ participants: [String], gone: [String], in conference: String) async {
        guard let home = homes[conference] else { return }
        for participant in participants { await workers[home].expect(participant, true, in: conference) }
        for participant in gone { await workers[home].expect(participant, false, in: conference) }
    }

    public func request(_ wishes: [SlotWish], by participant: String, in conference: String) async {
        guard let home = homes[conference] else { return }
        await workers[home].request(wishes, by: participant, in: conference)
    }

    /// Channels of one participant that may have recipients of their own.
    private static let mostRecipientLists = 256

    /// Names who gets what a participant sends on one of its data channels; nil: everybody.
    /// - Returns: Whether it holds: false when too many channels have recipients of their own already.
    public func setDataRecipients(
        _ recipients: Set<String>?, ofChannel channel: UInt16, by participant: String, in conference: String
    ) async -> Bool {
        let change = ParticipantChange.dataRecipients(channel: channel, recipients)
        let others = settings[SessionKey(conference: conference, participant: participant)]?.count { other in
            if case .dataRecipients(_, _?) = other { !other.isSameKind(as: change) } else { false }
        }
        guard recipients == nil || others ?? 0 < Self.mostRecipientLists else { return false }
        await set(change, for: participant, in: conference)
        return true
    }

    /// Notes that a participant was asked for a codec: its next offers decide the order of codecs.
    public func noteCodecAsked(_ codec: String, of participant: String, in conference: String) {
        sessions[SessionKey(conference: conference, participant: participant)]?.askedCodec = codec
    }

    // MARK: Observation

    public func counters() async -> [WorkerCounters] {
        var all: [WorkerCounters] = []
        for worker in workers { all.append(await worker.counters()) }
        return all
    }

    /// What the receivers of each worker get, in sum.
    public func allocationSummaries() async -> [AllocationSummary] {
        var all: [AllocationSummary] = []
        for worker in workers { all.append(await worker.allocationSummary()) }
        return all
    }

    /// What each participant of a conference gets, and why not more; nil when there is no such conference.
    public func qualities(in conference: String) async -> [ReceiverQuality]? {
        guard let home = homes[conference] else { return nil }
        return await workers[home].qualities(in: conference)
    }

    public func counters(of participant: String, in conference: String) async -> PeerCounters? {
        guard let home = homes[conference] else { return nil }
        return await workers[home].counters(of: participant, in: conference)
    }
}

/// Why the media engine could not do what was asked.
public enum MediaEngineError: Error, Sendable, CustomStringConvertible {
    case invalidAddress(String)
    case unknownConference(String)
    case invalidOffer(SDPError)
    case unanswerable(NegotiationError)
    case transport(DTLSError)

    public var description: String {
        switch self {
        case .invalidAddress(let address): "\(address) is not a literal IP address."
        case .unknownConference(let name): "There is no conference \(name)."
        case .invalidOffer(let error): "The offer cannot be read: \(error)"
        case .unanswerable(let error): error.message
        case .transport(let error): "No transport could be set up: \(error)"
        }
    }
}

extension ParticipantChange {
    /// Whether it holds without having been said, so that it need not be remembered.
    var isDefault: Bool {
        if case .dataRecipients(_, nil) = self { true } else { false }
    }

    func isSameKind(as other: ParticipantChange) -> Bool {
        switch (self, other) {
        case (.muted, .muted), (.onHold, .onHold): true
        case (.publishing(let left, _), .publishing(let right, _)): left == right
        case (.dataRecipients(let left, _), .dataRecipients(let right, _)): left == right
        case (.muted, _), (.onHold, _), (.publishing, _), (.dataRecipients, _): false
        }
    }
}

/// A random number from the cryptographic source.
private func random() -> UInt64 {
    randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
}

/// Random letters, digits and two signs: six bits each.
private func randomText(_ length: Int) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    return String(randomBytes(length).map { alphabet[Int($0 & 63)] })
}
