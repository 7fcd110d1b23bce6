internal import Conference
internal import Congestion
internal import DTLS
internal import ICE
internal import MediaIO
internal import MediaVocabulary
package import ProtocolCore

/// What is done by time and not by packet.
extension WorkerCore {
    /// How often `tick` runs: the reordering tolerance of NACK and half of the shortest report interval.
    static let tickInterval: Duration = .milliseconds(10)
    /// How often the silence of a peer, its handshake and the reports to it are looked after.
    static let watchInterval: Duration = .milliseconds(200)
    /// How often a peer is looked after that cannot be reached, besides what its handshake wants.
    static let unreachedInterval: Duration = .seconds(1)
    /// How often it is checked whether somebody cannot decode what they asked to see.
    static let codecCheckInterval: Duration = .seconds(1)

    package mutating func tick(now: Instant, wallClock: Duration) {
        clock = now
        wallClockAtZero = wallClock - (now - .zero)
        for index in peers.indices where schedule.isDue(index, at: now) {
            if let peer = peers[index] { lookAfter(peer, now: now, wallClock: wallClock) }
        }
        if now - lastTidy >= WorkerCore.codecCheckInterval {
            lastTidy = now
            tidyDurableLogs(now: now)
        }
        for index in conferenceSchedule.indices where conferenceSchedule.isDue(index, at: now) {
            poll(index, now: now)
        }
        flush()
    }

    /// Polls a conference, and says when it is polled again: at the next tick while media flows in it, and seldom while
    /// nobody can be reached.
    private mutating func poll(_ index: Int, now: Instant) {
        guard let host = conferenceSchedule.host(index) else { return }
        looks += 1
        let conference = host.conference
        let flows = now.nanoseconds - conference.pointee.lastPacket.nanoseconds < WorkerCore.mediaPause
        conferenceSchedule.set(
            index,
            due: flows
                ? .zero
                : now
                    + (conference.pointee.isReached
                        ? ConferenceSchedule.quietInterval : ConferenceSchedule.emptyInterval))
        for event in conference.pointee.poll(now: now) { handle(event, in: host.name) }
        if conferenceSchedule.checksCodecs(index, now: now) {
            for event in conference.pointee.wantCommonCodecs() { handle(event, in: host.name) }
        }
    }

    /// After so many nanoseconds without media from a peer its losses and arrivals are looked after no more.
    static let mediaPause: Int64 = 1_000_000_000

    /// Looks after a peer, and what it sends, at the next tick.
    @inline(never)
    mutating func wake(_ peer: UnsafeMutablePointer<Peer>) {
        schedule.set(peer.pointee.index, due: .zero)
        conferenceSchedule.wake(peer.pointee.conferenceIndex)
    }

    private mutating func lookAfter(_ peer: UnsafeMutablePointer<Peer>, now: Instant, wallClock: Duration) {
        looks += 1
        let isWatched = now >= peer.pointee.nextWatch
        if isWatched || !peer.pointee.isConnected {
            if let timeout = peer.pointee.dtls.timeout, timeout <= now {
                // What has waited is made anew.
                peer.pointee.held.removeAll()
                peer.pointee.dtls.handleTimeout(now: now)
                drive(peer, now: now)
            }
            checkSilence(of: peer, now: now)
        }
        if isWatched {
            peer.pointee.nextWatch = now + WorkerCore.watchInterval
            if isReady(peer) {
                report(to: peer, now: now, wallClock: wallClock)
                peer.pointee.control.pointee.backlog.relax(now: now)
                peer.pointee.control.pointee.repairs.relax(now: now)
            }
        }
        if peer.pointee.streamCount > 0, isReady(peer) { reportArrivals(of: peer, now: now) }
        if let time = peer.pointee.data?.pointee.due, time <= now {
            attendToData(of: peer, now: now)
            drive(peer, now: now)
        }
        let isPacing = peer.pointee.hasToPace
        if isPacing || now >= peer.pointee.nextControl { control(peer, now: now) }
        if peer.pointee.hasToPace { pace(peer, now: now) }
        // Who sends or waits is looked after at every tick; who cannot be reached, when the handshake wants it.
        let sends =
            peer.pointee.streamCount > 0
            && now.nanoseconds - peer.pointee.lastMedia.nanoseconds < WorkerCore.mediaPause
        let due: Instant
        if peer.pointee.hasToPace || sends {
            due = now
        } else if isReady(peer) {
            due = min(peer.pointee.nextWatch, peer.pointee.nextControl)
        } else {
            due = now + WorkerCore.unreachedInterval
        }
        schedule.set(peer.pointee.index, due: due)
        if let time = peer.pointee.dtls.timeout { schedule.advance(peer.pointee.index, to: time) }
        if let time = peer.pointee.data?.pointee.due { schedule.advance(peer.pointee.index, to: time) }
    }

