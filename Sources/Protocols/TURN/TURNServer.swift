public import ProtocolCore
internal import STUN

/// A client as the server tells clients apart: by the address that it comes from and the transport (RFC 8656 §2.2).
/// The server's own address belongs to it too, and is the same for all clients of one ``TURNServer``.
public struct TURNClient: Hashable, Sendable {
    public enum Transport: UInt8, Hashable, Sendable, CaseIterable {
        case udp
        case tcp
        case tls
    }

    public let endpoint: SocketEndpoint
    public let transport: Transport

    public init(_ endpoint: SocketEndpoint, over transport: Transport) {
        self.endpoint = endpoint
        self.transport = transport
    }
}

/// Names one relayed address of a ``TURNServer``.
public struct RelayID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// A relayed address that a client asked for.
public struct RelayRequest: Hashable, Sendable {
    public let id: RelayID
    /// Whose quota it counts against.
    public let user: String
    public let isIPv6: Bool
}

/// What the driver of a ``TURNServer`` has to do.
public enum TURNEffect: Hashable, Sendable {
    /// Send a message to the client.
    case send([UInt8], to: TURNClient)
    /// Check the quota, open a UDP socket, and tell the server with ``TURNServer/relayOpened(_:at:now:)`` or
    /// ``TURNServer/relayFailed(_:_:)``.
    case openRelay(RelayRequest)
    /// Close the socket, if it was opened, and give the quota back. Nothing more is said of this relay.
    case closeRelay(RelayRequest)
}

/// What comes of bytes of a client.
public enum TURNReaction: Hashable, Sendable {
    /// Nothing: they are no message, or one that is to be dropped silently.
    case dropped(TURNDrop)
    /// Send the part of the bytes that `payload` names from the relay's socket to `target`.
    case relay(RelayID, payload: Range<Int>, to: SocketEndpoint)
    /// Do these, in this order.
    case effects([TURNEffect])
}

/// What comes of a datagram at a relayed address.
public enum TURNDelivery: Hashable, Sendable {
    case dropped(TURNDrop)
    /// Send the datagram to the client behind a ChannelData header with this number (RFC 8656 §12.4).
    case channelData(ChannelNumber, to: TURNClient)
    /// Send this message, which holds the datagram, to the client.
    case message([UInt8], to: TURNClient)
}

/// Why something was dropped without an answer.
public enum TURNDrop: Hashable, Sendable {
    /// It could not be read, or is no message for a server.
    case unreadable
    /// The client has no allocation.
    case noAllocation
    /// The client holds no permission or channel for the peer.
    case noPermission
    /// The policy does not let clients reach the peer.
    case peerForbidden
    /// It came again while the first one is being worked on.
    case repeated
}

/// The server side of TURN (RFC 8656) as a value: allocations, permissions and channels of clients, with long-term
/// credentials that expire by themselves.
///
/// It takes bytes and the time, and says what is to be done; it opens no socket and reads no clock. One value serves
/// any number of clients, for example all those of one UDP socket, or the single one of a TCP connection.
public struct TURNServer: Sendable {
    public struct Configuration: Sendable {
        /// The realm of the credentials; usually the name of the server.
        public var realm: String
        /// The secret of ``TURNCredentials``.
        public var secret: [UInt8]
        /// What nonces are made with: random, and the same for as long as the process runs.
        public var nonceKey: [UInt8]
        public var nonceLifetime: Duration = .seconds(3_600)
        public var policy: TURNPeerPolicy
        /// Which families of relayed addresses there are.
        public var offersIPv4 = true
        public var offersIPv6 = false
        /// How long an allocation lasts unless the client asks for more (RFC 8656 §3.2).
        public var defaultLifetime: Duration = .seconds(600)
        public var maximumLifetime: Duration = .seconds(3_600)
        /// Limits for permissions and for channels of one allocation.
        public var peersPerAllocation = Self.defaultPeersPerAllocation
        public static let defaultPeersPerAllocation = 128

        public init(realm: String, secret: [UInt8], nonceKey: [UInt8], policy: TURNPeerPolicy) {
            self.realm = realm
            self.secret = secret
            self.nonceKey = nonceKey
            self.policy = policy
        }
    }

