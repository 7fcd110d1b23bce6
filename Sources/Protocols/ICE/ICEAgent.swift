public import ProtocolCore
internal import STUN

/// A full ICE agent for one transport (RFC 8445): checks its pairs of addresses, has one nominated, and keeps consent
/// to send on it fresh (RFC 7675).
///
/// The transport has one component, because everything is bundled and RTCP is multiplexed. The peer may be a full agent
/// or a lite one. A value: datagrams, candidates and instants go in, ``Output`` comes out of ``poll()``, which must be
/// drained after every other call; ``deadline`` says when ``advance(now:)`` is due.
///
/// ```swift
/// var agent = ICEAgent(role: .controlling, local: ours, seed: seed)
/// agent.addLocal(socketAddress)
/// agent.setRemote(theirs, candidates: candidates, isLite: true, now: now)
/// while let output = agent.poll() { … }
/// ```
///
/// *Nomination* is regular: the controlling agent nominates the best pair that works once no better one is still being
/// checked, or a little after the first success. *Restart* leaves no gap: the old pair is used, and its consent kept
/// fresh, until a pair is nominated under the new credentials.
public struct ICEAgent: Sendable {
    /// Who nominates (RFC 8445 §6.1.1). Facing a lite agent, the full one always controls.
    public enum Role: Hashable, Sendable {
        case controlling
        case controlled
    }

    /// From which of our addresses to which of the peer's.
    public struct Path: Hashable, Sendable {
        public var local: SocketEndpoint
        public var remote: SocketEndpoint
        /// Over what: the socket with the local address, a TCP connection, or a relay.
        public var link: Link

        public init(local: SocketEndpoint, remote: SocketEndpoint, link: Link = .udp) {
            self.local = local
            self.remote = remote
            self.link = link
        }
    }

    /// What the driver has to do.
    public enum Output: Hashable, Sendable {
        /// Send these bytes on this path.
        case transmit([UInt8], Path)
        /// Tell whoever uses the transport.
        case event(Event)
    }

    public enum Event: Hashable, Sendable {
        /// A pair works under the present credentials and is nominated; from now on media goes there.
        case selected(Path)
        /// No check of the selected pair has been answered for ``ICEAgent/disconnectTimeout``; it may come back.
        case disconnected
        /// The selected pair is answered again.
        case reconnected
        /// Consent is gone (RFC 7675 §5.1): nothing may be sent until a restart has found a path.
        case consentExpired
        /// Every pair was checked in vain.
        case failed
    }

    /// Why a datagram had no effect.
    public enum Refusal: Hashable, Sendable {
        /// Not a STUN message.
        case malformed(ParseError)
        /// FINGERPRINT is absent or wrong.
        case badFingerprint
        /// Neither a Binding request nor a response to one.
        case notAConnectivityCheck
        /// A request without USERNAME, MESSAGE-INTEGRITY or PRIORITY; answered with 400.
        case missingAttribute
        /// USERNAME or MESSAGE-INTEGRITY do not fit the credentials; a request is answered with 401.
        case badCredentials
        /// A request with attributes that must be understood and are not; answered with 420.
        case unknownAttributes([UInt16])
        /// The peer claims our role and has to give way; answered with 487.
        case roleConflict
        /// A response to nothing that we asked, or that came too late.
        case unknownTransaction
    }

    /// The time between two new checks, Ta (RFC 8445 §14.2).
    public static let checkInterval: Duration = .milliseconds(50)
    /// The first wait for a response, doubled for each retransmission up to ``longestTimeout``. RFC 8445 §14.3 asks for
    /// 500 ms where many agents share a link; libwebrtc repeats checks after 50 ms. A lost check delays a call by this.
    public static let initialTimeout: Duration = .milliseconds(200)
    public static let longestTimeout: Duration = .milliseconds(1600)
    /// How often one check is sent: the Rc of RFC 8489 §6.2.1. With the timeouts above a pair fails after 8 seconds.
    public static let maximumTransmissions = 7
    /// How long after the first pair that works a better one is waited for before nominating.
    public static let nominationPatience: Duration = .milliseconds(100)
    /// The mean time between consent checks. RFC 7675 §5.1 begins with 5 seconds; browsers send every 2.5 to notice a
    /// dead path sooner.
    public static let consentInterval: Duration = .milliseconds(2500)
    /// The time between consent checks while the last one is unanswered.
    public static let urgentConsentInterval: Duration = .milliseconds(500)
    /// How long without an answer before the path counts as ``Event/disconnected``.
    public static let disconnectTimeout: Duration = .seconds(5)
    /// How long without an answer before nothing more may be sent (RFC 7675 §5.1).
    public static let consentTimeout: Duration = .seconds(30)
    /// Pairs of one generation; RFC 8445 §6.1.2.5 advises 100.
    public static let maximumPairs = 100

    public internal(set) var role: Role
    /// The address under which the peer saw us last, which tells whether there is a NAT in between.
    public internal(set) var mappedAddress: SocketEndpoint?

    var locals: [LocalCandidate] = []
    var current: Checklist
    /// What was in use before a restart, until the restart has found its pair.
    var previous: Checklist?
    var outstanding: [Check] = []
    var outputs: [Output] = []
    var nextOutput = 0
    var nextCheck: Instant?
    var consent: Consent?
    var tieBreaker: UInt64
    var generator: SeededGenerator

    /// - Parameters:
    ///   - local: Our credentials, as the offer or answer carries them.
    ///   - seed: Random: transaction ids and the tie-breaker are made of it.
    public init(role: Role, local: ICECredentials, seed: UInt64) {
        self.role = role
        var generator = SeededGenerator(seed: seed)
        tieBreaker = generator.next()
        self.generator = generator
        current = Checklist(number: 0, local: local)
    }

