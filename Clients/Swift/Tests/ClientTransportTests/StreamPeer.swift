import Glibc
import ICE
import MediaIO
import ProtocolCore
import TURN
import Testing

/// A server on loopback that is reached by one TCP connection: the media port of ICE over TCP, or a TURN server with the
/// media port behind it. Served by the test that owns it.
final class StreamPeer {
    enum Kind {
        case media
        case turn
    }

    static let relayed = SocketEndpoint(ipv4: 0xcb00_7107, port: 50_000)
    static let secret = Array("0123456789abcdef".utf8)
    static let client = TURNClient(.loopback(port: 1), over: .tcp)

    let kind: Kind
    let endpoint: SocketEndpoint
    var server: VirtualServer
    private let listener: Int32
    private var connection: Int32 = -1
    private var unread: [UInt8] = []
    private var turn: TURNServer
    private var relay: RelayRequest?
    private(set) var connectionCount = 0
    /// What came as ChannelData.
    private(set) var channelMessages = 0

    init(_ kind: Kind) throws {
        self.kind = kind
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(descriptor, $0, length) == 0)
                try #require(getsockname(descriptor, $0, &length) == 0)
            }
        }
        try #require(listen(listener, 4) == 0)
        endpoint = .loopback(port: UInt16(bigEndian: address.sin_port))
        server = VirtualServer(identity: try #require(VirtualServer.identity))
        server.candidates =
            kind == .media
            ? [Candidate(host: endpoint, transport: .tcp)] : [Candidate(host: VirtualServer.endpoint)]
        turn = TURNServer(
            TURNServer.Configuration(
                realm: "test", secret: Self.secret, nonceKey: [1],
                policy: TURNPeerPolicy(mediaPorts: [VirtualServer.endpoint: VirtualServer.endpoint])))
    }

    deinit {
        close(listener)
        if connection >= 0 { close(connection) }
    }

    /// The TURN server with good credentials.
    var relayServer: RelayServerDescription {
        let credentials = TURNCredentials(user: "ada", expiringAt: 1_000, secret: Self.secret)
        return RelayServerDescription(
            url: "turn:127.0.0.1:\(endpoint.port)?transport=tcp", username: credentials.username,
            password: credentials.password)
    }

    struct RelayServerDescription {
        var url: String
        var username: String
        var password: String
    }

    /// Cuts the connection.
    func hangUp() {
        guard connection >= 0 else { return }
        close(connection)
        connection = -1
        unread = []
    }

    /// Waits a moment for bytes, and answers them.
    func serve() {
        var query = [
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: connection, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&query, 2, 20) > 0 else { return }
        if query[0].revents != 0 {
            hangUp()
            connection = accept(listener, nil, nil)
            connectionCount += 1
        }
        if connection >= 0, query[1].revents != 0 { read() }
        for answer in server.outbox { sendBack(answer) }
        server.outbox = []
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(connection, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return hangUp() }
        unread += buffer.prefix(count)
        while true {
            let found =
                switch kind {
                case .media: try? StreamPacketFraming.firstFrame(in: unread.span.bytes)
                case .turn: try? TURNStreamFraming.firstFrame(in: unread.span.bytes)
                }
            guard let frame = found.flatMap({ $0 }) else { return }
            let message = Array(unread[frame.content])
            unread.removeFirst(frame.length)
            switch kind {
            case .media: server.receive(message, from: .loopback(port: 7), now: MonotonicClock.now())
            case .turn: relay(message)
            }
        }
    }

    private func relay(_ message: [UInt8]) {
        let now = MonotonicClock.now()
        if message[0] >= 0x40 { channelMessages += 1 }
        switch turn.receive(message.span.bytes, from: Self.client, at: now, unixTime: 1) {
        case .dropped: break
        case .relay(_, let payload, _): server.receive(Array(message[payload]), from: Self.relayed, now: now)
        case .effects(let effects): perform(effects)
        }
    }

    private func perform(_ effects: [TURNEffect]) {
        for effect in effects {
            switch effect {
            case .send(let bytes, _): write(bytes)
            case .openRelay(let request):
                relay = request
                perform(turn.relayOpened(request.id, at: Self.relayed, now: MonotonicClock.now()))
            case .closeRelay: relay = nil
            }
        }
    }

    private func sendBack(_ packet: [UInt8]) {
        var frame: [UInt8] = []
        switch kind {
        case .media:
            frame.append(bigEndian: UInt16(packet.count))
            write(frame + packet)
        case .turn:
            guard let relay else { return }
            switch turn.receive(
                packet.span.bytes, from: VirtualServer.endpoint, on: relay.id, at: MonotonicClock.now())
            {
            case .dropped: break
            case .message(let bytes, _): write(bytes)
            case .channelData(let number, _):
                frame.append(bigEndian: number.rawValue)
                frame.append(bigEndian: UInt16(packet.count))
                write(frame + packet + Array(repeating: 0, count: (4 - packet.count % 4) % 4))
            }
        }
    }

    private func write(_ bytes: [UInt8]) {
        guard connection >= 0 else { return }
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