    public let configuration: Configuration
    let nonces: TURNNonce
    var allocations: [TURNClient: TURNAllocation] = [:]
    var clients: [RelayID: TURNClient] = [:]
    private var nextRelay: UInt64 = 1
    /// How many requests were answered with an error, by its code; 401 without credentials, the usual beginning, is
    /// not among them.
    public internal(set) var refusals: [Int: Int] = [:]
    /// The user whose credentials the last message of a client carried; nil when it carried none that are good. That is
    /// what tells a client from anybody who can send bytes.
    public private(set) var authenticatedUser: String?

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        nonces = TURNNonce(key: configuration.nonceKey, lifetime: configuration.nonceLifetime)
    }

    /// Whether the client has an allocation or waits for one.
    public func hasAllocation(_ client: TURNClient) -> Bool {
        allocations[client] != nil
    }

    public var allocationCount: Int {
        allocations.count
    }

    // MARK: From clients

    /// Takes one message of a client: a datagram, or a frame of a stream.
    /// - Parameters:
    ///   - unixTime: The date in seconds since 1970, which the expiry of credentials goes by.
    public mutating func receive(
        _ bytes: RawSpan, from client: TURNClient, at now: Instant, unixTime: Int64
    ) -> TURNReaction {
        authenticatedUser = nil
        guard let first = try? bytes.uint8(at: 0) else { return .dropped(.unreadable) }
        if first & 0xc0 == 0x40 { return receiveChannelData(bytes, from: client, at: now) }
        guard let message = try? STUNMessage(parsing: bytes) else { return .dropped(.unreadable) }
        let attributes = TURNAttributes(of: bytes)
        if attributes.endsWithFingerprint, !message.hasValidFingerprint { return .dropped(.unreadable) }
        switch message.messageClass {
        case .indication:
            guard message.method == .send else { return .dropped(.unreadable) }
            return receiveSend(bytes, attributes, from: client, at: now)
        case .request:
            guard let copy = try? bytes.array(at: 0, count: bytes.byteCount) else { return .dropped(.unreadable) }
            let request = TURNRequest(
                bytes: copy, message: message, attributes: attributes, client: client, now: now, unixTime: unixTime)
            return receive(request)
        case .successResponse, .errorResponse:
            return .dropped(.unreadable)
        }
    }

    private mutating func receive(_ request: TURNRequest) -> TURNReaction {
        switch request.message.method {
        case .binding: return .effects([bindingResponse(to: request)])
        case .allocate:
            return answer(request) { server, identity throws(TURNError) in try server.allocate(request, identity) }
        case .refresh:
            return answer(request) { server, identity throws(TURNError) in try server.refresh(request, identity) }
        case .createPermission:
            return answer(request) { server, identity throws(TURNError) in
                try server.createPermission(request, identity)
            }
        case .channelBind:
            return answer(request) { server, identity throws(TURNError) in try server.channelBind(request, identity) }
        default: return .dropped(.unreadable)
        }
    }

    /// Checks who asks, then does it, or says why not.
    private mutating func answer(
        _ request: TURNRequest,
        with act: (inout TURNServer, TURNIdentity) throws(TURNError) -> TURNReaction
    ) -> TURNReaction {
        let identity: TURNIdentity
        do throws(TURNError) {
            identity = try authenticate(request)
            authenticatedUser = identity.user
        } catch {
            return refuse(request, error, identity: nil)
        }
        do throws(TURNError) {
            let unknown = request.message.unknownRequiredAttributes.filter { type in
                !STUNAttributeType.knownToTURN.contains(STUNAttributeType(rawValue: type))
            }
            guard unknown.isEmpty else { throw .unknownAttributes(unknown) }
            return try act(&self, identity)
        } catch {
            return refuse(request, error, identity: identity)
        }
    }

    private mutating func refuse(
        _ request: TURNRequest, _ error: TURNError, identity: TURNIdentity?
    ) -> TURNReaction {
        if error != .challenge { refusals[error.code, default: 0] += 1 }
        var builder = STUNMessageBuilder(error: error.code, reason: error.reason, to: request.message)
        if case .unknownAttributes(let types) = error { builder.add(unknownAttributes: types) }
        if error.needsChallenge {
            builder.add(.realm, Array(configuration.realm.utf8))
            builder.add(.nonce, Array(nonces.make(for: request.client, at: request.now).utf8))
        }
        return .effects([.send(builder.finish(integrityKey: identity?.key), to: request.client)])
    }

    /// Plain STUN needs no credentials: it tells a client its own address, as any STUN server does.
    private func bindingResponse(to request: TURNRequest) -> TURNEffect {
        var builder = STUNMessageBuilder(successTo: request.message)
        builder.add(xorMappedAddress: request.client.endpoint)
        return .send(builder.finish(integrityKey: nil), to: request.client)
    }

    // MARK: Ends

    /// The client's connection is gone.
    public mutating func clientLeft(_ client: TURNClient) -> [TURNEffect] {
        close(client)
    }

    /// Ends allocations whose time is over and forgets permissions and channels that are. To be called every few
    /// seconds; what has expired counts as gone before that.
    public mutating func expire(at now: Instant) -> [TURNEffect] {
        var effects: [TURNEffect] = []
        for (client, allocation) in allocations {
            if allocation.expiry <= now {
                effects += close(client)
            } else {
                allocations[client]?.forgetExpired(at: now)
            }
        }
        return effects
    }

    mutating func close(_ client: TURNClient) -> [TURNEffect] {
        guard let allocation = allocations.removeValue(forKey: client) else { return [] }
        clients[allocation.relay.id] = nil
        return [.closeRelay(allocation.relay)]
    }

    mutating func makeRelayID() -> RelayID {
        defer { nextRelay &+= 1 }
        return RelayID(rawValue: nextRelay)
    }
}