    private mutating func checkSilence(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        expirePaths(of: peer, now: now)
        peer.pointee.conference.pointee.setReachable(isReady(peer), peer.pointee.member)
        let isSilent = now - peer.pointee.lastHeard >= WorkerCore.silenceLimit
        if peer.pointee.isConnected, isSilent {
            peer.pointee.isConnected = false
            events.append(.media(.interrupted(peer.pointee.conferenceName, peer.pointee.participant)))
        } else if !peer.pointee.isConnected, !isSilent {
            reportConnected(peer)
        }
    }

    func peer(ofMember member: Int32, in conference: CallID) -> UnsafeMutablePointer<Peer>? {
        for case let peer? in peers
        where peer.pointee.member == member && peer.pointee.conferenceName == conference {
            return peer
        }
        return nil
    }

    private mutating func handle(_ event: ConferenceEvent, in conference: CallID) {
        switch event {
        case .requestKeyframe(let reference, let layer):
            if let publisher = peer(ofMember: reference.member, in: conference) {
                requestKeyframe(reference.source, layer: layer, from: publisher)
            }
        case .layers(let reference, let demands):
            guard let publisher = peer(ofMember: reference.member, in: conference),
                let publication = publisher.pointee.description.publications.first(where: {
                    $0.source == reference.source
                })
            else { return }
            tell(.layers(conference, publisher.pointee.participant, mid: publication.mid, demands))
        case .allocation(let member, let report):
            guard let receiver = peer(ofMember: member, in: conference) else { return }
            tell(
                .allocation(
                    conference, receiver.pointee.participant,
                    allocation(report.budget, needed: report.needed, report.slots, of: receiver)))
        case .slots(let member, let reports):
            guard let receiver = peer(ofMember: member, in: conference) else { return }
            let states = reports.map { report in
                SlotState(
                    mid: report.mid,
                    participant: report.source.flatMap {
                        peer(ofMember: $0.member, in: conference)?.pointee.participant
                    },
                    source: report.source?.source, condition: report.condition, codec: report.codec)
            }
            tell(.slots(conference, receiver.pointee.participant, states))
        case .speakers(let report):
            var names: [Int32: ParticipantID] = [:]
            for case let peer? in peers where peer.pointee.conferenceName == conference {
                names[peer.pointee.member] = peer.pointee.participant
            }
            var levels: [ParticipantID: Double] = [:]
            for (member, level) in report.levels {
                if let name = names[member] { levels[name] = Double(level) / 127 }
            }
            tell(
                .speakers(
                    conference, SpeakerReport(dominant: report.dominant.compactMap { names[$0] }, levels: levels)))
        case .codecWanted(let reference, let codec, let instead):
            guard let publisher = peer(ofMember: reference.member, in: conference) else { return }
            let question = CodecQuestion(peer: publisher.pointee.index, source: reference.source)
            guard askedCodecs[question] != codec,
                let publication = publisher.pointee.description.publications.first(where: {
                    $0.source == reference.source
                })
            else { return }
            askedCodecs[question] = codec
            tell(
                .codecWanted(
                    conference, publisher.pointee.participant, mid: publication.mid, codec, instead: instead))
        }
    }

    private mutating func tell(_ event: MediaEvent) {
        events.append(.media(event))
    }

    /// What a receiver gets, in the words of the call plane.
    func allocation(
        _ budget: Int?, needed: Int, _ slots: [SlotAllocation], of receiver: UnsafeMutablePointer<Peer>
    ) -> LinkAllocation {
        LinkAllocation(
            budget: budget, needed: needed,
            state: budget.map { _ in receiver.pointee.control.pointee.controller.state },
            slots: slots.map { slot in
                LinkAllocation.Slot(
                    mid: slot.mid, rid: slot.rid, size: slot.size, bitrate: slot.bitrate, temporal: slot.temporal,
                    reason: slot.reason)
            }, transport: receiver.pointee.transport)
    }
}
