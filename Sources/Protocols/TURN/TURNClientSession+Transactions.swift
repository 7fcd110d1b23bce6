public import ProtocolCore
internal import STUN

/// One request to the server that has not been answered.
struct TURNClientTransaction: Sendable {
    enum Purpose: Hashable, Sendable {
        case allocate
        /// Keeps the allocation.
        case refresh
        /// Gives it back; the answer is not waited for.
        case release
        case permission(SocketEndpoint)
        case channel(ChannelNumber, SocketEndpoint)

        var method: STUNMessage.Method {
            switch self {
            case .allocate: .allocate
            case .refresh, .release: .refresh
            case .permission: .createPermission
            case .channel: .channelBind
            }
        }
    }

    let id: STUNMessage.TransactionID
    let purpose: Purpose
    let bytes: [UInt8]
    let isSigned: Bool
    /// How often it was made again for a newer nonce.
    let renewals: Int
    var transmissions = 1
    var timeout: Duration
    /// When it is sent again or given up.
    var due: Instant
}

/// Requests: made, sent again, answered.
extension TURNClientSession {
    /// When ``advance(now:)`` is due; nil when there is nothing to wait for.
    public var deadline: Instant? {
        var earliest = refresh
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            earliest = earliest.map { min($0, instant) } ?? instant
        }
        for transaction in transactions { consider(transaction.due) }
        for peer in peers.values {
            if case .granted(let renewal) = peer.access { consider(renewal) }
        }
        return earliest
    }

    /// Does what is due: retransmissions, and renewing what would expire. Calling it early does no harm.
    public mutating func advance(now: Instant) {
        retransmit(now: now)
        guard case .allocated = state else { return }
        if let due = refresh, due <= now {
            refresh = nil
            request(.refresh, now: now)
        }
        for (endpoint, peer) in peers {
            guard case .granted(let renewal?) = peer.access, renewal <= now else { continue }
            peers[endpoint]?.access = .granted(renewal: nil)
            if peer.isBound, let channel = peer.channel {
                // It renews the permission as well (RFC 8656 §12.2).
                request(.channel(channel, endpoint), now: now)
            } else {
                request(.permission(endpoint), now: now)
            }
        }
    }

    private mutating func retransmit(now: Instant) {
        for position in transactions.indices.reversed() where transactions[position].due <= now {
            let transaction = transactions[position]
            guard transport == .udp, transaction.transmissions < Self.maximumTransmissions else {
                transactions.remove(at: position)
                failed(transaction, .timedOut)
                if case .over = state { return }
                continue
            }
            transactions[position].transmissions += 1
            transactions[position].timeout = min(transaction.timeout * 2, Self.longestTimeout)
            transactions[position].due = now + transactions[position].timeout
            outputs.append(.transmit(transaction.bytes))
        }
    }

    mutating func request(_ purpose: TURNClientTransaction.Purpose, renewals: Int = 0, now: Instant) {
        let id = makeTransactionID()
        var builder = STUNMessageBuilder(.request, purpose.method, transactionID: id)
        switch purpose {
        case .allocate:
            // UDP is what is relayed (RFC 8656 §7.1).
            builder.add(.requestedTransport, [17, 0, 0, 0])
            if asksForIPv6 { builder.add(.requestedAddressFamily, [2, 0, 0, 0]) }
        case .refresh:
            break
        case .release:
            builder.add(.lifetime, [0, 0, 0, 0])
        case .permission(let peer):
            builder.add(.xorPeerAddress, XORAddress.write(peer, for: id))
        case .channel(let number, let peer):
            builder.add(.channelNumber, [UInt8(number.rawValue >> 8), UInt8(number.rawValue & 0xff), 0, 0])
            builder.add(.xorPeerAddress, XORAddress.write(peer, for: id))
        }
        if key != nil, let realm, let nonce {
            builder.add(username: username)
            builder.add(.realm, Array(realm.utf8))
            builder.add(.nonce, Array(nonce.utf8))
        }
        let bytes = builder.finish(integrityKey: key)
        outputs.append(.transmit(bytes))
        if case .release = purpose { return }
        let timeout = transport == .udp ? Self.initialTimeout : Self.reliableTimeout
        transactions.append(
            TURNClientTransaction(
                id: id, purpose: purpose, bytes: bytes, isSigned: key != nil, renewals: renewals, timeout: timeout,
                due: now + timeout))
    }

    // MARK: Answers

    mutating func take(_ message: STUNMessage, _ attributes: TURNAttributes, _ bytes: RawSpan, now: Instant) {
        guard let position = transactions.firstIndex(where: { $0.id == message.transactionID }),
            transactions[position].purpose.method == message.method
        else { return }
        let transaction = transactions[position]
        if message.messageClass == .successResponse {
            // Without integrity anybody could have said it; the request goes on and times out if need be.
            guard let key, message.hasValidIntegrity(key: key) else { return }
            transactions.remove(at: position)
            succeeded(transaction, message, attributes, bytes, now: now)
            return
        }
        // A server signs no refusal whose sender it does not know, so an unsigned one counts (RFC 8489 §9.2.5 is
        // stricter for some codes; whoever can guess our transaction could drop our packets as well).
        if message.hasIntegrity, let key, !message.hasValidIntegrity(key: key) { return }
        guard let error = message.error else { return }
        transactions.remove(at: position)
        switch error.code {
        case 401 where !transaction.isSigned, 438:
            challenge(transaction, attributes, bytes, now: now)
        case 401:
            fail(.unauthorized)
        case 440 where transaction.purpose == .allocate && !asksForIPv6:
            asksForIPv6 = true
            request(.allocate, renewals: transaction.renewals, now: now)
        case 437 where transaction.purpose == .refresh:
            fail(.allocationLost)
        case 486:
            failed(transaction, .quotaReached)
        default:
            failed(transaction, .refused(code: error.code, reason: error.reason))
        }
    }

    /// Makes the request again with the realm and nonce of the answer (RFC 8489 §9.2.5).
    private mutating func challenge(
        _ transaction: TURNClientTransaction, _ attributes: TURNAttributes, _ bytes: RawSpan, now: Instant
    ) {
        guard transaction.renewals < Self.nonceAttempts else { return fail(.nonceNeverFresh) }
        guard let nonce = attributes.text(.nonce, in: bytes) else { return fail(.malformedAnswer("NONCE")) }
        if let realm = attributes.text(.realm, in: bytes), realm != self.realm {
            self.realm = realm
            key = TURNCredentials.key(username: username, realm: realm, password: password)
        }
        guard key != nil else { return fail(.malformedAnswer("REALM")) }
        self.nonce = nonce
        request(transaction.purpose, renewals: transaction.renewals + 1, now: now)
    }

    private mutating func succeeded(
        _ transaction: TURNClientTransaction, _ message: STUNMessage, _ attributes: TURNAttributes, _ bytes: RawSpan,
        now: Instant
    ) {
        switch transaction.purpose {
        case .allocate:
            guard let address = attributes.address(.xorRelayedAddress, in: bytes) else {
                return fail(.malformedAnswer("XOR-RELAYED-ADDRESS"))
            }
            relayed = address
            state = .allocated
            planRefresh(attributes.lifetime(in: bytes), now: now)
            outputs.append(.event(.allocated(relayed: address, mapped: message.xorMappedAddress)))
        case .refresh:
            planRefresh(attributes.lifetime(in: bytes), now: now)
        case .release:
            break
        case .permission(let peer):
            granted(peer, now: now)
        case .channel(_, let peer):
            peers[peer]?.isBound = true
            granted(peer, now: now)
        }
    }

    /// - Parameter lifetime: In seconds; without one the default of RFC 8656 §3.2 holds.
    private mutating func planRefresh(_ lifetime: UInt32?, now: Instant) {
        let lifetime = Duration.seconds(Int64(min(lifetime ?? 600, 86_400)))
        refresh = now + max(lifetime - Self.refreshMargin, lifetime / 2, .seconds(1))
    }

    private mutating func granted(_ peer: SocketEndpoint, now: Instant) {
        guard let waiting = peers[peer]?.waiting else { return }
        peers[peer]?.access = .granted(renewal: now + Self.renewalInterval)
        peers[peer]?.waiting = []
        for packet in waiting { outputs.append(.transmit(indication(of: packet, to: peer))) }
    }

    /// A request came to nothing.
    private mutating func failed(_ transaction: TURNClientTransaction, _ error: TURNClientError) {
        switch transaction.purpose {
        case .allocate, .refresh:
            fail(error)
        case .release:
            break
        case .permission(let peer):
            refuse(peer, error)
        case .channel(let number, let peer):
            if peers[peer]?.isBound == true { return refuse(peer, error) }
            // A peer that has its permission is reached without a channel, too.
            channels[number] = nil
            peers[peer]?.channel = nil
            if case .requested = peers[peer]?.access { refuse(peer, error) }
        }
    }

    private mutating func refuse(_ peer: SocketEndpoint, _ error: TURNClientError) {
        if let channel = peers[peer]?.channel { channels[channel] = nil }
        peers[peer] = Peer(access: .refused)
        outputs.append(.event(.peerRefused(peer, error)))
    }
}
