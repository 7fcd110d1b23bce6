internal import ProtocolCore
internal import STUN

/// An address of ours that datagrams leave from.
struct LocalCandidate: Sendable {
    let endpoint: SocketEndpoint
    let link: Link
    let localPreference: UInt16

    var priority: UInt32 {
        switch link {
        case .udp: Candidate(host: endpoint, localPreference: localPreference).priority
        case .tcp: Candidate(host: endpoint, transport: .tcp, localPreference: localPreference).priority
        case .relay: Candidate.priority(kind: .relayed, localPreference: localPreference, component: 1)
        }
    }

    /// What a check from here tells the peer in PRIORITY (RFC 8445 §7.1.1). A peer that goes by it, as a lite one does,
    /// must not hold a detour for better than UDP (RFC 6544 §4.2).
    var peerReflexivePriority: UInt32 {
        switch link {
        case .udp: Candidate.priority(kind: .peerReflexive, localPreference: localPreference, component: 1)
        case .tcp: Candidate.priority(kind: .peerReflexive, localPreference: localPreference >> 1, component: 1)
        case .relay: priority
        }
    }
}

/// An address of the peer, from its candidates or learnt from its checks.
struct RemoteCandidate: Sendable {
    let endpoint: SocketEndpoint
    var transport = Candidate.Transport.udp
    var priority: UInt32
}

/// A pair of addresses and what checking it has shown (RFC 8445 §6.1.2.6).
struct CandidatePair: Sendable {
    enum State: Hashable, Sendable {
        /// To be checked.
        case waiting
        /// A check is on its way.
        case inProgress
        /// A check was answered; the pair is valid.
        case succeeded
        case failed
    }

    let path: ICEAgent.Path
    let checkPriority: UInt32
    let localPriority: UInt32
    var remotePriority: UInt32
    var state = State.waiting
    /// The controlling peer has nominated the pair, which counts as soon as our own check of it succeeds.
    var isNominated = false

    /// The priority of RFC 8445 §6.1.2.3; priorities have 31 bits, whatever a peer says.
    func priority(_ role: ICEAgent.Role) -> UInt64 {
        let local = UInt64(min(localPriority, .max >> 1))
        let remote = UInt64(min(remotePriority, .max >> 1))
        let (controlling, controlled) = role == .controlling ? (local, remote) : (remote, local)
        return min(local, remote) << 32 &+ 2 &* max(local, remote) &+ (controlling > controlled ? 1 : 0)
    }
}

/// The pairs between two ICE restarts, and the credentials that they are checked with.
struct Checklist: Sendable {
    /// Counts restarts.
    let number: Int
    let local: ICECredentials
    var remote: ICECredentials?
    var isRemoteLite = false
    var remotes: [RemoteCandidate] = []
    /// Only ever grows, so that an index names a pair for good.
    var pairs: [CandidatePair] = []
    /// Pairs to check before any other, in this order (RFC 8445 §6.1.4.1).
    var triggered: [Int] = []
    /// The pair in use.
    var selected: Int?
    /// The pair that we have nominated and that has not been answered yet.
    var nominating: Int?
    var firstSuccess: Instant?
    var hasFailed = false
    /// The role by which `bestValid` ranks pairs.
    private var role = ICEAgent.Role.controlling

    init(number: Int, local: ICECredentials) {
        self.number = number
        self.local = local
    }

    /// Notes an address of the peer; false when it was known, and only its priority is news, or there are too many.
    mutating func take(_ remote: RemoteCandidate, _ role: ICEAgent.Role) -> Bool {
        let known = remotes.firstIndex { $0.endpoint == remote.endpoint && $0.transport == remote.transport }
        if let known {
            remotes[known].priority = remote.priority
            for index in pairs.indices {
                let path = pairs[index].path
                guard path.remote == remote.endpoint, path.link.transport == remote.transport else { continue }
                pairs[index].remotePriority = remote.priority
            }
            return false
        }
        guard remotes.count < ICEAgent.maximumPairs else { return false }
        remotes.append(remote)
        return true
    }

    /// Forms a pair when both addresses are of one family and the link reaches the peer's; gives its index, also when
    /// it was there before.
    @discardableResult
    mutating func pair(_ local: LocalCandidate, _ remote: RemoteCandidate, _ role: ICEAgent.Role) -> Int? {
        self.role = role
        let path = ICEAgent.Path(local: local.endpoint, remote: remote.endpoint, link: local.link)
        if let known = index(of: path) { return known }
        guard pairs.count < ICEAgent.maximumPairs, local.endpoint.isIPv6 == remote.endpoint.isIPv6,
            local.link.transport == remote.transport
        else { return nil }
        pairs.append(
            CandidatePair(
                path: path, checkPriority: local.peerReflexivePriority, localPriority: local.priority,
                remotePriority: remote.priority))
        hasFailed = false
        return pairs.count - 1
    }

    func index(of path: ICEAgent.Path) -> Int? {
        pairs.firstIndex { $0.path == path }
    }

    var selectedPath: ICEAgent.Path? {
        selected.map { pairs[$0].path }
    }

    /// The valid pair of the highest priority.
    var bestValid: Int? {
        best { $0.state == .succeeded }
    }

    /// The pair to check next.
    var bestWaiting: Int? {
        best { $0.state == .waiting }
    }

    private func best(where isEligible: (CandidatePair) -> Bool) -> Int? {
        pairs.indices.filter { isEligible(pairs[$0]) }.max { pairs[$0].priority(role) < pairs[$1].priority(role) }
    }

    /// Whether a pair better than this one may still turn out to work.
    func hasHope(above index: Int) -> Bool {
        pairs.contains { pair in
            (pair.state == .waiting || pair.state == .inProgress)
                && pair.priority(role) > pairs[index].priority(role)
        }
    }

    mutating func rank(by role: ICEAgent.Role) {
        self.role = role
    }

    mutating func fail(where isGone: (CandidatePair) -> Bool) {
        for index in pairs.indices where isGone(pairs[index]) {
            pairs[index].state = .failed
            if selected == index { selected = nil }
            if nominating == index { nominating = nil }
        }
        triggered.removeAll { pairs[$0].state == .failed }
    }

    /// Whether a username of an incoming check is meant for these credentials (RFC 8445 §7.3).
    ///
    /// A check may come before the peer's answer; then its own fragment is not known yet.
    func matches(_ username: String) -> Bool {
        guard let remote else { return username.hasPrefix(local.ufrag + ":") }
        return username == "\(local.ufrag):\(remote.ufrag)"
    }
}

/// One transaction of ours.
struct Check: Sendable {
    enum Purpose: Hashable, Sendable {
        case connectivity
        case nomination
        /// Sent once; another one follows anyway.
        case consent
    }

    let id: STUNMessage.TransactionID
    /// The number of the checklist and the index of the pair.
    let checklist: Int
    let pair: Int
    let purpose: Purpose
    let role: ICEAgent.Role
    let bytes: [UInt8]
    var transmissions = 1
    var timeout = ICEAgent.initialTimeout
    /// When it is sent again or given up.
    var due: Instant
    /// Not sent again, because another check of the pair has taken over; an answer still counts.
    var isCancelled = false
}

/// What is known of the peer's consent to what we send.
struct Consent: Sendable {
    /// When the selected pair was last answered.
    var last: Instant
    /// When the next check is due.
    var next: Instant
    /// When the oldest check since then was sent.
    var unansweredSince: Instant?
    var isDisconnected = false
}
