import ProtocolCore
import STUN

@testable import TURN

/// A server with one client, and the messages that pass between them.
final class Stage {
    /// An answer of the server.
    struct Reply {
        let bytes: [UInt8]
        let message: STUNMessage
        let attributes: TURNAttributes

        init?(_ bytes: [UInt8]) {
            guard let message = try? STUNMessage(parsing: bytes.span.bytes) else { return nil }
            self.bytes = bytes
            self.message = message
            attributes = TURNAttributes(of: bytes.span.bytes)
        }

        var error: (code: Int, reason: String)? { message.error }
        var realm: String? { attributes.text(.realm, in: bytes.span.bytes) }
        var nonce: String? { attributes.text(.nonce, in: bytes.span.bytes) }
        var lifetime: UInt32? { attributes.lifetime(in: bytes.span.bytes) }

        func address(_ type: STUNAttributeType) -> SocketEndpoint? {
            attributes.address(type, in: bytes.span.bytes)
        }
    }

    struct NoReply: Error {}

    static let secret = Array("0123456789abcdef".utf8)
    static let client = TURNClient(SocketEndpoint(ipv4: 0xc633_6407, port: 3_333), over: .udp)
    static let relayed = SocketEndpoint(ipv4: 0xcb00_7107, port: 50_000)
    /// A media port as clients know it, by two addresses, and where it is really reached.
    static let media = SocketEndpoint(ipv4: 0xcb00_7107, port: 40_000)
    static let alias = SocketEndpoint(ipv4: 0x0a00_0007, port: 40_000)
    static let target = SocketEndpoint.loopback(port: 40_000)
    static let media6 = SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 7, port: 40_000)
    static let target6 = SocketEndpoint(ipv6High: 0, low: 1, port: 40_000)
    static let stranger = SocketEndpoint(ipv4: 0xc000_0201, port: 40_000)
    static let expiry: Int64 = 1_700_003_600

    var server: TURNServer
    var now = Instant.zero + .seconds(100)
    var unixTime: Int64 = 1_700_000_000
    var credentials = TURNCredentials(user: "8:acs:ada", expiringAt: Stage.expiry, secret: Stage.secret)
    var nonce = ""
    private var lastTransaction: UInt64 = 1_000

    init(ranges: [AddressRange] = []) {
        server = TURNServer(Self.configuration(ranges: ranges))
    }

    func relayOpened(_ relay: RelayRequest, at endpoint: SocketEndpoint) -> [TURNEffect] {
        server.relayOpened(relay.id, at: endpoint, now: now)
    }

    func relayFailed(_ relay: RelayRequest, _ failure: RelayFailure) -> [TURNEffect] {
        server.relayFailed(relay.id, failure)
    }

    func leave() -> [TURNEffect] {
        server.clientLeft(Self.client)
    }

    func expire() -> [TURNEffect] {
        server.expire(at: now)
    }

    /// Gives the server a datagram that came to the relayed address.
    func deliver(_ payload: [UInt8], from source: SocketEndpoint, on relay: RelayRequest) -> TURNDelivery {
        server.receive(payload.span.bytes, from: source, on: relay.id, at: now)
    }

    static func configuration(ranges: [AddressRange]) -> TURNServer.Configuration {
        TURNServer.Configuration(
            realm: "example.com", secret: secret, nonceKey: [1, 2, 3, 4],
            policy: TURNPeerPolicy(
                mediaPorts: [media: target, alias: target, media6: target6], ranges: ranges))
    }

    func offersIPv6() {
        var configuration = server.configuration
        configuration.offersIPv6 = true
        server = TURNServer(configuration)
    }

    var key: [UInt8] { credentials.key(realm: "example.com") }

    // MARK: Requests

    static func askForUDP(_ builder: inout STUNMessageBuilder) {
        builder.add(.requestedTransport, [17, 0, 0, 0])
    }

    static func name(_ peers: SocketEndpoint...) -> (inout STUNMessageBuilder, STUNMessage.TransactionID) -> Void {
        { builder, transaction in
            for peer in peers { builder.add(.xorPeerAddress, XORAddress.write(peer, for: transaction)) }
        }
    }

    static func bind(
        _ number: UInt16, _ peer: SocketEndpoint
    ) -> (inout STUNMessageBuilder, STUNMessage.TransactionID) -> Void {
        { builder, transaction in
            builder.add(.channelNumber, [UInt8(number >> 8), UInt8(truncatingIfNeeded: number), 0, 0])
            builder.add(.xorPeerAddress, XORAddress.write(peer, for: transaction))
        }
    }

    func request(
        _ method: STUNMessage.Method, signed: Bool = true, transaction: UInt64? = nil,
        _ fill: (inout STUNMessageBuilder, STUNMessage.TransactionID) -> Void
    ) -> [UInt8] {
        lastTransaction += 1
        let id = STUNMessage.TransactionID(high: 9, low: transaction ?? lastTransaction)
        var builder = STUNMessageBuilder(.request, method, transactionID: id)
        fill(&builder, id)
        guard signed else { return builder.finish(integrityKey: nil) }
        builder.add(username: credentials.username)
        builder.add(.realm, Array("example.com".utf8))
        builder.add(.nonce, Array(nonce.utf8))
        return builder.finish(integrityKey: key)
    }

    func request(
        _ method: STUNMessage.Method, _ fill: (inout STUNMessageBuilder) -> Void
    ) -> [UInt8] {
        request(method) { builder, _ in fill(&builder) }
    }

    /// Gives the server bytes of the client.
    func give(_ bytes: [UInt8], from client: TURNClient = Stage.client) -> TURNReaction {
        server.receive(bytes.span.bytes, from: client, at: now, unixTime: unixTime)
    }

    func reactTo(
        _ method: STUNMessage.Method, transaction: UInt64? = nil,
        _ fill: (inout STUNMessageBuilder) -> Void = { _ in }
    ) -> TURNReaction {
        give(request(method, transaction: transaction) { builder, _ in fill(&builder) })
    }

    /// The answer to a request; a nonce in it is kept.
    func ask(
        _ method: STUNMessage.Method, signed: Bool = true, from client: TURNClient = Stage.client,
        transaction: UInt64? = nil, _ fill: (inout STUNMessageBuilder, STUNMessage.TransactionID) -> Void
    ) throws -> Reply {
        let reaction = give(request(method, signed: signed, transaction: transaction, fill), from: client)
        guard let reply = Self.reply(in: reaction) else { throw NoReply() }
        if !signed, let nonce = reply.nonce { self.nonce = nonce }
        return reply
    }

    func ask(
        _ method: STUNMessage.Method, signed: Bool = true, from client: TURNClient = Stage.client,
        transaction: UInt64? = nil, _ fill: (inout STUNMessageBuilder) -> Void = { _ in }
    ) throws -> Reply {
        try ask(method, signed: signed, from: client, transaction: transaction) { builder, _ in fill(&builder) }
    }

    static func reply(in reaction: TURNReaction) -> Reply? {
        guard case .effects(let effects) = reaction else { return nil }
        for case .send(let bytes, _) in effects { return Reply(bytes) }
        return nil
    }

    // MARK: Allocations

    /// Asks for an allocation as far as the server's wish for a socket.
    func requestAllocation(
        transaction: UInt64? = nil, _ fill: (inout STUNMessageBuilder) -> Void = Stage.askForUDP
    ) -> RelayRequest? {
        if nonce.isEmpty { _ = try? ask(.allocate, signed: false) }
        guard case .effects(let effects) = reactTo(.allocate, transaction: transaction, fill),
            case .openRelay(let relay) = effects.first
        else { return nil }
        return relay
    }

    func opened(_ relay: RelayRequest) -> Reply? {
        Self.reply(in: .effects(relayOpened(relay, at: Self.relayed)))
    }

    /// A server whose client has an allocation.
    static func allocated(ranges: [AddressRange] = []) throws -> (Stage, RelayRequest) {
        let stage = Stage(ranges: ranges)
        guard let relay = stage.requestAllocation(), stage.opened(relay) != nil else { throw NoReply() }
        return (stage, relay)
    }
}
