import ClientTransport
import Congestion
import DTLS
import ICE
import NetworkEmulation
import ProtocolCore
import RTP
import SDP
import Testing

/// A client session and a server with an emulated link in each direction, in virtual time.
///
/// A class with plain accessors, because the testing macros cannot look into values that are not copyable.
final class VirtualCall {
    static let clientEndpoint = SocketEndpoint(ipv4: 0xc000_0201, port: 5000)

    var client: ClientSession
    var server: VirtualServer
    var up: EmulatedLink<[UInt8]>
    var down: EmulatedLink<[UInt8]>
    var now = Instant.zero
    var events: [ClientSession.Event] = []
    var delivered: [(packet: ReceivedPacket, payload: [UInt8])] = []
    var datagrams = DatagramBuffer()
    let lines: [ClientLine]

    init(
        _ conditions: LinkConditions = LinkConditions(delay: .milliseconds(20)), seed: UInt64 = 1,
        lines: [ClientLine] = ClientLine.usual(), change: (inout ClientSession.Configuration) -> Void = { _ in }
    ) throws {
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        var configuration = ClientSession.Configuration(
            identity: identity, ice: ICECredentials(ufrag: "client", password: "clientPassword0123456789"),
            localEndpoints: [Self.clientEndpoint], seed: seed, canonicalName: "ada")
        configuration.wallClockAtZero = .seconds(1_700_000_000)
        change(&configuration)
        client = ClientSession(configuration)
        server = VirtualServer(identity: try DTLSIdentity.generate(unixTime: 1_700_000_000))
        up = EmulatedLink(conditions, seed: seed)
        down = EmulatedLink(conditions, seed: seed &+ 1)
        self.lines = lines
    }

    func negotiate(restartingWith credentials: ICECredentials? = nil) throws {
        let offer = client.offer(lines, restartingWith: credentials).description
        let answer = try server.answer(
            offer, purposes: Dictionary(uniqueKeysWithValues: lines.map { ($0.mid, $0.purpose) }))
        try client.accept(answer, now: now, into: &datagrams)
        transfer()
    }

    /// Negotiates and lets the handshake finish.
    static func connected(
        _ conditions: LinkConditions = LinkConditions(delay: .milliseconds(20)), seed: UInt64 = 1,
        lines: [ClientLine] = ClientLine.usual(), change: (inout ClientSession.Configuration) -> Void = { _ in }
    ) throws -> VirtualCall {
        let call = try VirtualCall(conditions, seed: seed, lines: lines, change: change)
        try call.negotiate()
        call.run(for: .seconds(5))
        try #require(call.isConnected)
        return call
    }

    /// Lets time pass in steps of a millisecond, so that both ends do what they do by time.
    func run(for duration: Duration, each step: (VirtualCall) -> Void = { _ in }) {
        let end = now + duration
        while now < end {
            now = now + .milliseconds(1)
            step(self)
            for delivery in up.poll(now: now) {
                server.receive(delivery.payload, from: Self.clientEndpoint, now: now)
            }
            server.advance(now: now)
            transfer()
            for delivery in down.poll(now: now) {
                var bytes = delivery.payload
                let now = now
                var arrived: [(ReceivedPacket, [UInt8])] = []
                bytes.withUnsafeMutableBytes { buffer in
                    client.receive(
                        buffer, from: VirtualServer.endpoint, to: Self.clientEndpoint, now: now, into: &datagrams
                    ) { packet, payload in
                        arrived.append((packet, Array(payload)))
                    }
                }
                delivered += arrived
            }
            if let due = client.deadline, due <= now { client.advance(now: now, into: &datagrams) }
            transfer()
        }
    }

    func transfer() {
        for index in 0..<datagrams.count {
            datagrams.withDatagram(index) { bytes, _ in
                _ = up.send(Array(bytes), size: bytes.count + 28, at: now)
            }
        }
        datagrams.removeAll()
        for datagram in server.outbox { down.send(datagram, size: datagram.count + 28, at: now) }
        server.outbox = []
        while let event = client.poll() { events.append(event) }
    }

    var isConnected: Bool { client.isConnected }
    var isServerConnected: Bool { server.isConnected }
    var path: ICEAgent.Path? { client.path }
    var counters: ClientSession.Counters { client.counters }
    var roundTrip: Duration? { client.roundTrip }
    var target: Bitrate { client.targetBitrate }
    var received: [VirtualServer.Received] { server.received }
    var reports: [RTCPPacket] { server.reports }
    var session: NegotiatedSession? { server.session }

    func stream(_ mid: Mid, rid: Rid? = nil) -> ClientSession.StreamID? {
        client.stream(mid, rid: rid)
    }

    func slot(_ mid: Mid) -> SlotLine? {
        server.slot(mid)
    }
}
