internal import Cryptography
public import DTLS
internal import ICE
public import MediaIO
public import MediaVocabulary
public import ProtocolCore
public import SDP
internal import Synchronization

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
    }

    /// Who was asked for another codec: its next offers decide the order of codecs. Workers tell it from their threads.
    private final class AskedCodecs: Sendable {
        private let keys = Mutex<Set<SessionKey>>([])

        func insert(_ key: SessionKey) { keys.withLock { _ = $0.insert(key) } }
        func contains(_ key: SessionKey) -> Bool { keys.withLock { $0.contains(key) } }
        func removeAll(where isGone: (SessionKey) -> Bool) {
            keys.withLock { keys in keys = keys.filter { !isGone($0) } }
        }
    }

    fileprivate struct SessionKey: Hashable {
        var call: CallID
        var participant: ParticipantID
    }

    private let configuration: Configuration
    private let identity: DTLSIdentity
    private let workers: [MediaWorker]
    private var homes: [CallID: Int] = [:]
    private var sessions: [SessionKey: Session] = [:]
    /// What the calls said last of those who are in them or on the way; it may come before their transport.
    private var media: [SessionKey: ParticipantMedia] = [:]

    /// What happens in the conferences, in order; to be read by one task.
    public nonisolated let events: AsyncStream<WorkerEvent>
    private let continuation: AsyncStream<WorkerEvent>.Continuation
    private let askedCodecs: AskedCodecs

    /// Opens the workers' sockets. Throws `SystemError` or `MediaEngineError`.
    public init(_ configuration: Configuration, identity: DTLSIdentity) async throws {
        self.configuration = configuration
        self.identity = identity
        let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        self.events = events
        self.continuation = continuation
        let askedCodecs = AskedCodecs()
        self.askedCodecs = askedCodecs
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
                publish: { event in
                    if case .media(.codecWanted(let call, let participant, _, _, _)) = event {
                        askedCodecs.insert(SessionKey(call: call, participant: participant))
                    }
                    continuation.yield(event)
                })
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

    public func openConference(_ name: CallID) async {
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

    public func closeConference(_ name: CallID) async {
        guard let home = homes.removeValue(forKey: name) else { return }
        sessions = sessions.filter { $0.key.call != name }
        media = media.filter { $0.key.call != name }
        askedCodecs.removeAll { $0.call == name }
        await workers[home].closeConference(name)
    }

    // MARK: Negotiation

    /// What came of an offer: the answer, and why lines of it were refused that the client had in use.
    public struct Answer: Sendable {
        public var answer: MediaAnswer
        public var rejections: [LineRejection.Reason]
    }

    /// Answers an offer of a participant and sets its transport up accordingly.
    public func answer(
        _ offer: MediaOffer, from participant: ParticipantID, in conference: CallID
    ) async throws(MediaEngineError) -> Answer {
        guard let home = homes[conference] else { throw .unknownConference(conference) }
        let key = SessionKey(call: conference, participant: participant)
        let description: SessionDescription
        do throws(SDPError) {
            description = try SessionDescription(parsing: offer.sdp)
        } catch {
            throw .invalidOffer(error)
        }
        var previous = sessions[key]
        if let session = previous, isNewTransport(description, after: session) { previous = nil }
        if previous == nil { askedCodecs.removeAll { $0 == key } }
        let restarts = previous.map { Answerer.isICERestart(description, after: $0.negotiated) } ?? true
        let credentials = restarts ? freshCredentials() : previous?.credentials ?? freshCredentials()
        let canonicalName = previous?.canonicalName ?? randomText(16)
        let id = previous?.id ?? random() >> 2
        let version = (previous?.version ?? 0) + 1

        var parameters = AnswerParameters(
            sessionID: id, sessionVersion: version, ice: credentials, candidates: candidates(of: workers[home]),
            fingerprint: SDP.CertificateFingerprint(
                algorithm: identity.fingerprint.algorithm.rawValue, digest: identity.fingerprint.bytes),
            cname: canonicalName,
            purposes: Dictionary(offer.lines?.map { ($0.mid, $0.purpose) } ?? []) { _, last in last })
        parameters.maximumSimulcastLayers = 3
        parameters.preferOffererOrder = askedCodecs.contains(key)
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
            canonicalName: canonicalName)
        do throws(DTLSError) {
            try await workers[home].apply(
                PeerDescription(answer.session, local: credentials), participant: participant, conference: conference,
                controlSSRC: SSRC(UInt32(truncatingIfNeeded: random())), canonicalName: canonicalName)
        } catch {
            throw .transport(error)
        }
        if isNew, let media = media[key] { await workers[home].set(media, for: participant, in: conference) }
        return Answer(
            answer: MediaAnswer(sdp: answer.answer.description, lines: answer.session.answeredLines),
            rejections: answer.session.lines.compactMap(\.rejection?.reason).filter { $0 != .removed })
    }

    public func remove(_ participant: ParticipantID, from conference: CallID) async {
        let key = SessionKey(call: conference, participant: participant)
        sessions[key] = nil
        media[key] = nil
        askedCodecs.removeAll { $0 == key }
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

    /// Says what a participant sends and may send. It may come before the first offer, and holds from then on.
    public func set(_ media: ParticipantMedia, for participant: ParticipantID, in conference: CallID) async {
        self.media[SessionKey(call: conference, participant: participant)] = media
        guard let home = homes[conference] else { return }
        await workers[home].set(media, for: participant, in: conference)
    }

    /// Notes who was named to the others in a conference, so that durable messages to them are kept, and who is gone
    /// without having come.
    public func expect(_ participants: [ParticipantID], gone: [ParticipantID], in conference: CallID) async {
        guard let home = homes[conference] else { return }
        for participant in participants { await workers[home].expect(participant, true, in: conference) }
        for participant in gone { await workers[home].expect(participant, false, in: conference) }
    }

    public func request(_ wishes: [SlotRequest], by participant: ParticipantID, in conference: CallID) async {
        guard let home = homes[conference] else { return }
        await workers[home].request(wishes, by: participant, in: conference)
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
    public func qualities(in conference: CallID) async -> [ReceiverQuality]? {
        guard let home = homes[conference] else { return nil }
        return await workers[home].qualities(in: conference)
    }

    public func counters(of participant: ParticipantID, in conference: CallID) async -> PeerCounters? {
        guard let home = homes[conference] else { return nil }
        return await workers[home].counters(of: participant, in: conference)
    }
}

/// Why the media engine could not do what was asked.
public enum MediaEngineError: Error, Sendable, CustomStringConvertible {
    case invalidAddress(String)
    case unknownConference(CallID)
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

extension NegotiatedSession {
    /// The lines that are in use, as the client is told.
    fileprivate var answeredLines: [MediaAnswer.Line] {
        lines.compactMap { line in
            guard line.rejection == nil, let purpose = line.purposes.first else { return nil }
            var names: [String] = []
            for codec in line.codecs where !names.contains(codec.codec.encodingName) {
                names.append(codec.codec.encodingName)
            }
            return MediaAnswer.Line(mid: line.mid, purpose: purpose, codecs: names)
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
