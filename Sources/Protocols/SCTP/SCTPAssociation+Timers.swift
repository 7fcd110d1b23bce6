public import ProtocolCore

/// When an association has to be asked to go on.
struct Timers: Hashable, Sendable {
    /// T1-init and T1-cookie, and how often they ran out.
    var handshake: Instant?
    var handshakeCount = 0
    /// T3-rtx.
    var retransmission: Instant?
    /// T2-shutdown.
    var shutdown: Instant?
    var heartbeat: Instant?
    var reconfiguration: Instant?
}

extension SCTPAssociation {
    /// When ``advance(now:)`` has something to do; nil: not before the next packet or message.
    public var deadline: Instant? {
        let candidates = [
            timers.handshake, timers.retransmission, timers.shutdown, timers.heartbeat, timers.reconfiguration,
            acknowledgement.isUrgent ? nil : acknowledgement.deadline,
        ]
        return candidates.compactMap(\.self).min()
    }

    /// Does what is due by now. May be called at any time.
    public mutating func advance(now: Instant) {
        func isDue(_ timer: Instant?) -> Bool { timer.map { $0 <= now } ?? false }
        if isDue(timers.handshake) { handshakeTimedOut(now: now) }
        if isDue(timers.retransmission) { retransmissionTimedOut(now: now) }
        if isDue(timers.shutdown) { shutdownTimedOut(now: now) }
        if isDue(timers.reconfiguration) { reconfigurationTimedOut(now: now) }
        if isDue(timers.heartbeat) { heartbeatDue(now: now) }
        if isDue(acknowledgement.deadline) { acknowledgement.isUrgent = true }
        progress(now: now)
    }

    private mutating func handshakeTimedOut(now: Instant) {
        timers.handshake = nil
        timers.handshakeCount += 1
        guard timers.handshakeCount <= configuration.timing.handshakeRetransmissions else {
            end(.handshakeTimedOut)
            return
        }
        roundTrips.backOff()
        switch state {
        case .cookieWait: sendInitiation(now: now)
        case .cookieEchoed: sendCookie(now: now)
        case .closed, .established, .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent, .ended: break
        }
    }
}
