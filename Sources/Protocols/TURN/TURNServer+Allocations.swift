public import ProtocolCore
internal import STUN

/// Who may have an allocation, and its beginning and end.
extension TURNServer {
    /// Long-term credentials (RFC 8489 §9.2.4). The expiry in the name counts for new allocations only: a call is not
    /// cut because it outlasts the credentials with which it began.
    func authenticate(_ request: TURNRequest) throws(TURNError) -> TURNIdentity {
        guard request.message.hasIntegrity else { throw .challenge }
        guard let username = request.message.username,
            let realm = request.attributes.text(.realm, in: request.bytes.span.bytes),
            let nonce = request.attributes.text(.nonce, in: request.bytes.span.bytes)
        else { throw .badRequest("USERNAME, REALM and NONCE are needed") }
        guard nonces.isValid(nonce, for: request.client, at: request.now) else { throw .staleNonce }
        guard realm == configuration.realm, let parts = TURNCredentials.parts(of: username) else {
            throw .unauthorized
        }
        if allocations[request.client]?.username != username, parts.expiry <= request.unixTime { throw .unauthorized }
        let key = TURNCredentials(username: username, secret: configuration.secret).key(realm: realm)
        guard request.message.hasValidIntegrity(key: key) else { throw .unauthorized }
        return TURNIdentity(username: username, user: parts.user, key: key)
    }

    /// RFC 8656 §7.2
    mutating func allocate(_ request: TURNRequest, _ identity: TURNIdentity) throws(TURNError) -> TURNReaction {
        let bytes = request.bytes.span.bytes
        let attributes = request.attributes
        if let allocation = allocations[request.client] {
            guard allocation.expiry > request.now, allocation.transaction == request.message.transactionID else {
                throw .allocationMismatch
            }
            guard case .open(let relayed) = allocation.state else { return .dropped(.repeated) }
            return .effects([.send(success(allocation, relayed, client: request.client), to: request.client)])
        }
        guard let transport = attributes.leadingByte(.requestedTransport, in: bytes) else {
            throw .badRequest("REQUESTED-TRANSPORT is needed")
        }
        guard transport == Self.udpProtocolNumber else { throw .unsupportedTransport }
        // Pairs of ports are for RTP without multiplexing, which no client of ours does.
        guard attributes[.evenPort] == nil, attributes[.reservationToken] == nil else { throw .insufficientCapacity }
        let isIPv6 = try wantsIPv6(request)
        guard isIPv6 ? configuration.offersIPv6 : configuration.offersIPv4 else { throw .familyNotSupported }
        let relay = RelayRequest(id: makeRelayID(), user: identity.user, isIPv6: isIPv6)
        allocations[request.client] = TURNAllocation(
            relay: relay, identity: identity, transaction: request.message.transactionID,
            lifetime: lifetime(attributes.lifetime(in: bytes)), now: request.now)
        clients[relay.id] = request.client
        return .effects([.openRelay(relay)])
    }

    private static var udpProtocolNumber: UInt8 { 17 }

    private func wantsIPv6(_ request: TURNRequest) throws(TURNError) -> Bool {
        guard request.attributes[.requestedAddressFamily] != nil else { return false }
        switch request.attributes.leadingByte(.requestedAddressFamily, in: request.bytes.span.bytes) {
        case 1: return false
        case 2: return true
        default: throw .familyNotSupported
        }
    }

    private func lifetime(_ wanted: UInt32?) -> Duration {
        let wanted = wanted.map { Duration.seconds(Int64($0)) } ?? configuration.defaultLifetime
        return max(configuration.defaultLifetime, min(wanted, configuration.maximumLifetime))
    }

    /// The socket of a relay is open.
    /// - Parameter endpoint: The relayed address as clients are to know it.
    public mutating func relayOpened(_ id: RelayID, at endpoint: SocketEndpoint, now: Instant) -> [TURNEffect] {
        guard let client = clients[id], var allocation = allocations[client] else { return [] }
        allocation.state = .open(endpoint)
        allocation.expiry = now + allocation.lifetime
        allocations[client] = allocation
        return [.send(success(allocation, endpoint, client: client), to: client)]
    }

    /// A relay could not be had. Nothing remains of it.
    public mutating func relayFailed(_ id: RelayID, _ failure: RelayFailure) -> [TURNEffect] {
        guard let client = clients.removeValue(forKey: id),
            let allocation = allocations.removeValue(forKey: client)
        else { return [] }
        let error: TURNError =
            switch failure {
            case .quotaReached: .quotaReached
            case .insufficientCapacity: .insufficientCapacity
            }
        refusals[error.code, default: 0] += 1
        var builder = STUNMessageBuilder(.errorResponse, .allocate, transactionID: allocation.transaction)
        builder.add(error: error.code, reason: error.reason)
        return [.send(builder.finish(integrityKey: allocation.key), to: client)]
    }

    private func success(_ allocation: TURNAllocation, _ relayed: SocketEndpoint, client: TURNClient) -> [UInt8] {
        var builder = STUNMessageBuilder(.successResponse, .allocate, transactionID: allocation.transaction)
        builder.add(.xorRelayedAddress, XORAddress.write(relayed, for: allocation.transaction))
        builder.add(.lifetime, Self.encoded(allocation.lifetime))
        builder.add(xorMappedAddress: client.endpoint)
        return builder.finish(integrityKey: allocation.key)
    }

    /// RFC 8656 §8.2
    mutating func refresh(_ request: TURNRequest, _ identity: TURNIdentity) throws(TURNError) -> TURNReaction {
        let wanted = request.attributes.lifetime(in: request.bytes.span.bytes)
        var builder = STUNMessageBuilder(successTo: request.message)
        guard hasOpenAllocation(request) else {
            // The answer to an earlier Refresh with lifetime 0 may have been lost.
            guard wanted == 0 else { throw .allocationMismatch }
            builder.add(.lifetime, Self.encoded(.zero))
            return .effects([.send(builder.finish(integrityKey: identity.key), to: request.client)])
        }
        try requireOwnership(request, identity)
        if let family = request.attributes.leadingByte(.requestedAddressFamily, in: request.bytes.span.bytes),
            let allocation = allocations[request.client], (family == 2) != allocation.relay.isIPv6
        {
            throw .peerFamilyMismatch
        }
        var closing: [TURNEffect] = []
        if wanted == 0 {
            closing = close(request.client)
            builder.add(.lifetime, Self.encoded(.zero))
        } else {
            let lifetime = lifetime(wanted)
            allocations[request.client]?.lifetime = lifetime
            allocations[request.client]?.expiry = request.now + lifetime
            builder.add(.lifetime, Self.encoded(lifetime))
        }
        return .effects([.send(builder.finish(integrityKey: identity.key), to: request.client)] + closing)
    }

    func hasOpenAllocation(_ request: TURNRequest) -> Bool {
        guard let allocation = allocations[request.client] else { return false }
        return allocation.isOpen && allocation.expiry > request.now
    }

    func requireOwnership(_ request: TURNRequest, _ identity: TURNIdentity) throws(TURNError) {
        guard allocations[request.client]?.username == identity.username else { throw .wrongCredentials }
    }

    private static func encoded(_ lifetime: Duration) -> [UInt8] {
        var value: [UInt8] = []
        value.append(bigEndian: UInt32(clamping: lifetime.components.seconds))
        return value
    }
}
