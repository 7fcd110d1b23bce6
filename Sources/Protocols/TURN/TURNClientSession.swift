public import ProtocolCore
internal import STUN

/// The client side of one allocation (RFC 8656): gets a relayed address, keeps it, and sends and receives through it.
///
/// A value: messages of the server and instants go in; ``Output`` comes out of ``poll()``, which must be drained after
/// every other call; ``deadline`` says when ``advance(now:)`` is due. Over streams the driver frames what comes in with
/// ``TURNStreamFraming``; what goes out is padded as streams need it.
///
/// ```swift
/// var relay = TURNClientSession(username: name, password: password, over: .tcp, seed: seed)
/// relay.start(now: now)
/// while let output = relay.poll() { … }
/// if relay.send(packet, to: peer, now: now, into: &message) { socket.write(message) }
/// ```
///
/// Peers get a permission with the first packet to them, and a channel when ``bind(_:now:)`` asks for one.
public struct TURNClientSession: Sendable {
    /// What the driver has to do.
    public enum Output: Hashable, Sendable {
        /// Send this message to the server.
        case transmit([UInt8])
        /// Tell whoever uses the relay.
        case event(Event)
    }

    public enum Event: Hashable, Sendable {
        /// Packets can be sent from this address; `mapped` is ours as the server sees it.
        case allocated(relayed: SocketEndpoint, mapped: SocketEndpoint?)
        /// The server does not let us reach this peer.
        case peerRefused(SocketEndpoint, TURNClientError)
        /// There is no relayed address, or none any more. Nothing follows.
        case failed(TURNClientError)
    }

    /// A packet of a peer within the message that was taken.
    public struct Received: Hashable, Sendable {
        public let peer: SocketEndpoint
        /// Where it lies in the message.
        public let payload: Range<Int>
    }

    /// The first wait for a response over UDP, doubled for each retransmission up to ``longestTimeout``: as in ICE,
    /// because a call waits for it. RFC 8489 §6.2.1 begins with 500 ms.
    public static let initialTimeout: Duration = .milliseconds(200)
    public static let longestTimeout: Duration = .milliseconds(1600)
    /// How often one request is sent over UDP: the Rc of RFC 8489 §6.2.1.
    public static let maximumTransmissions = 7
    /// How long a response is waited for over a stream, which repeats by itself. RFC 8489 §6.2.2 allows 39.5 seconds.
    public static let reliableTimeout: Duration = .seconds(10)
    /// Permissions last 300 seconds (RFC 8656 §3.3), channels 600; both are renewed after this.
    public static let renewalInterval: Duration = .seconds(240)
    /// Peers of one allocation. A call has one for each address of its server.
    public static let maximumPeers = 32
    /// Packets to one peer that wait for its permission; the oldest gives way.
    public static let waitingPackets = 8
    /// How often a request is made again with a newer nonce.
    static let nonceAttempts = 3
    /// An allocation is refreshed so long before its end.
    static let refreshMargin: Duration = .seconds(60)

    enum State: Sendable {
        case idle
        case allocating
        case allocated
        /// It has failed or was closed.
        case over
    }

    /// What is known of a peer.
    struct Peer: Sendable {
        enum Access: Sendable {
            case requested
            /// May be sent to; renewed at the instant, or nil while that is under way.
            case granted(renewal: Instant?)
            case refused
        }

        var access = Access.requested
        /// The number that is bound or to be bound.
        var channel: ChannelNumber?
        var isBound = false
        var waiting: [[UInt8]] = []
    }

    let username: String
    let password: String
    /// How messages travel to the server.
    public let transport: TURNClient.Transport
    var generator: SeededGenerator
    var state = State.idle
    var asksForIPv6: Bool
    var realm: String?
    var nonce: String?
    var key: [UInt8]?
    var transactions: [TURNClientTransaction] = []
    var peers: [SocketEndpoint: Peer] = [:]
    var channels: [ChannelNumber: SocketEndpoint] = [:]
    var refresh: Instant?
    var outputs: [Output] = []
    private var nextOutput = 0
    private var nextChannel = ChannelNumber.range.lowerBound

    /// The relayed address, once there is one.
    public internal(set) var relayed: SocketEndpoint?

    /// - Parameters:
    ///   - transport: How messages travel to the server.
    ///   - prefersIPv6: Whether to ask for an IPv6 relayed address; where the server has none of the family that is
    ///     asked for first, the other one is.
    ///   - seed: Random: transaction ids are made of it.
    public init(
        username: String, password: String, over transport: TURNClient.Transport, prefersIPv6: Bool = false,
        seed: UInt64
    ) {
        self.username = username
        self.password = password
        self.transport = transport
        asksForIPv6 = prefersIPv6
        generator = SeededGenerator(seed: seed)
    }

    // MARK: Life

    /// Asks for the relayed address. Does nothing later on.
    public mutating func start(now: Instant) {
        guard case .idle = state else { return }
        state = .allocating
        request(.allocate, now: now)
    }

    /// Gives the relayed address back. Drain ``poll()`` to send that; nothing follows.
    public mutating func close(now: Instant) {
        transactions = []
        switch state {
        case .allocated: request(.release, now: now)
        case .idle, .allocating, .over: break
        }
        end()
    }

