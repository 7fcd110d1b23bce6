internal import Conference
public import Congestion
public import MediaVocabulary
public import ProtocolCore

/// What one participant is sent at this moment, and why not more.
public struct ReceiverQuality: Sendable {
    public var participant: ParticipantID
    public var allocation: LinkAllocation
    /// The names of those whose pictures are in the slots, by mid.
    public var sources: [Mid: ParticipantID]
    public var roundTrip: Duration?
    /// Which part of what it is sent gets lost, 0...1.
    public var lossShare: Double
    public var counters: PeerCounters
}

/// What the receivers of a worker get, in sum.
public struct AllocationSummary: Sendable {
    /// How many slots get what they get for which reason.
    public var slots: [AllocationReason: Int] = [:]
    /// How many links are in which state; those of unknown receivers are left out.
    public var links: [CongestionState: Int] = [:]
    /// How many participants' media goes which way.
    public var transports: [MediaTransport: Int] = [:]
    /// How busy the worker is: the part of its time that it used, 0...1, and what it gives up for it, 0 (nothing) ... 3.
    public var busyShare = 0.0
    public var loadLevel = 0
    /// Bits per second, over all links that are known.
    public var availableBitrate = 0
    public var neededBitrate = 0
}

extension WorkerCore {
    /// What each participant of a conference gets; nil when there is no such conference.
    func qualities(in name: CallID) -> [ReceiverQuality]? {
        guard let conference = conferences[name] else { return nil }
        var qualities: [ReceiverQuality] = []
        for case let peer? in peers where peer.pointee.conference == conference {
            let control = peer.pointee.control
            let report = conference.pointee.allocation(of: peer.pointee.member)
            var sources: [Mid: ParticipantID] = [:]
            for slot in report?.slots ?? [] {
                sources[slot.mid] = self.peer(ofMember: slot.source.member, in: name)?.pointee.participant
            }
            let budget = control.pointee.budget(now: clock)
            qualities.append(
                ReceiverQuality(
                    participant: peer.pointee.participant,
                    allocation: allocation(
                        budget, needed: conference.pointee.neededRate(of: peer.pointee.member), report?.slots ?? [],
                        of: peer),
                    sources: sources, roundTrip: control.pointee.controller.roundTrip,
                    lossShare: control.pointee.controller.lossShare, counters: peer.pointee.counters))
        }
        return qualities
    }

    func allocationSummary() -> AllocationSummary {
        var summary = AllocationSummary()
        summary.busyShare = load.share
        summary.loadLevel = load.level
        for case let peer? in peers {
            let conference = peer.pointee.conference
            if isReady(peer) { summary.transports[peer.pointee.transport, default: 0] += 1 }
            for slot in conference.pointee.allocation(of: peer.pointee.member)?.slots ?? [] {
                summary.slots[slot.reason, default: 0] += 1
            }
            let control = peer.pointee.control
            guard let budget = control.pointee.budget(now: clock) else { continue }
            summary.links[control.pointee.controller.state, default: 0] += 1
            summary.availableBitrate += budget
            summary.neededBitrate += conference.pointee.neededRate(of: peer.pointee.member)
        }
        return summary
    }
}
