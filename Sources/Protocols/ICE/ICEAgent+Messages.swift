public import ProtocolCore
internal import STUN

/// What the agent does with datagrams: answers checks, and takes the answers to its own.
extension ICEAgent {
    /// Takes one STUN datagram that came to a local address over a link; tells why it had no effect, for logs and
    /// counters.
    @discardableResult
    public mutating func handle(
        _ datagram: RawSpan, from source: SocketEndpoint, to local: SocketEndpoint, over link: Link = .udp,
        now: Instant
    ) -> Refusal? {
        let message: STUNMessage
        do throws(ParseError) {
            message = try STUNMessage(parsing: datagram)
        } catch {
            return .malformed(error)
        }
        guard message.method == .binding else { return .notAConnectivityCheck }
        let path = Path(local: local, remote: source, link: link)
        let refusal: Refusal?
        switch message.messageClass {
        case .request:
            guard message.hasValidFingerprint else { return .badFingerprint }
            refusal = handleRequest(message, on: path, now: now)
        case .successResponse, .errorResponse:
            refusal = handleResponse(message, on: path, now: now)
        case .indication:
            return .notAConnectivityCheck
        }
        advance(now: now)
        return refusal
    }

    // MARK: Requests (RFC 8445 §7.3)

    private mutating func handleRequest(_ request: STUNMessage, on path: Path, now: Instant) -> Refusal? {
        guard let username = request.username, request.hasIntegrity else {
            return refuse(request, 400, "Bad Request", .missingAttribute, on: path)
        }
        let isCurrent = current.matches(username)
        guard let checklist = isCurrent ? current : previous.flatMap({ $0.matches(username) ? $0 : nil }) else {
            return refuse(request, 401, "Unauthenticated", .badCredentials, on: path)
        }
        let key = Array(checklist.local.password.utf8)
        guard request.hasValidIntegrity(key: key) else {
            return refuse(request, 401, "Unauthenticated", .badCredentials, on: path)
        }
        let unknown = request.unknownRequiredAttributes
        guard unknown.isEmpty else {
            var response = STUNMessageBuilder(error: 420, reason: "Unknown Attribute", to: request)
            response.add(unknownAttributes: unknown)
            outputs.append(.transmit(response.finish(integrityKey: key), path))
            return .unknownAttributes(unknown)
        }
        guard settleRoles(request) else {
            return refuse(request, 487, "Role Conflict", .roleConflict, key: key, on: path)
        }
        guard let priority = request.priority else {
            return refuse(request, 400, "Bad Request", .missingAttribute, key: key, on: path)
        }
        var response = STUNMessageBuilder(successTo: request)
        response.add(xorMappedAddress: path.remote)
        outputs.append(.transmit(response.finish(integrityKey: key), path))
        if isCurrent { learn(from: request, priority: priority, on: path, now: now) }
        return nil
    }

    private mutating func refuse(
        _ request: STUNMessage, _ code: Int, _ reason: String, _ refusal: Refusal, key: [UInt8]? = nil, on path: Path
    ) -> Refusal {
        let response = STUNMessageBuilder(error: code, reason: reason, to: request).finish(integrityKey: key)
        outputs.append(.transmit(response, path))
        return refusal
    }

    /// Whether the roles are settled, if need be by changing ours; false when the peer has to change (§7.3.1.1).
    private mutating func settleRoles(_ request: STUNMessage) -> Bool {
        switch role {
        case .controlling:
            guard let other = request.iceControlling else { return true }
            if tieBreaker >= other { return false }
        case .controlled:
            guard let other = request.iceControlled else { return true }
            if tieBreaker < other { return false }
        }
        switchRole()
        return true
    }

    mutating func switchRole() {
        role = role == .controlling ? .controlled : .controlling
        current.rank(by: role)
        current.nominating = nil
    }

