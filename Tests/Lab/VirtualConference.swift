internal import Conference
internal import Cryptography
internal import DTLS
internal import ICE
internal import MediaIO
package import MediaVocabulary
package import MediaWorker
package import NetworkEmulation
package import ProtocolCore
internal import SDP

/// A whole call in virtual time: our server's worker, our clients, and an emulated link each way to each of them.
///
/// No packet crosses a socket and no clock is read, so that minutes of a call take seconds, and a seed gives the same
/// call every time.
package final class VirtualConference {
    package static let name: CallID = "call"
    static let endpoint = SocketEndpoint(ipv4: 0xc633_6401, port: 40_000)
    /// The step of time: what two events within it come in order of is not told apart.
    static let step: Duration = .milliseconds(1)

    package private(set) var core: WorkerCore
    package private(set) var clients: [VirtualClient] = []
    package private(set) var now = Instant.zero + .seconds(1)
    private let identity: DTLSIdentity
    private let clientIdentity: DTLSIdentity
    private let seed: UInt64
    private var byEndpoint: [SocketEndpoint: Int] = [:]
    private var nextTick = Instant.zero
    private var nextPace = Instant.zero
    private var nextSSRC: UInt32 = 0x5000_0000
    private var sessions: [Int: NegotiatedSession] = [:]
    private let wallClockAtZero: Duration = .seconds(1_700_000_000)

    package init(seed: UInt64 = 1) throws {
        identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        clientIdentity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        self.seed = seed
        // The worker wants a socket of its own, which stays unused.
        core = WorkerCore(
            socket: try UDPSocket(bindingTo: .loopback(port: 0)), identity: identity, usesSegmentation: true,
            seed: seed)
        core.outgoing.isCapturing = true
        core.openConference(Self.name, seed: seed)
    }

    /// What a datagram takes of a link, in bytes, with the headers of UDP and IP.
    ///
    /// Signatures in a DTLS handshake (first byte 20...63, RFC 7983 §7) differ in length each time; so that a seed gives
    /// the same call all its datagrams count alike.
    static func weight(of datagram: UnsafeRawBufferPointer) -> Int {
        let isDTLS = datagram.first.map { (20...63).contains($0) } ?? false
        return (isDTLS ? 1200 : datagram.count) + 28
    }

    /// Adds a client; its links are as told from the beginning.
    @discardableResult
    package func join(
        up: LinkConditions = LinkConditions(delay: .milliseconds(20)),
        down: LinkConditions = LinkConditions(delay: .milliseconds(20)), shape: VirtualClient.Shape = .init(),
        isConnected: Bool = true
    ) throws -> VirtualClient {
        let index = clients.count
        let client = try VirtualClient(
            index: index, identity: clientIdentity, seed: seed &* 1000 &+ UInt64(index), up: up, down: down,
            shape: shape, wallClockAtZero: wallClockAtZero)
        clients.append(client)
        byEndpoint[client.endpoint] = index
        try negotiate(client)
        change(client) { $0.pictures = Set(shape.publishes).subtracting([.microphone]) }
        if isConnected { connect(client) }
        return client
    }

    /// Takes a client into the call that is in it only now.
    package func connect(_ client: VirtualClient) {
        setOnHold(false, client)
    }

    package func setOnHold(_ onHold: Bool, _ client: VirtualClient) {
        change(client) { $0.isOnHold = onHold }
    }

    private func change(_ client: VirtualClient, _ change: (inout ParticipantMedia) -> Void) {
        change(&client.media)
        core.set(client.media, for: client.name, in: Self.name, now: now)
    }

    /// Somebody is named to the others, or no longer, who has no transport yet.
    package func expect(_ name: ParticipantID, _ isExpected: Bool = true) {
        core.expect(name, isExpected, in: Self.name)
    }

    /// A client that had no data channels offers a line for them.
    package func openData(of client: VirtualClient) throws {
        client.enableData()
        try negotiate(client)
    }

    /// The name of the next client to join.
    package var nextName: ParticipantID { "p\(clients.count)" }

    private func negotiate(_ client: VirtualClient) throws {
        let index = client.index
        let offer = try SessionDescription(parsing: client.offer())
        let credentials = ICECredentials(ufrag: "server\(index)", password: "serverPassword0123456789")
        var parameters = AnswerParameters(
            sessionID: UInt64(index), sessionVersion: 1, ice: credentials,
            candidates: [Candidate(host: Self.endpoint)],
            fingerprint: SDP.CertificateFingerprint(
                algorithm: identity.fingerprint.algorithm.rawValue, digest: identity.fingerprint.bytes),
            cname: "server", purposes: client.purposes)
        parameters.maximumSimulcastLayers = 3
        let (answer, session) = try Answerer.answer(offer, parameters: parameters, previous: sessions[index]) {
            nextSSRC += 1
            return SSRC(nextSSRC)
        }
        sessions[index] = session
        try core.apply(
            PeerDescription(session, local: credentials), participant: client.name, conference: Self.name,
            controlSSRC: SSRC(UInt32(index + 1)), canonicalName: "server", now: now)
        try client.accept(answer.description, now: now)
    }

    /// Shows the camera of one client in a video slot of another, at a size in pixels.
    package func show(
        _ publisher: VirtualClient, in slot: Int = 0, of receiver: VirtualClient, width: Int = 1280, height: Int = 720
    ) {
        core.request(
            [
                SlotRequest(
                    mid: receiver.videoSlots[slot], participant: publisher.name, source: .camera, width: width,
                    height: height)
            ], by: receiver.name, in: Self.name)
    }

    /// Names who gets what a client sends on a data channel; nil: everybody.
    package func setDataRecipients(_ recipients: [VirtualClient]?, ofChannel channel: UInt16, by sender: VirtualClient)
    {
        change(sender) { $0.dataRecipients[channel] = recipients.map { Set($0.map(\.name)) } }
    }

    /// Lets time pass.
    package func run(for duration: Duration, each step: (VirtualConference) -> Void = { _ in }) {
        let end = now + duration
        while now < end {
            now = now + Self.step
            step(self)
            for client in clients where !client.isIdle(at: now) {
                client.produce(now: now)
                while let datagram = client.nextAtServer(now: now) {
                    core.receive(datagram, from: client.endpoint, now: now)
                }
            }
            if now >= nextTick {
                nextTick = now + .milliseconds(10)
                core.tick(now: now, wallClock: wallClockAtZero + (now - .zero))
            } else if now >= nextPace, core.hasToPace {
                nextPace = now + .milliseconds(3)
                core.paceAll(now: now)
            }
            core.flush()
            deliver()
            obey()
            for client in clients where !client.isIdle(at: now) { client.consume(now: now) }
        }
    }

    /// Puts on the links what the server sent.
    private func deliver() {
        var last: (endpoint: SocketEndpoint, client: VirtualClient)?
        core.outgoing.drainCaptured { destination, bytes in
            if last?.endpoint != destination {
                last = byEndpoint[destination].map { (destination, clients[$0]) }
            }
            last?.client.sendDown(bytes, now: now)
        }
    }

    /// Passes on what the server's control plane would tell the clients.
    private func obey() {
        for event in core.events {
            switch event {
            case .media(.layers(_, let participant, _, let demands)):
                clients.first { $0.name == participant }?.obey(demands)
            case .media(.allocation(_, let participant, let allocation)):
                clients.first { $0.name == participant }?.note(allocation)
            default: break
            }
        }
        core.events.removeAll(keepingCapacity: true)
    }
}
