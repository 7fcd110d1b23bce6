public import ProtocolCore
internal import STUN

/// Permissions, channels, and what is sent through them.
extension TURNServer {
    /// RFC 8656 §10.2
    mutating func createPermission(
        _ request: TURNRequest, _ identity: TURNIdentity
    ) throws(TURNError) -> TURNReaction {
        guard hasOpenAllocation(request) else { throw .allocationMismatch }
        try requireOwnership(request, identity)
        guard let peers = request.attributes.peers(in: request.bytes.span.bytes) else {
            throw .badRequest("XOR-PEER-ADDRESS is needed")
        }
        for peer in peers {
            try requireFamily(of: peer, request)
            guard configuration.policy.allowsPermission(for: peer) else { throw .forbidden }
        }
        for peer in peers { try permit(peer, request) }
        return success(request, identity)
    }

    /// RFC 8656 §12.2
    mutating func channelBind(
        _ request: TURNRequest, _ identity: TURNIdentity
    ) throws(TURNError) -> TURNReaction {
        guard hasOpenAllocation(request) else { throw .allocationMismatch }
        try requireOwnership(request, identity)
        guard let number = request.attributes.channelNumber(in: request.bytes.span.bytes).flatMap(ChannelNumber.init),
            let peers = request.attributes.peers(in: request.bytes.span.bytes), let peer = peers.first, peers.count == 1
        else { throw .badRequest("A free CHANNEL-NUMBER and one XOR-PEER-ADDRESS are needed") }
        try requireFamily(of: peer, request)
        guard let target = configuration.policy.target(of: peer) else { throw .forbidden }
        guard var allocation = allocations[request.client] else { throw .allocationMismatch }
        // A number stays with its peer, and a peer with its number, while the binding lasts.
        if let bound = allocation.channels[number], bound.expiry > request.now, bound.peer != peer {
            throw .badRequest("The channel is bound to another peer")
        }
        if let other = allocation.channel(of: peer, at: request.now), other != number {
            throw .badRequest("The peer is bound to another channel")
        }
        allocation.forgetExpired(at: request.now)
        guard allocation.channels[number] != nil || allocation.channels.count < configuration.peersPerAllocation else {
            throw .insufficientCapacity
        }
        allocation.channels[number] = TURNAllocation.Channel(
            peer: peer, target: target, expiry: request.now + TURNAllocation.channelLifetime)
        allocation.channelsByPeer[peer] = number
        allocations[request.client] = allocation
        try permit(peer, request)
        return success(request, identity)
    }

    private func requireFamily(of peer: SocketEndpoint, _ request: TURNRequest) throws(TURNError) {
        guard allocations[request.client]?.relay.isIPv6 == peer.isIPv6 else { throw .peerFamilyMismatch }
    }

    private mutating func permit(_ peer: SocketEndpoint, _ request: TURNRequest) throws(TURNError) {
        guard var allocation = allocations[request.client] else { throw .allocationMismatch }
        let address = peer.withoutPort
        if allocation.permissions[address] == nil { allocation.forgetExpired(at: request.now) }
        guard allocation.permissions[address] != nil || allocation.permissions.count < configuration.peersPerAllocation
        else { throw .insufficientCapacity }
        allocation.permissions[address] = request.now + TURNAllocation.permissionLifetime
        allocations[request.client] = allocation
    }

    private func success(_ request: TURNRequest, _ identity: TURNIdentity) -> TURNReaction {
        let message = STUNMessageBuilder(successTo: request.message).finish(integrityKey: identity.key)
        return .effects([.send(message, to: request.client)])
    }

    // MARK: Data

    /// RFC 8656 §11.2
    mutating func receiveSend(
        _ bytes: RawSpan, _ attributes: TURNAttributes, from client: TURNClient, at now: Instant
    ) -> TURNReaction {
        guard let peer = attributes.peers(in: bytes)?.first, let payload = attributes[.data] else {
            return .dropped(.unreadable)
        }
        guard let allocation = allocations[client], allocation.isOpen, allocation.expiry > now else {
            return .dropped(.noAllocation)
        }
        guard allocation.hasPermission(for: peer, at: now), allocation.relay.isIPv6 == peer.isIPv6 else {
            return .dropped(.noPermission)
        }
        guard let target = configuration.policy.target(of: peer) else { return .dropped(.peerForbidden) }
        if (allocation.names[target] ?? target) != peer { allocations[client]?.note(peer, reachedAt: target) }
        return .relay(allocation.relay.id, payload: payload, to: target)
    }

    /// RFC 8656 §12.6
    mutating func receiveChannelData(_ bytes: RawSpan, from client: TURNClient, at now: Instant) -> TURNReaction {
        guard let number = (try? bytes.uint16(at: 0)).flatMap(ChannelNumber.init),
            let length = try? bytes.uint16(at: 2), Int(length) <= bytes.byteCount &- 4
        else { return .dropped(.unreadable) }
        guard let allocation = allocations[client], allocation.expiry > now else { return .dropped(.noAllocation) }
        guard let channel = allocation.channels[number], channel.expiry > now,
            allocation.hasPermission(for: channel.peer, at: now)
        else { return .dropped(.noPermission) }
        if (allocation.names[channel.target] ?? channel.target) != channel.peer {
            allocations[client]?.note(channel.peer, reachedAt: channel.target)
        }
        return .relay(allocation.relay.id, payload: 4..<4 &+ Int(length), to: channel.target)
    }

    /// Takes a datagram that came to a relayed address.
    /// - Parameter source: Where it came from.
    public mutating func receive(
        _ payload: RawSpan, from source: SocketEndpoint, on relay: RelayID, at now: Instant
    ) -> TURNDelivery {
        guard let client = clients[relay], let allocation = allocations[client], allocation.expiry > now else {
            return .dropped(.noAllocation)
        }
        // From a media port, which is known under other names outside, only answers can come.
        let peer = allocation.names[source] ?? source
        guard allocation.hasPermission(for: peer, at: now) else { return .dropped(.noPermission) }
        guard configuration.policy.target(of: peer) == source else { return .dropped(.peerForbidden) }
        if let number = allocation.channel(of: peer, at: now) { return .channelData(number, to: client) }
        guard let data = try? payload.array(at: 0, count: payload.byteCount) else { return .dropped(.unreadable) }
        // A number that no other message of this client has; an indication is not answered.
        let transaction = STUNMessage.TransactionID(high: 0x6461_7461, low: relay.rawValue)
        var builder = STUNMessageBuilder(.indication, .data, transactionID: transaction)
        builder.add(.xorPeerAddress, XORAddress.write(peer, for: transaction))
        builder.add(.data, data)
        return .message(builder.finish(integrityKey: nil), to: client)
    }
}

/// The four bytes before the payload of ChannelData (RFC 8656 §12.4).
extension ChannelNumber {
    /// How many bytes of padding follow a payload on a stream; datagrams need none (RFC 8656 §12.5).
    public static func padding(after payloadLength: Int) -> Int {
        (4 - payloadLength % 4) % 4
    }
}
