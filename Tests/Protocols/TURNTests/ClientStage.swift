import NetworkEmulation
import ProtocolCore

@testable import TURN

/// A client of ours and a server of ours with an emulated link each way, and virtual time.
struct ClientStage {
    static let address = Stage.client.endpoint

    var client: TURNClientSession
    var server: TURNServer
    let transport: TURNClient.Transport
    var now = Instant.zero + .seconds(100)
    var unixTime: Int64 = 1_700_000_000
    var up: EmulatedLink<[UInt8]>
    var down: EmulatedLink<[UInt8]>
    /// What the server's driver says to a wish for a relay.
    var relayFailure: RelayFailure?
    private(set) var events: [TURNClientSession.Event] = []
    /// What came to the client from peers.
    private(set) var received: [(peer: SocketEndpoint, payload: [UInt8])] = []
    /// What the relay sent, and where.
    private(set) var relayed: [(payload: [UInt8], target: SocketEndpoint)] = []
    /// The first bytes of what the client sent, by which messages are told apart.
    private(set) var sent: [UInt16] = []
    private(set) var openRelays: [RelayRequest] = []
    private(set) var closedRelays: [RelayRequest] = []
    /// Nothing comes back from the server.
    var isDeaf = false

    init(
        over transport: TURNClient.Transport = .udp, password: String? = nil, loss: Double = 0, seed: UInt64 = 1,
        configuration: TURNServer.Configuration = Stage.configuration(ranges: [])
    ) {
        let credentials = TURNCredentials(user: "ada", expiringAt: Stage.expiry, secret: Stage.secret)
        client = TURNClientSession(
            username: credentials.username, password: password ?? credentials.password, over: transport, seed: seed)
        server = TURNServer(configuration)
        self.transport = transport
        let conditions =
            loss == 0
            ? LinkConditions(delay: .milliseconds(20)) : LinkConditions(delay: .milliseconds(20), loss: .random(loss))
        up = EmulatedLink(conditions, seed: seed)
        down = EmulatedLink(conditions, seed: seed &+ 1)
    }

    mutating func start() {
        client.start(now: now)
        drain()
    }

    mutating func send(_ payload: [UInt8], to peer: SocketEndpoint = Stage.media) {
        var message: [UInt8] = []
        if client.send(payload.span.bytes, to: peer, now: now, into: &message) { transmit(message) }
        drain()
    }

    mutating func bind(_ peer: SocketEndpoint = Stage.media) {
        client.bind(peer, now: now)
        drain()
    }

    mutating func close() {
        client.close(now: now)
        drain()
    }

    /// A datagram comes to the relayed address.
    mutating func deliver(_ payload: [UInt8], from source: SocketEndpoint = Stage.target) {
        guard let relay = openRelays.last else { return }
        switch server.receive(payload.span.bytes, from: source, on: relay.id, at: now) {
        case .dropped: break
        case .message(let bytes, _): answer(bytes)
        case .channelData(let number, _):
            var bytes: [UInt8] = []
            bytes.append(bigEndian: number.rawValue)
            bytes.append(bigEndian: UInt16(payload.count))
            answer(bytes + payload)
        }
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        drain()
        while true {
            let next = [up.nextEvent, down.nextEvent, client.deadline].compactMap { $0 }.min()
            guard let next, next <= end else { break }
            now = max(now, next)
            for delivery in up.poll(now: now) { serve(delivery.payload) }
            for delivery in down.poll(now: now) {
                if let got = client.handle(delivery.payload.span.bytes, now: now) {
                    received.append((got.peer, Array(delivery.payload[got.payload])))
                }
            }
            client.advance(now: now)
            drain()
        }
        now = end
        let gone = server.expire(at: now)
        perform(gone)
    }

    private mutating func drain() {
        while let output = client.poll() {
            switch output {
            case .transmit(let bytes): transmit(bytes)
            case .event(let event): events.append(event)
            }
        }
    }

    private mutating func transmit(_ bytes: [UInt8]) {
        sent.append(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        up.send(bytes, size: bytes.count + 28, at: now)
    }

    private mutating func serve(_ bytes: [UInt8]) {
        var bytes = bytes
        if transport != .udp {
            guard let frame = try? TURNStreamFraming.firstFrame(in: bytes.span.bytes) else { return }
            bytes = Array(bytes[frame.content])
        }
        let from = TURNClient(Self.address, over: transport)
        switch server.receive(bytes.span.bytes, from: from, at: now, unixTime: unixTime) {
        case .dropped: break
        case .relay(_, let payload, let target): relayed.append((Array(bytes[payload]), target))
        case .effects(let effects): perform(effects)
        }
    }

    private mutating func perform(_ effects: [TURNEffect]) {
        for effect in effects {
            switch effect {
            case .send(let bytes, _): answer(bytes)
            case .openRelay(let request):
                if let relayFailure {
                    perform(server.relayFailed(request.id, relayFailure))
                } else {
                    openRelays.append(request)
                    perform(server.relayOpened(request.id, at: Stage.relayed, now: now))
                }
            case .closeRelay(let request): closedRelays.append(request)
            }
        }
    }

    private mutating func answer(_ bytes: [UInt8]) {
        guard !isDeaf else { return }
        down.send(bytes, size: bytes.count + 28, at: now)
    }
}
