internal import ProtocolCore
internal import STUN

/// A relayed address of a client, and which peers it is good for (RFC 8656 §2.2, §2.3).
struct TURNAllocation: Sendable {
    /// How long a permission lasts (RFC 8656 §3.3).
    static let permissionLifetime: Duration = .seconds(300)
    /// How long a channel stays bound (RFC 8656 §3.5).
    static let channelLifetime: Duration = .seconds(600)

    struct Channel {
        var peer: SocketEndpoint
        var target: SocketEndpoint
        var expiry: Instant
    }

    enum State {
        /// The socket is being opened.
        case opening
        /// We relay from this address, as clients know it.
        case open(SocketEndpoint)
    }

    let relay: RelayRequest
    let username: String
    let key: [UInt8]
    /// The request that made the allocation; when it comes again, so does the answer.
    let transaction: STUNMessage.TransactionID
    var state = State.opening
    var lifetime: Duration
    var expiry: Instant
    /// By address, with port 0.
    var permissions: [SocketEndpoint: Instant] = [:]
    var channels: [ChannelNumber: Channel] = [:]
    var channelsByPeer: [SocketEndpoint: ChannelNumber] = [:]
    /// As which peer the client last reached a target. A media port has one address here and several outside, and the
    /// client knows an answer only as coming from the address that it wrote to.
    var names: [SocketEndpoint: SocketEndpoint] = [:]

    init(
        relay: RelayRequest, identity: TURNIdentity, transaction: STUNMessage.TransactionID, lifetime: Duration,
        now: Instant
    ) {
        self.relay = relay
        username = identity.username
        key = identity.key
        self.transaction = transaction
        self.lifetime = lifetime
        expiry = now + lifetime
    }

    var isOpen: Bool {
        switch state {
        case .opening: false
        case .open: true
        }
    }

    func hasPermission(for peer: SocketEndpoint, at now: Instant) -> Bool {
        permissions[peer.withoutPort].map { $0 > now } ?? false
    }

    /// The channel that is bound to a peer.
    func channel(of peer: SocketEndpoint, at now: Instant) -> ChannelNumber? {
        guard let number = channelsByPeer[peer], let channel = channels[number], channel.expiry > now else {
            return nil
        }
        return number
    }

    mutating func note(_ peer: SocketEndpoint, reachedAt target: SocketEndpoint) {
        if peer == target {
            names[target] = nil
        } else if names[target] != peer {
            names[target] = peer
        }
    }

    mutating func forgetExpired(at now: Instant) {
        if permissions.values.contains(where: { $0 <= now }) {
            permissions = permissions.filter { $0.value > now }
            names = names.filter { permissions[$0.value.withoutPort] != nil }
        }
        if channels.values.contains(where: { $0.expiry <= now }) {
            channels = channels.filter { $0.value.expiry > now }
            channelsByPeer = channelsByPeer.filter { channels[$0.value] != nil }
        }
    }
}