    /// Learns the peer's address and checks it in turn (§7.3.1.3 to §7.3.1.5).
    private mutating func learn(from request: STUNMessage, priority: UInt32, on path: Path, now: Instant) {
        guard let local = locals.first(where: { $0.endpoint == path.local && $0.link == path.link }) else { return }
        let remote = RemoteCandidate(endpoint: path.remote, transport: path.link.transport, priority: priority)
        // What the peer said of a candidate that it signalled holds; only an unknown address takes this priority.
        if current.index(of: path) == nil { _ = current.take(remote, role) }
        guard let index = current.pair(local, remote, role) else { return }
        let nominates = request.usesCandidate && role == .controlled
        if nominates { current.pairs[index].isNominated = true }
        switch current.pairs[index].state {
        case .succeeded:
            // A controlling peer may change its mind later; it decides.
            if nominates, current.selected != index { select(index, now: now) }
        case .inProgress:
            // The answer may be lost as well, so the check is made again at once; an answer to the old one counts.
            for position in outstanding.indices
            where outstanding[position].pair == index && outstanding[position].checklist == current.number {
                outstanding[position].isCancelled = true
            }
            trigger(index)
        case .waiting, .failed:
            trigger(index)
        }
    }

    private mutating func trigger(_ index: Int) {
        guard current.selected == nil else { return }
        current.pairs[index].state = .waiting
        if !current.triggered.contains(index) { current.triggered.append(index) }
    }

    // MARK: Responses (RFC 8445 §7.2.5)

    private mutating func handleResponse(_ response: STUNMessage, on path: Path, now: Instant) -> Refusal? {
        guard let position = outstanding.firstIndex(where: { $0.id == response.transactionID }) else {
            return .unknownTransaction
        }
        let check = outstanding[position]
        guard let checklist = check.checklist == current.number ? current : previous,
            checklist.number == check.checklist, let remote = checklist.remote
        else { return .unknownTransaction }
        // Without integrity anybody could have said it; the transaction goes on and times out if need be.
        guard response.hasValidIntegrity(key: Array(remote.password.utf8)) else { return .badCredentials }
        outstanding.remove(at: position)
        let pair = checklist.pairs[check.pair]
        guard pair.path == path else {
            // Not symmetric: what we send from here is answered elsewhere (§7.2.5.2.1).
            if check.purpose != .consent { failed(check) }
            return nil
        }
        guard response.messageClass == .successResponse else {
            handleError(response, check, now: now)
            return nil
        }
        // What a relay or a TCP connection looks like from outside says nothing about our UDP socket.
        if path.link == .udp, let mapped = response.xorMappedAddress { mappedAddress = mapped }
        if check.purpose == .consent {
            renewConsent(now: now)
            return nil
        }
        guard check.checklist == current.number else { return nil }
        succeeded(check, now: now)
        return nil
    }

    private mutating func succeeded(_ check: Check, now: Instant) {
        if current.firstSuccess == nil { current.firstSuccess = now }
        current.pairs[check.pair].state = .succeeded
        current.triggered.removeAll { $0 == check.pair }
        guard current.selected == nil else { return }
        switch role {
        case .controlling:
            if check.purpose == .nomination { select(check.pair, now: now) }
        case .controlled:
            if current.pairs[check.pair].isNominated { select(check.pair, now: now) }
        }
    }

    private mutating func handleError(_ response: STUNMessage, _ check: Check, now: Instant) {
        switch response.error?.code {
        case 487:
            // The peer insists on our role (§7.2.5.1).
            if check.role == role, !current.isRemoteLite {
                switchRole()
                tieBreaker = generator.next()
            }
            guard check.checklist == current.number, current.selected == nil else { return }
            current.pairs[check.pair].state = .waiting
            current.triggered.append(check.pair)
        case 403 where check.purpose == .consent:
            // The peer takes its consent back (RFC 7675 §5.2).
            consent?.last = now.advanced(by: .zero - Self.consentTimeout)
        default:
            if check.purpose != .consent { failed(check) }
        }
    }
}
