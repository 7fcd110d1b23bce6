internal import Conference
internal import Cryptography
internal import DTLS
internal import ICE
internal import MediaIO
internal import MediaVocabulary
internal import ProtocolCore

/// Which path a peer's packets take, and what shows that an address is a peer's.
///
/// Three things do: an answer to a challenge that was sent there, an SRTP or SRTCP packet that authenticates, and the end
/// of a DTLS handshake whose flights went there. A connectivity check alone does not: who knows the credentials may forge
/// the source of a datagram, so a check neither takes an address from another peer nor has media sent to a new one.
extension WorkerCore {
    /// How long an address stays with a peer whose packets have ceased, when another one's come from there.
    static let addressPatience: Duration = .seconds(5)
    /// Datagrams of DTLS that wait until more may be sent to an address: a flight, and its repetition.
    static let heldLimit = 16

    /// The place of a path among those of a peer, which learns it if need be.
    mutating func learn(_ path: NetworkPath, of peer: UnsafeMutablePointer<Peer>, now: Instant) -> Int {
        let index = peer.pointee.index
        var place = peer.pointee.paths.place(of: path)
        if place == nil {
            let (destination, handshakePath) = (peer.pointee.destination, peer.pointee.handshakePath)
            let free = peer.pointee.paths.placeForNew { $0 == destination || $0 == handshakePath }
            if peer.pointee.paths[free].pointee.isUsed {
                counters.forgottenPaths += 1
                addresses.release(peer.pointee.paths[free].pointee.path, of: index)
            }
            peer.pointee.paths[free].pointee = PeerPaths.Entry(path: path, isUsed: true, heard: now)
            place = free
        }
        let known = place ?? 0
        addresses.claim(path, for: AddressTable.Owner(peer: index, place: Int32(truncatingIfNeeded: known)))
        return known
    }

    /// Takes what a good connectivity check means for its path, and answers it.
    mutating func checked(
        _ path: NetworkPath, bytes: Int, response: [UInt8]?, _ peer: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        let place = learn(path, of: peer, now: now)
        let entry = peer.pointee.paths[place]
        // On a path that answers it is as good as an answer; where only packets have shown anything, only they go on to.
        if entry.pointee.proof != .packet { entry.pointee.heard = now }
        count(received: bytes, on: entry)
        peer.pointee.handshakePath = peer.pointee.ice.selectedPath ?? path
        if let response { sendWithin(response, on: entry) }
        if entry.pointee.proof != .answer {
            if entry.pointee.challenge == 0 { entry.pointee.challenge = Self.freshSecret() }
            if let challenge = peer.pointee.ice.challenge(
                tag: UInt32(bitPattern: peer.pointee.index), secret: entry.pointee.challenge)
            {
                sendWithin(challenge, on: entry)
            }
        }
        settle(peer)
        releaseHeld(of: peer)
    }

    /// Takes an answer to a challenge.
    mutating func answered(
        _ datagram: UnsafeMutableRawBufferPointer, _ tag: UInt32, _ secret: UInt64, on path: NetworkPath, now: Instant
    ) {
        let index = Int32(bitPattern: tag)
        guard secret != 0, peers.indices.contains(Int(index)), let peer = peer(index),
            let place = peer.pointee.paths.place(of: path), peer.pointee.paths[place].pointee.challenge == secret,
            peer.pointee.ice.isAnswer(UnsafeRawBufferPointer(datagram).bytes, toChallenge: secret)
        else {
            counters.strayDatagrams += 1
            return
        }
        peer.pointee.lastHeard = now
        prove(.answer, place, of: peer, now: now)
    }

    /// Notes that a path has been shown to be a peer's.
    @inline(never)
    mutating func prove(_ proof: PeerPaths.Proof, _ place: Int, of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        let entry = peer.pointee.paths[place]
        entry.pointee.heard = now
        guard entry.pointee.proof < proof else { return }
        let isFirst = entry.pointee.proof == .none
        entry.pointee.proof = proof
        let path = entry.pointee.path
        let owner = AddressTable.Owner(peer: peer.pointee.index, place: Int32(truncatingIfNeeded: place))
        if let former = addresses.give(path, to: owner), let loser = self.peer(former.peer) {
            lose(path, of: loser)
        }
        guard isFirst else { return }
        settle(peer)
        releaseHeld(of: peer)
        reportConnected(peer)
        wake(peer)
    }

    /// Who else may have sent a packet that does not authenticate as one of the path's owner: only asked while the owner
    /// has proved nothing there, or has been silent.
    @inline(never)
    func rival(of peer: UnsafeMutablePointer<Peer>, _ place: Int, now: Instant) -> AddressTable.Owner? {
        let entry = peer.pointee.paths[place]
        guard entry.pointee.proof == .none || now - entry.pointee.heard >= WorkerCore.addressPatience,
            let rival = addresses.rival(on: entry.pointee.path), rival.peer != peer.pointee.index
        else { return nil }
        return rival
    }