    /// Adds an address of ours on which datagrams are sent and received. It may come at any time, as a relayed one does;
    /// call ``advance(now:)`` afterwards.
    /// - Parameters:
    ///   - endpoint: The address of a socket, or a relayed one. That of TCP links names the family alone: the kernel
    ///     chooses address and port for each connection.
    ///   - link: Over what it is reached. UDP is preferred to TCP, and TCP to relays.
    ///   - localPreference: 0...65 535, higher is better; different for each address of a kind.
    public mutating func addLocal(_ endpoint: SocketEndpoint, over link: Link = .udp, localPreference: UInt16 = .max) {
        guard locals.count < 16, !locals.contains(where: { $0.endpoint == endpoint && $0.link == link }) else { return }
        let candidate = LocalCandidate(endpoint: endpoint, link: link, localPreference: localPreference)
        locals.append(candidate)
        for remote in current.remotes { current.pair(candidate, remote, role) }
    }

    /// The addresses of our UDP sockets as candidates for an offer or answer. What is reached over TCP or a relay the
    /// peer learns from our checks, since only we can open those ways.
    public var localCandidates: [Candidate] {
        locals.filter { $0.link == .udp }.map { Candidate(host: $0.endpoint, localPreference: $0.localPreference) }
    }

    /// Takes the peer's credentials and candidates and begins to check.
    ///
    /// Candidates that are TCP but not passive, not component 1 or not literal addresses are passed over. Called again
    /// with the same credentials it only adds candidates.
    public mutating func setRemote(
        _ credentials: ICECredentials, candidates: [Candidate], isLite: Bool, now: Instant
    ) {
        current.remote = credentials
        current.isRemoteLite = isLite
        if isLite, role == .controlled { switchRole() }
        for candidate in candidates { addRemote(candidate) }
        advance(now: now)
    }

    /// Adds a candidate of the peer that came later, or by itself.
    public mutating func addRemote(_ candidate: Candidate, now: Instant) {
        addRemote(candidate)
        advance(now: now)
    }

    private mutating func addRemote(_ candidate: Candidate) {
        guard candidate.transport == .udp || candidate.tcpType == .passive, candidate.component == 1,
            candidate.port > 0, let endpoint = SocketEndpoint(literal: candidate.address, port: candidate.port)
        else { return }
        let remote = RemoteCandidate(
            endpoint: endpoint, transport: candidate.transport, priority: candidate.priority)
        guard current.take(remote, role) else { return }
        for local in locals { current.pair(local, remote, role) }
    }

    /// Begins anew with other credentials of ours (RFC 8445 §9); ``setRemote(_:candidates:isLite:now:)`` follows with
    /// the peer's. What is in use stays in use until then and until a pair is nominated.
    public mutating func restart(local: ICECredentials) {
        // Of two restarts in a row the first never came into use.
        if current.selected != nil { previous = current }
        let kept = previous?.number
        outstanding.removeAll { $0.purpose != .consent || $0.checklist != kept }
        current = Checklist(number: current.number + 1, local: local)
        nextCheck = nil
    }

    /// Drops an address of ours that is gone; paths over it are not used any more. When one of them was in use and there
    /// is no other, ``Event/consentExpired`` tells so.
    public mutating func removeLocal(_ endpoint: SocketEndpoint, over link: Link = .udp) {
        locals.removeAll { $0.endpoint == endpoint && $0.link == link }
        drop { $0.local == endpoint && $0.link == link }
    }

    /// Drops a path that its driver knows to be closed, such as one over a refused TCP connection.
    public mutating func removePath(_ path: Path) {
        drop { $0 == path }
    }

    private mutating func drop(where isGone: (Path) -> Bool) {
        let wasInUse = current.selectedPath ?? previous?.selectedPath
        current.fail { isGone($0.path) }
        outstanding.removeAll { $0.checklist == current.number && isGone(current.pairs[$0.pair].path) }
        if let path = previous?.selectedPath, isGone(path) { previous = nil }
        guard let wasInUse, isGone(wasInUse) else { return }
        if current.selected == nil, previous == nil {
            consent = nil
            outstanding.removeAll { $0.purpose == .consent }
            emit(.consentExpired)
        }
    }

    /// Keeps an address out of the pairs of restarts to come; what is in use over it stays in use.
    public mutating func retireLocal(over link: Link) {
        locals.removeAll { $0.link == link }
    }

    /// The connection under a path was lost, and sending on it opens another: the selected pair is soon checked again,
    /// which tells a lite peer the new address at once; on any other path nothing more is expected.
    public mutating func connectionLost(_ path: Path, now: Instant) {
        guard (current.selectedPath ?? previous?.selectedPath) == path else {
            removePath(path)
            return
        }
        guard var state = consent else { return }
        if state.unansweredSince == nil { state.unansweredSince = now }
        state.next = min(state.next, now + Self.urgentConsentInterval)
        consent = state
    }

    /// Where media goes: the nominated pair, the one of before a restart, or before any nomination one that works.
    public var path: Path? {
        current.selectedPath ?? previous?.selectedPath ?? current.bestValid.map { current.pairs[$0].path }
    }

    /// The present credentials of ours.
    public var localCredentials: ICECredentials { current.local }

    /// Whether a pair is nominated under the present credentials.
    public var isConcluded: Bool { current.selected != nil }

    /// The next thing to do, or nil when there is none.
    public mutating func poll() -> Output? {
        guard nextOutput < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            nextOutput = 0
            return nil
        }
        defer { nextOutput += 1 }
        return outputs[nextOutput]
    }

    mutating func emit(_ event: Event) {
        outputs.append(.event(event))
    }
}
