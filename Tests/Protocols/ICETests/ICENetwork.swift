import ICE
import NetworkEmulation
import ProtocolCore

/// A full agent and its peer, full or lite, with an emulated link in each direction and virtual time.
struct ICENetwork {
    enum Peer {
        case full(ICEAgent)
        case lite(ICELiteAgent)
    }

    struct Datagram {
        var bytes: [UInt8]
        var from: SocketEndpoint
        var to: SocketEndpoint
        var link = Link.udp
    }

    static let ours = ICECredentials(ufrag: "ours", password: "password-of-ours-01234567")
    static let theirs = ICECredentials(ufrag: "theirs", password: "password-of-theirs-012345")
    static let server = SocketEndpoint(ipv4: 0xc633_6401, port: 40_000)
    static let client = SocketEndpoint(ipv4: 0xc000_0201, port: 5000)

    var agent: ICEAgent
    var peer: Peer
    var now = Instant.zero
    var up: EmulatedLink<Datagram>
    var down: EmulatedLink<Datagram>
    /// What the agent said, and when.
    private(set) var events: [(event: ICEAgent.Event, at: Instant)] = []
    private(set) var peerEvents: [ICEAgent.Event] = []
    private(set) var liteEvents: [ICELiteAgent.Event] = []
    /// What the agent sent, and when.
    private(set) var sent: [(path: ICEAgent.Path, at: Instant)] = []
    /// Addresses of the peer that nothing reaches.
    var unreachable: Set<SocketEndpoint> = []
    /// Links on which nothing gets through, in neither direction.
    var isBlocked: (Link) -> Bool = { _ in false }
    /// What the peer sees in place of an address of ours: a NAT.
    var translations: [SocketEndpoint: SocketEndpoint] = [:]

    init(
        agent: ICEAgent, peer: Peer, conditions: LinkConditions = LinkConditions(delay: .milliseconds(10)), seed: UInt64
    ) {
        self.agent = agent
        self.peer = peer
        up = EmulatedLink(conditions, seed: seed)
        down = EmulatedLink(conditions, seed: seed &+ 1)
    }

    /// A client with one address, about to check a lite server.
    static func againstLite(
        _ conditions: LinkConditions = LinkConditions(delay: .milliseconds(10)), seed: UInt64 = 1
    ) -> ICENetwork {
        var agent = ICEAgent(role: .controlling, local: ours, seed: seed)
        agent.addLocal(client)
        return ICENetwork(
            agent: agent, peer: .lite(ICELiteAgent(local: theirs, remote: ours)), conditions: conditions, seed: seed)
    }

    mutating func answer(_ candidates: [Candidate] = [Candidate(host: server)], isLite: Bool = true) {
        agent.setRemote(Self.theirs, candidates: candidates, isLite: isLite, now: now)
        drain()
    }

    /// Lets time pass, in steps of what happens next.
    mutating func run(for duration: Duration) {
        let end = now + duration
        drain()
        while true {
            let next = [up.nextEvent, down.nextEvent, agent.deadline, peerDeadline].compactMap { $0 }.min()
            guard let next, next <= end else { break }
            now = max(now, next)
            for delivery in up.poll(now: now) { receiveAtPeer(delivery.payload) }
            for delivery in down.poll(now: now) { receive(delivery.payload) }
            agent.advance(now: now)
            if case .full(var other) = peer {
                other.advance(now: now)
                peer = .full(other)
            }
            drain()
        }
        now = end
    }

    private var peerDeadline: Instant? {
        if case .full(let agent) = peer { agent.deadline } else { nil }
    }

    private mutating func receive(_ datagram: Datagram) {
        agent.handle(
            datagram.bytes.span.bytes, from: datagram.from, to: datagram.to, over: datagram.link, now: now)
        drain()
    }

    private mutating func receiveAtPeer(_ datagram: Datagram) {
        guard !unreachable.contains(datagram.to), !isBlocked(datagram.link) else { return }
        switch peer {
        case .lite(var lite):
            let reaction = lite.handle(datagram.bytes.span.bytes, from: datagram.from, now: now)
            if let response = reaction.response {
                sendBack(response, from: datagram.to, to: datagram.from, over: datagram.link)
            }
            if let event = reaction.event { liteEvents.append(event) }
            peer = .lite(lite)
        case .full(var full):
            full.handle(datagram.bytes.span.bytes, from: datagram.from, to: datagram.to, now: now)
            peer = .full(full)
        }
    }

    private mutating func sendBack(
        _ bytes: [UInt8], from local: SocketEndpoint, to remote: SocketEndpoint, over link: Link = .udp
    ) {
        let target = translations.first { $0.value == remote }?.key ?? remote
        guard !isBlocked(link) else { return }
        down.send(Datagram(bytes: bytes, from: local, to: target, link: link), size: bytes.count + 28, at: now)
    }

    mutating func drain() {
        while let output = agent.poll() {
            switch output {
            case .transmit(let bytes, let path):
                sent.append((path, now))
                let source = translations[path.local] ?? path.local
                up.send(
                    Datagram(bytes: bytes, from: source, to: path.remote, link: path.link), size: bytes.count + 28,
                    at: now)
            case .event(let event):
                events.append((event, now))
            }
        }
        guard case .full(var full) = peer else { return }
        while let output = full.poll() {
            switch output {
            case .transmit(let bytes, let path): sendBack(bytes, from: path.local, to: path.remote)
            case .event(let event): peerEvents.append(event)
            }
        }
        peer = .full(full)
    }

    var lite: ICELiteAgent? {
        if case .lite(let agent) = peer { agent } else { nil }
    }

    var full: ICEAgent? {
        if case .full(let agent) = peer { agent } else { nil }
    }
}