    private mutating func lose(_ path: NetworkPath, of peer: UnsafeMutablePointer<Peer>) {
        guard let place = peer.pointee.paths.place(of: path) else { return }
        peer.pointee.paths[place].pointee = PeerPaths.Entry()
        if peer.pointee.handshakePath == path { peer.pointee.handshakePath = nil }
        guard peer.pointee.destination == path else { return }
        peer.pointee.destination = nil
        settle(peer)
    }

    /// Takes back what was proved of paths on which nothing has come for long: consent to send there has expired (RFC 7675
    /// §5.1). The peer's packets are still known by them, and its next one that authenticates proves its path anew.
    mutating func expirePaths(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        for place in 0..<PeerPaths.limit {
            let entry = peer.pointee.paths[place]
            guard entry.pointee.proof != .none, now - entry.pointee.heard >= PeerPaths.consentTimeout else { continue }
            let path = entry.pointee.path
            counters.expiredPaths += 1
            addresses.lapse(path, of: peer.pointee.index)
            entry.pointee = PeerPaths.Entry(path: path, isUsed: true, heard: entry.pointee.heard)
            guard peer.pointee.destination == path else { continue }
            peer.pointee.destination = nil
            settle(peer)
        }
    }

    /// Chooses where a peer's packets go: the pair that it has nominated, as soon as that is known to be its own; until
    /// then where they go already.
    mutating func settle(_ peer: UnsafeMutablePointer<Peer>) {
        let present = peer.pointee.destination
        var next = present
        if let nominated = peer.pointee.ice.selectedPath, let place = peer.pointee.paths.place(of: nominated),
            peer.pointee.paths[place].pointee.proof != .none
        {
            next = nominated
        } else if present == nil {
            next = peer.pointee.paths.bestProved
        }
        if next != present {
            peer.pointee.destination = next
            if let next { noteTransport(of: peer, next) }
            if let present, let next { pathChanged(from: present, to: next, of: peer) }
        }
        peer.pointee.conference.pointee.setReachable(isReady(peer), peer.pointee.member)
    }

    /// Notes how a peer comes, and tells when it is not by UDP, or is again.
    private mutating func noteTransport(of peer: UnsafeMutablePointer<Peer>, _ path: NetworkPath) {
        guard let transport = relayedPorts?.transport(of: path.remote), transport != peer.pointee.transport else {
            return
        }
        peer.pointee.transport = transport
        events.append(.transportChanged(peer.pointee.conferenceName, peer.pointee.participant, transport))
    }

    /// What was in flight may be lost, and the new path is another link.
    private mutating func pathChanged(
        from former: NetworkPath, to path: NetworkPath, of peer: UnsafeMutablePointer<Peer>
    ) {
        guard former != path, peer.pointee.control.pointee.hasFeedback else { return }
        peer.pointee.control.pointee.pathChanged(start: startBitrate)
        peer.pointee.conference.pointee.changeLink(of: peer.pointee.member)
    }

    // MARK: What may be sent

    /// Counts what came over a path that has proved nothing: so much more may be sent there.
    @inline(__always)
    func count(received bytes: Int, on entry: UnsafeMutablePointer<PeerPaths.Entry>) {
        if entry.pointee.proof == .none { entry.pointee.received += bytes }
    }

    /// Sends a datagram if as much may be sent there.
    @discardableResult
    mutating func sendWithin(_ bytes: [UInt8], on entry: UnsafeMutablePointer<PeerPaths.Entry>) -> Bool {
        guard entry.pointee.allows(bytes.count) else {
            counters.withheldDatagrams += 1
            return false
        }
        if entry.pointee.proof == .none { entry.pointee.sent += bytes.count }
        sendNow(bytes, on: entry.pointee.path)
        return true
    }

    /// Sends a datagram of DTLS where the peer is, or where it seems to be as far as that may be.
    mutating func transmit(_ datagram: [UInt8], to peer: UnsafeMutablePointer<Peer>) {
        if let destination = peer.pointee.destination { return sendNow(datagram, on: destination) }
        guard peer.pointee.held.count < WorkerCore.heldLimit else {
            counters.withheldDatagrams += 1
            return
        }
        peer.pointee.held.append(datagram)
        releaseHeld(of: peer)
    }

    /// Sends what has waited, in order, as far as it may be.
    mutating func releaseHeld(of peer: UnsafeMutablePointer<Peer>) {
        while let datagram = peer.pointee.held.first {
            if let destination = peer.pointee.destination {
                sendNow(datagram, on: destination)
            } else {
                guard let path = peer.pointee.handshakePath, let place = peer.pointee.paths.place(of: path),
                    peer.pointee.paths[place].pointee.allows(datagram.count)
                else { return }
                sendWithin(datagram, on: peer.pointee.paths[place])
            }
            peer.pointee.held.removeFirst()
        }
    }

    /// Cannot be guessed, and is never 0.
    private static func freshSecret() -> UInt64 {
        randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) } | 1
    }
}
