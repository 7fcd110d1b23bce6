internal import Conference
package import Congestion
internal import DTLS
internal import ICE
internal import MediaIO
package import MediaWorker
package import ProtocolCore

/// A worker core and synthetic peers in one conference, stepped by hand over loopback.
package struct SyntheticCall: ~Copyable {
    package static let name = "call"

    package var core: WorkerCore
    package let server: SocketEndpoint
    package var now: Instant
    package let peers: UnsafeMutablePointer<SyntheticPeer>
    package private(set) var count = 0
    private let serverIdentity: DTLSIdentity

    /// Connects `count` peers. Throws when a socket or a handshake fails.
    ///
    /// By default their links are taken to carry so much that nothing waits and nothing is probed.
    package static func make(
        peers count: Int, videoSlots: Int, announces: Bool = true, usesSegmentation: Bool = true,
        startBitrate: Bitrate = CongestionController.defaultMaximum, startingAt now: Instant = .zero
    ) throws -> SyntheticCall {
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        var call = SyntheticCall(
            socket: socket, identity: identity, capacity: count, usesSegmentation: usesSegmentation, now: now)
        call.core.startBitrate = startBitrate
        let clientIdentity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        for _ in 0..<count { try call.join(clientIdentity, videoSlots: videoSlots, announces: announces) }
        return call
    }

    private init(
        socket: consuming UDPSocket, identity: DTLSIdentity, capacity: Int, usesSegmentation: Bool, now: Instant
    ) {
        serverIdentity = identity
        self.now = now
        server = socket.local
        core = WorkerCore(socket: socket, identity: identity, usesSegmentation: usesSegmentation, seed: 1)
        core.openConference(Self.name, seed: 2)
        peers = .allocate(capacity: capacity)
    }

    private mutating func join(_ identity: DTLSIdentity, videoSlots: Int, announces: Bool) throws {
        let index = count
        (peers + index).initialize(
            to: try SyntheticPeer.make(server: server, identity: identity, serverIdentity: serverIdentity))
        count += 1
        let credentials = ICECredentials(ufrag: "server\(index)", password: "another-password-of-26-let")
        try core.apply(
            SyntheticDescription.make(
                index, local: credentials, remote: peers[index].credentials, fingerprint: identity.fingerprint,
                videoSlots: videoSlots, announces: announces),
            participant: "p\(index)", conference: Self.name, controlSSRC: SSRC(UInt32(index + 1)),
            canonicalName: "server", now: now)
        try connect(index, credentials)
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
        for source in [MediaSource.microphone, .camera] {
            core.change(.publishing(source, true), for: "p\(index)", in: Self.name, now: now)
        }
        core.change(.onHold(false), for: "p\(index)", in: Self.name, now: now)
    }

    /// Sends a connectivity check of a peer from its own socket.
    package mutating func check(_ index: Int) {
        peers[index].check(ICECredentials(ufrag: "server\(index)", password: "another-password-of-26-let"))
        core.readable(now: now)
    }

    /// Sends a connectivity check of a peer from a new socket, as a client behind another network would.
    package mutating func checkFromAnotherAddress(_ index: Int) throws {
        var other = try SyntheticPeer.make(
            server: server, identity: serverIdentity, serverIdentity: serverIdentity)
        other.check(ICECredentials(ufrag: "server\(index)", password: "another-password-of-26-let"))
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
            [SlotWish(mid: Mid("s\(slot)"), participant: "p\(publisher)", source: .camera, width: 640, height: 360)],
            by: "p\(receiver)", in: Self.name)
    }
}

package enum SyntheticCallError: Error {
    case handshake([String])
}
