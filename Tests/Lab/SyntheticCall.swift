internal import Conference
package import Congestion
package import DTLS
package import ICE
internal import MediaIO
package import MediaVocabulary
package import MediaWorker
package import ProtocolCore

/// A worker core and synthetic peers in one conference, stepped by hand over loopback.
package struct SyntheticCall: ~Copyable {
    package static let name: CallID = "call"

    package var core: WorkerCore
    package let server: SocketEndpoint
    package var now: Instant
    package let peers: UnsafeMutablePointer<SyntheticPeer>
    package private(set) var count = 0
    package let serverIdentity: DTLSIdentity
    private let clientIdentity: DTLSIdentity
    private let videoSlots: Int
    private let options: SyntheticDescription.Options

    /// Connects `count` peers. Throws when a socket or a handshake fails.
    ///
    /// By default their links are taken to carry so much that nothing waits and nothing is probed.
    /// - Parameter bindsEverywhere: Whether the server takes packets under all addresses and answers from the one that was
    ///   asked, as it does in earnest.
    package static func make(
        peers count: Int, videoSlots: Int, options: SyntheticDescription.Options = .init(),
        usesSegmentation: Bool = true, startBitrate: Bitrate = CongestionController.defaultMaximum,
        startingAt now: Instant = .zero, answersChecks: Bool = true, bindsEverywhere: Bool = false
    ) throws -> SyntheticCall {
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        let socket = try UDPSocket(
            bindingTo: bindsEverywhere ? .unspecified : .loopback(port: 0), tellsLocalAddresses: true)
        var call = SyntheticCall(
            socket: socket, identity: identity, capacity: count, usesSegmentation: usesSegmentation, now: now,
            clientIdentity: try DTLSIdentity.generate(unixTime: 1_700_000_000), videoSlots: videoSlots,
            options: options, bindsEverywhere: bindsEverywhere)
        call.core.startBitrate = startBitrate
        for _ in 0..<count { try call.join(answersChecks: answersChecks) }
        return call
    }

    private init(
        socket: consuming UDPSocket, identity: DTLSIdentity, capacity: Int, usesSegmentation: Bool, now: Instant,
        clientIdentity: DTLSIdentity, videoSlots: Int, options: SyntheticDescription.Options, bindsEverywhere: Bool
    ) {
        serverIdentity = identity
        self.clientIdentity = clientIdentity
        self.videoSlots = videoSlots
        self.options = options
        self.now = now
        // All of 127.0.0.0/8 is this machine, and no route would answer from 127.0.0.5.
        server = SocketEndpoint(ipv4: bindsEverywhere ? 0x7f00_0005 : 0x7f00_0001, port: socket.local.port)
        core = WorkerCore(socket: socket, identity: identity, usesSegmentation: usesSegmentation, seed: 1)
        core.openConference(Self.name, seed: 2)
        peers = .allocate(capacity: capacity)
    }

    /// What the server answers to a peer's checks with.
    package static func credentials(_ index: Int) -> ICECredentials {
        ICECredentials(ufrag: "server\(index)", password: "another-password-of-26-let")
    }

    private mutating func join(answersChecks: Bool) throws {
        let index = count
        (peers + index).initialize(
            to: try SyntheticPeer.make(
                server: server, identity: clientIdentity, serverIdentity: serverIdentity))
        count += 1
        peers[index].answersChecks = answersChecks
        try negotiate(index)
        try connect(index, Self.credentials(index))
    }

    deinit {
        peers.deinitialize(count: count)
        peers.deallocate()
    }

    private mutating func connect(_ index: Int, _ credentials: ICECredentials) throws {
        peers[index].check(credentials)
        step()
        peers[index].startHandshake(now: now)
        for _ in 0..<20 where !peers[index].isConnected { step() }
        guard peers[index].isConnected else { throw SyntheticCallError.handshake(peers[index].failures) }
        // The last flight of the client, which lets the server take up its keys.
        step()
        core.set(ParticipantMedia(pictures: [.camera]), for: "p\(index)", in: Self.name, now: now)
    }

    /// Answers the offer of a peer, the first time or once more.
    package mutating func negotiate(_ index: Int) throws {
        try core.apply(
            SyntheticDescription.make(
                index, local: Self.credentials(index), remote: peers[index].credentials,
                fingerprint: clientIdentity.fingerprint, videoSlots: videoSlots, options: options),
            participant: "p\(index)", conference: Self.name, controlSSRC: SSRC(UInt32(index + 1)),
            canonicalName: "server", now: now)
    }

    /// Sends a connectivity check of a peer from its own socket, and lets it answer the server's.
    package mutating func check(_ index: Int) {
        peers[index].check(Self.credentials(index))
        core.readable(now: now)
        peers[index].readable(now: now)
        core.readable(now: now)
    }

    /// Sends a connectivity check of a peer from a new socket, as a client behind another network would.
    package mutating func checkFromAnotherAddress(_ index: Int) throws {
        var other = try SyntheticPeer.make(
            server: server, identity: serverIdentity, serverIdentity: serverIdentity)
        other.check(Self.credentials(index))
        core.readable(now: now)
    }

    /// Lets the worker and then every peer take what has arrived.
    package mutating func step() {
        core.readable(now: now)
        for index in 0..<count { peers[index].readable(now: now) }
    }

    /// Moves time on in ticks of the worker's own length.
    package mutating func advance(_ duration: Duration) {
        let end = now + duration
        while now < end {
            now = now + .milliseconds(10)
            core.tick(now: now, wallClock: .seconds(1_700_000_000) + (now - .zero))
            step()
        }
    }

    /// Shows a peer's camera in the first video slots of another.
    package mutating func show(_ publisher: Int, in slot: Int = 3, of receiver: Int) {
        core.request(
            [SlotRequest(mid: Mid("s\(slot)"), participant: "p\(publisher)", source: .camera, width: 640, height: 360)],
            by: "p\(receiver)", in: Self.name)
    }
}

package enum SyntheticCallError: Error {
    case handshake([String])
}