    mutating func end() {
        state = .over
        transactions = []
        peers = [:]
        channels = [:]
        refresh = nil
    }

    mutating func fail(_ error: TURNClientError) {
        end()
        outputs.append(.event(.failed(error)))
    }

    /// Whether there is a relayed address.
    public var isAllocated: Bool {
        switch state {
        case .allocated: true
        case .idle, .allocating, .over: false
        }
    }

    public mutating func poll() -> Output? {
        guard nextOutput < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            nextOutput = 0
            return nil
        }
        defer { nextOutput += 1 }
        return outputs[nextOutput]
    }

    // MARK: Packets

    /// Sends a packet to a peer.
    ///
    /// - Parameter message: What it is to be sent in is appended, so that one array may serve many packets.
    /// - Returns: False when nothing was appended: the packet waits for a permission, or cannot be sent at all.
    @discardableResult
    public mutating func send(
        _ packet: RawSpan, to peer: SocketEndpoint, now: Instant, into message: inout [UInt8]
    ) -> Bool {
        guard case .allocated = state, packet.byteCount <= TURNStreamFraming.maximumLength - 64 else { return false }
        guard let known = peers[peer] else {
            guard peers.count < Self.maximumPeers else { return false }
            peers[peer] = Peer(waiting: [Self.copy(packet)])
            request(.permission(peer), now: now)
            return false
        }
        switch known.access {
        case .refused:
            return false
        case .requested:
            peers[peer]?.waiting.append(Self.copy(packet))
            if known.waiting.count >= Self.waitingPackets { peers[peer]?.waiting.removeFirst() }
            return false
        case .granted:
            if known.isBound, let channel = known.channel {
                Self.append(packet, on: channel, isPadded: transport != .udp, to: &message)
            } else {
                message += indication(of: Self.copy(packet), to: peer)
            }
            return true
        }
    }

    /// Asks for a channel to a peer, so that packets to and from it take four bytes more rather than 36 (RFC 8656 §12).
    public mutating func bind(_ peer: SocketEndpoint, now: Instant) {
        guard case .allocated = state, peers[peer] != nil || peers.count < Self.maximumPeers else { return }
        guard peers[peer]?.channel == nil, let number = ChannelNumber(nextChannel) else { return }
        nextChannel += 1
        peers[peer, default: Peer()].channel = number
        channels[number] = peer
        request(.channel(number, peer), now: now)
    }

    private static func copy(_ packet: RawSpan) -> [UInt8] {
        packet.withUnsafeBytes { Array($0) }
    }

    private static func append(
        _ packet: RawSpan, on channel: ChannelNumber, isPadded: Bool, to message: inout [UInt8]
    ) {
        message.append(bigEndian: channel.rawValue)
        message.append(bigEndian: UInt16(truncatingIfNeeded: packet.byteCount))
        packet.withUnsafeBytes { message.append(contentsOf: $0) }
        if isPadded { message.append(contentsOf: repeatElement(0, count: (4 - packet.byteCount % 4) % 4)) }
    }

    mutating func indication(of packet: [UInt8], to peer: SocketEndpoint) -> [UInt8] {
        let id = makeTransactionID()
        var builder = STUNMessageBuilder(.indication, .send, transactionID: id)
        builder.add(.xorPeerAddress, XORAddress.write(peer, for: id))
        builder.add(.data, packet)
        return builder.finish(integrityKey: nil)
    }

    /// Takes one message of the server: a datagram, or a frame of a stream.
    ///
    /// - Returns: The packet of a peer that it carries, if any. What is neither that nor an answer to a request of ours
    ///   is passed over.
    public mutating func handle(_ bytes: RawSpan, now: Instant) -> Received? {
        guard let first = try? bytes.uint8(at: 0) else { return nil }
        if first & 0xc0 == 0x40 { return readChannelData(bytes) }
        guard let message = try? STUNMessage(parsing: bytes) else { return nil }
        let attributes = TURNAttributes(of: bytes)
        if attributes.endsWithFingerprint, !message.hasValidFingerprint { return nil }
        switch message.messageClass {
        case .indication:
            guard message.method == .data, let peer = attributes.address(.xorPeerAddress, in: bytes),
                peers[peer] != nil, let payload = attributes[.data]
            else { return nil }
            return Received(peer: peer, payload: payload)
        case .successResponse, .errorResponse:
            take(message, attributes, bytes, now: now)
            return nil
        case .request:
            return nil
        }
    }

    private func readChannelData(_ bytes: RawSpan) -> Received? {
        guard let value = try? bytes.uint16(at: 0), let number = ChannelNumber(value), let peer = channels[number],
            let length = try? bytes.uint16(at: 2), 4 + Int(length) <= bytes.byteCount
        else { return nil }
        return Received(peer: peer, payload: 4..<4 + Int(length))
    }

    mutating func makeTransactionID() -> STUNMessage.TransactionID {
        STUNMessage.TransactionID(high: UInt32(truncatingIfNeeded: generator.next()), low: generator.next())
    }
}
