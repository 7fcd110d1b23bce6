internal import Conference
internal import Congestion
internal import MediaIO
internal import MediaVocabulary
package import ProtocolCore
internal import SRTP

/// What waits for a receiver's link, and what is sent only to learn how much the link carries.
extension WorkerCore {
    /// How soon a worker with something to pace looks again.
    static let pacingInterval: Duration = .milliseconds(3)
    /// How often the controller of a link is asked while no feedback comes (it usually does every 100 ms), and while nothing is known of the link.
    static let controlInterval: Duration = .milliseconds(120)
    static let learningInterval: Duration = .milliseconds(20)
    /// The same for a link over which nothing was sent yet.
    static let idleControlInterval: Duration = .seconds(1)
    /// How often a packet is sent into a link that seems dead, so that feedback tells when it is not.
    static let knockInterval: Duration = .milliseconds(200)

    /// Asks the controller of a peer's link what is due: with each feedback, and by time when there is none.
    mutating func control(_ peer: UnsafeMutablePointer<Peer>, now: Instant) {
        let control = peer.pointee.control
        guard isReady(peer), control.pointee.isEnabled else {
            peer.pointee.nextControl = now + WorkerCore.controlInterval
            // What the peer itself has said expires.
            if control.pointee.hasReceiverEstimate { applyBudget(to: peer, now: now) }
            return
        }
        control.pointee.poll(needed: peer.pointee.conference.pointee.neededRate(of: peer.pointee.member), now: now)
        applyBudget(to: peer, now: now)
        lookAfterLink(of: peer, now: now)
        peer.pointee.isControlIdle = !control.pointee.hasSent
        guard control.pointee.hasSent else {
            peer.pointee.nextControl = now + WorkerCore.idleControlInterval
            return
        }
        let isKnown = control.pointee.hasFeedback && !control.pointee.isStalled
        peer.pointee.nextControl = now + (isKnown ? WorkerCore.controlInterval : WorkerCore.learningInterval)
        if peer.pointee.hasToPace { schedule.setPacing(true, peer.pointee.index) }
    }

    /// Lets go to one peer what its pacer allows now.
    mutating func pace(_ peer: UnsafeMutablePointer<Peer>, now: Instant) {
        if isReady(peer), peer.pointee.hasToPace { release(to: peer, now: now) }
        schedule.setPacing(peer.pointee.hasToPace, peer.pointee.index)
    }

    /// Sends no pictures into a link that is dead, but knocks; and lets pictures begin anew that have waited too long.
    private mutating func lookAfterLink(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        let control = peer.pointee.control
        let conference = peer.pointee.conference
        let member = peer.pointee.member
        let isStalled = control.pointee.isStalled
        if isStalled != peer.pointee.isStalled {
            peer.pointee.isStalled = isStalled
            if isStalled {
                control.pointee.dropWaiting()
            } else {
                control.pointee.pathChanged(start: startBitrate)
            }
            conference.pointee.setStalled(isStalled, member)
        }
        if isStalled, now - peer.pointee.lastKnock >= WorkerCore.knockInterval {
            peer.pointee.lastKnock = now
            if conference.pointee.pad(1, to: member, now: now, queue: &queue) == 0 {
                // Nothing to knock with, since it takes no retransmissions: then pictures have to find out.
                peer.pointee.isStalled = false
                control.pointee.pathChanged(start: startBitrate)
                conference.pointee.setStalled(false, member)
            }
        }
        if control.pointee.backlog.isStale(now: now) {
            control.pointee.dropWaiting()
            conference.pointee.restartSlots(of: member)
        }
    }

    /// What a worker does between ticks while something waits.
    package mutating func paceAll(now: Instant) {
        clock = now
        for index in peers.indices where schedule.isPacing(index) {
            if let peer = peers[index] { pace(peer, now: now) }
        }
        flush()
    }

    func applyBudget(to peer: UnsafeMutablePointer<Peer>, now: Instant) {
        let control = peer.pointee.control
        peer.pointee.conference.pointee.setBudget(
            control.pointee.budget(now: now), lossShare: control.pointee.controller.lossShare,
            isCongested: control.pointee.controller.isCongested,
            shown: control.pointee.controller.latestProbe.map { ($0.rate.bitsPerSecond, $0.at) },
            for: peer.pointee.member)
    }

    private mutating func release(to peer: UnsafeMutablePointer<Peer>, now: Instant) {
        let control = peer.pointee.control
        guard let sender = peer.pointee.sender, let destination = peer.pointee.destination else { return }
        outgoing.begin(destination, onIPv6Socket: socket.isIPv6)
        while let step = control.pointee.pacer.probe(now: now) {
            let done = drain(step.bytes, to: peer, sender)
            guard done < step.bytes else { continue }
            let padding = peer.pointee.conference.pointee.pad(
                step.bytes - done, to: peer.pointee.member, now: now, queue: &queue)
            // Without anything to send the probe waits, and is given up in the end.
            if padding == 0 { break }
            // Padding bypasses the pacer's budget: it is queued as what cannot wait.
            flush()
            outgoing.begin(destination, onIPv6Socket: socket.isIPv6)
        }
        releaseData(to: peer, now: now)
        control.pointee.repairs.dropOlder(than: Backlog.repairPatience, now: now)
        if control.pointee.isWaiting {
            outgoing.begin(destination, onIPv6Socket: socket.isIPv6)
            let isInForce = control.pointee.isInForce(now: now)
            let budget = isInForce ? control.pointee.pacer.budget(now: now) : Int.max
            if budget > 0 { _ = drain(budget, to: peer, sender) }
        }
    }

    /// Sends what waits, oldest first, until at least `bytes` have gone; returns how many have.
    private mutating func drain(
        _ bytes: Int, to peer: UnsafeMutablePointer<Peer>, _ sender: UnsafeMutablePointer<SRTPSender>
    ) -> Int {
        let control = peer.pointee.control
        var done = 0
        while done < bytes, let packet = control.pointee.popFirst(from: peer.pointee.conference) {
            let length = withUnsafePointer(to: packet) { send($0, to: peer, sender) }
            control.pointee.pacer.spent(length, now: clock)
            done += length
        }
        return done
    }
}

extension Peer {
    /// Whether something waits for its link, or a probe runs.
    var hasToPace: Bool {
        control.pointee.isWaiting || control.pointee.pacer.nextProbe != nil
            || data?.pointee.hasDataToSend == true
    }
}
