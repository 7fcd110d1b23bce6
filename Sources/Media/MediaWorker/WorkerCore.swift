package import Conference
package import Congestion
package import DTLS
internal import ICE
package import MediaIO
package import MediaVocabulary
package import ProtocolCore
internal import SDP
internal import SRTP

/// Everything one worker owns: its socket, its peers, its conferences and the buffers between them.
///
/// All of it is touched by one thread only. What it wants to tell is collected in `events`.
package struct WorkerCore: ~Copyable {
    /// A peer that sends nothing at all for so long is reported as interrupted. Browsers check connectivity every
    /// 2 to 3 seconds even in silence (RFC 7675 §5.1 asks for 5).
    static let silenceLimit: Duration = .seconds(10)

    let socket: UDPSocket
    let identity: DTLSIdentity
    var batch = ReceiveBatch()
    package var outgoing: SendBatch
    var queue = ForwardQueue()
    package var buffers = PacketBuffers()
    var addresses: AddressTable
    /// Where video packets are decrypted to.
    let spare: UnsafeMutableRawPointer

    var peers: [UnsafeMutablePointer<Peer>?] = []
    var ufrags: UfragTable
    var conferences: [CallID: UnsafeMutablePointer<Conference>] = [:]
    /// What codec a publisher was last asked for, by peer and source, so that it is asked once.
    var askedCodecs: [CodecQuestion: MediaCodec] = [:]
    /// What the link of a new peer is taken to carry until its feedback tells.
    package var startBitrate = CongestionController.defaultStart
    /// Durable messages that somebody in a conference lacks, by conference.
    var durableLogs: [CallID: DurableLog] = [:]
    /// When durable messages that are too old were forgotten last.
    var lastTidy = Instant.zero
    /// When which peer is looked after, and which conference is polled.
    var schedule = PeerSchedule()
    var conferenceSchedule = ConferenceSchedule()
    /// How often a peer was looked after or a conference polled by time: what a call costs in which nothing happens.
    package var looks: UInt64 = 0
    /// How busy this worker is.
    package var load = WorkerLoad()
    /// Where packets of SCTP are written, one after the other.
    var dataPacket: [UInt8] = []
    var seeds: SeededGenerator
    /// The time of the present wake-up: what is sent now leaves now.
    var clock = Instant.zero
    /// Who comes by TCP or through the TURN server.
    package var relayedPorts: RelayedPorts?
    /// The wall-clock time, since 1970, of `Instant.zero`; what reports are stamped with.
    var wallClockAtZero = Duration.zero
    package var events: [WorkerEvent] = []
    package var counters = WorkerCounters()

    struct CodecQuestion: Hashable {
        var peer: Int32
        var source: MediaSource
    }

    package init(socket: consuming UDPSocket, identity: DTLSIdentity, usesSegmentation: Bool, seed: UInt64) {
        self.socket = socket
        self.identity = identity
        outgoing = SendBatch(usesSegmentation: usesSegmentation)
        addresses = AddressTable(seed: seed)
        ufrags = UfragTable(seed: seed)
        seeds = SeededGenerator(seed: ~seed)
        spare = buffers.take()
    }

    deinit {
        for case let peer? in peers {
            peer.deinitialize(count: 1)
            peer.deallocate()
        }
        for conference in conferences.values {
            conference.deinitialize(count: 1)
            conference.deallocate()
        }
    }

    @inline(__always)
    func peer(_ index: Int32) -> UnsafeMutablePointer<Peer>? {
        peers[Int(index)]
    }

    func peer(_ participant: ParticipantID, in conference: CallID) -> UnsafeMutablePointer<Peer>? {
        for case let peer? in peers
        where peer.pointee.participant == participant && peer.pointee.conferenceName == conference {
            return peer
        }
        return nil
    }

    /// Whether something waits for a link, or a probe runs.
    package var hasToPace: Bool { schedule.pacingCount > 0 }

    /// Addresses that are known to belong to peers, and how many one peer may have.
    package var addressCount: Int { addresses.count }
    package static var addressesPerPeer: Int { PeerPaths.limit }

    /// What a participant's link is taken to carry, in bits per second; nil while nothing limits it.
    package func budget(of participant: ParticipantID, in conference: CallID) -> Int? {
        peer(participant, in: conference)?.pointee.control.pointee.budget(now: clock)
    }

    /// The transport-wide number of the next packet to a participant; nil when it is not here.
    package func nextTransportSequence(of participant: ParticipantID, in conference: CallID) -> UInt16? {
        peer(participant, in: conference)?.pointee.nextTransportSequence
    }

    /// What was counted since the worker began, of those too who are still here.
    package var totals: WorkerCounters {
        var totals = counters
        for case let peer? in peers {
            totals.add(peer.pointee.counters)
            totals.droppedPackets += peer.pointee.control.pointee.dropped
        }
        for conference in conferences.values { totals.conferences.add(conference.pointee.counters) }
        return totals
    }

    package private(set) var peerCount = 0

    // MARK: Conferences

    package mutating func openConference(_ name: CallID, seed: UInt64) {
        guard conferences[name] == nil else { return }
        let conference = UnsafeMutablePointer<Conference>.allocate(capacity: 1)
        conference.initialize(to: Conference(seed: seed))
        conference.pointee.setLoad(load.level)
        conferences[name] = conference
        conferenceSchedule.add(name, conference)
    }

    package mutating func closeConference(_ name: CallID) {
        guard let conference = conferences[name] else { return }
        for case let peer? in peers where peer.pointee.conferenceName == name { remove(peer) }
        conferences[name] = nil
        durableLogs[name] = nil
        conferenceSchedule.remove(conference)
        counters.conferences.add(conference.pointee.counters)
        conference.deinitialize(count: 1)
        conference.deallocate()
    }

    // MARK: Peers

    /// Adds a participant's transport, or changes it: a new offer with other ICE credentials is a restart, one with
    /// another certificate a new transport in place of the old one.
    package mutating func apply(
        _ description: PeerDescription, participant: ParticipantID, conference name: CallID, controlSSRC: SSRC,
        canonicalName: String, now: Instant
    ) throws(DTLSError) {
        guard let conference = conferences[name] else { return }
        if let existing = peer(participant, in: name) {
            if existing.pointee.description.remoteFingerprints == description.remoteFingerprints {
                update(existing, to: description, now: now)
                return
            }
            let media = existing.pointee.media
            let durable = existing.pointee.durable
            remove(existing)
            try add(description, participant, name, conference, controlSSRC, canonicalName, now)
            if let peer = peer(participant, in: name) {
                set(media, for: participant, in: name, now: now)
                peer.pointee.durable.hasArrived = durable.hasArrived
                if let since = durable.since { peer.pointee.durable.since = since }
            }
            return
        }
        try add(description, participant, name, conference, controlSSRC, canonicalName, now)
    }

    private mutating func add(
        _ description: PeerDescription, _ participant: ParticipantID, _ name: CallID,
        _ conference: UnsafeMutablePointer<Conference>, _ controlSSRC: SSRC, _ canonicalName: String, _ now: Instant
    ) throws(DTLSError) {
        let dtls = try DTLSSession(
            identity: identity, role: description.isDTLSServer ? .server : .client,
            expectedFingerprints: description.remoteFingerprints)
        let free = peers.firstIndex { $0 == nil } ?? peers.count
        if free == peers.count { peers.append(nil) }
        queue.reserve(receivers: peers.count)
        let index = Int32(free)
        let member = conference.pointee.add(receiver: index)
        conference.pointee.setReachable(false, member)
        let peer = UnsafeMutablePointer<Peer>.allocate(capacity: 1)
        peer.initialize(
            to: Peer(
                index: index, participant: participant, conferenceName: name, conference: conference, member: member,
                conferenceIndex: conferenceSchedule.index(of: conference) ?? 0, controlSSRC: controlSSRC,
                canonicalName: canonicalName, description: description, dtls: dtls, startBitrate: startBitrate,
                now: now))
        peers[free] = peer
        peer.pointee.durable.since = durableLogs[name, default: DurableLog()].arrived(participant)
        schedule.add(index)
        peerCount += 1
        install(description, on: peer, now: now)
        for case let other? in peers where other.pointee.conference == conference && other != peer {
            grant(other.pointee.wishes.values.filter { $0.participant == participant }, to: other)
        }
    }

    // MARK: What a receiver wants to see

    /// Sets what some of a receiver's slots shall show; the others stay as they are.
    package mutating func request(_ wishes: [SlotRequest], by participant: ParticipantID, in conference: CallID) {
        guard let peer = peer(participant, in: conference) else { return }
        conferenceSchedule.wake(peer.pointee.conferenceIndex)
        for wish in wishes { peer.pointee.wishes[wish.mid] = wish.participant == nil ? nil : wish }
        grant(wishes, to: peer)
    }

    private mutating func grant(_ wishes: [SlotRequest], to peer: UnsafeMutablePointer<Peer>) {
        let requests = wishes.map { wish -> (mid: Mid, request: VideoRequest?) in
            guard let name = wish.participant, let publisher = self.peer(name, in: peer.pointee.conferenceName) else {
                return (wish.mid, nil)
            }
            return (
                wish.mid,
                VideoRequest(
                    source: TrackReference(member: publisher.pointee.member, source: wish.source), width: wish.width,
                    height: wish.height)
            )
        }
        peer.pointee.conference.pointee.request(requests, by: peer.pointee.member)
    }

    private mutating func update(
        _ peer: UnsafeMutablePointer<Peer>, to description: PeerDescription, now: Instant
    ) {
        let old = peer.pointee.description
        peer.pointee.description = description
        peer.pointee.layout = HeaderLayout(description.extensions)
        peer.pointee.control.pointee.configure(
            numbersPackets: peer.pointee.layout.numbersPackets, reportsByStream: description.reportsByStream)
        if old.remoteICE != description.remoteICE || old.localICE != description.localICE {
            peer.pointee.ice.restart(
                localUfrag: description.localICE.ufrag, localPassword: description.localICE.password,
                remoteUfrag: description.remoteICE.ufrag, remotePassword: description.remoteICE.password)
        }
        install(description, on: peer, after: old, now: now)
    }

    /// Brings streams and slots in line with what was negotiated.
    private mutating func install(
        _ description: PeerDescription, on peer: UnsafeMutablePointer<Peer>, after old: PeerDescription? = nil,
        now: Instant
    ) {
        schedule.set(peer.pointee.index, due: now)
        conferenceSchedule.wake(peer.pointee.conferenceIndex)
        ufrags.removeAll(of: peer.pointee.index)
        for ufrag in peer.pointee.ice.localUfrags { ufrags.set(ufrag, to: peer.pointee.index) }
        let member = peer.pointee.member
        let conference = peer.pointee.conference
        let primaries = MediaSource.allCases.map { peer.pointee.primaryStream(of: $0)?.pointee.ssrc }
        let announced = Set(
            description.publications.flatMap { $0.streams }.flatMap { [$0.ssrc, $0.rtxSSRC].compactMap { $0 } })
        // Streams learnt from packets stay as long as their m-line announces none, or the same as before.
        let unchanged = description.publications.filter { publication in
            publication.streams.isEmpty
                || old?.publications.contains {
                    $0.source == publication.source && $0.streams.map(\.ssrc) == publication.streams.map(\.ssrc)
                } == true
        }.map(\.source)
        peer.pointee.removeStreams {
            !announced.contains($0.ssrc) && !($0.isAdopted && unchanged.contains($0.source))
        }
        for publication in description.publications {
            let reference = TrackReference(member: member, source: publication.source)
            let before = primaries[publication.source.index]
            conference.pointee.setLayers(publication.rids, reference, buffers: &buffers)
            for stream in publication.streams where !peer.pointee.hasAdopted(publication.source) {
                _ = peer.pointee.add(
                    IncomingStream(ssrc: stream.ssrc, source: publication.source, isRetransmission: false))
                if let rtx = stream.rtxSSRC {
                    _ = peer.pointee.add(IncomingStream(ssrc: rtx, source: publication.source, isRetransmission: true))
                }
            }
            let after = peer.pointee.primaryStream(of: publication.source)?.pointee.ssrc
            if let before, before != after { conference.pointee.restartTrack(reference, buffers: &buffers) }
            conference.pointee.setCodecs(publication.codecs, reference)
            conference.pointee.setParameterSets(publication.parameterSets, reference, buffers: &buffers)
            if publication.source == .microphone { conference.pointee.setPublished(true, reference) }
        }
        conference.pointee.setSlots(description.slots, member, now: now)
        noteAnnouncement(of: peer, now: now)
        keepSentPackets(for: peer)
        if peer.pointee.data == nil {
            openDataLink(of: peer, now: now)
            drive(peer, now: now)
        }
    }

    /// Brings what is let through from and to a participant in line with what the call wants.
    package mutating func set(
        _ media: ParticipantMedia, for participant: ParticipantID, in conference: CallID, now: Instant
    ) {
        guard let peer = peer(participant, in: conference) else {
            // Whoever has no transport yet may be on the way into the call, and the others are told of it by then.
            expect(participant, true, in: conference)
            return
        }
        let present = peer.pointee.media
        guard media != present else { return }
        peer.pointee.media = media
        conferenceSchedule.wake(peer.pointee.conferenceIndex)
        let member = peer.pointee.member
        peer.pointee.conference.pointee.setMuted(media.isMuted, member)
        for source in [MediaSource.camera, .screen] {
            let isPublished = media.pictures.contains(source)
            peer.pointee.conference.pointee.setPublished(isPublished, TrackReference(member: member, source: source))
        }
        guard media.isOnHold != present.isOnHold else { return }
        peer.pointee.conference.pointee.setOnHold(media.isOnHold, member, now: now)
        if !media.isOnHold { holdEnded(of: peer, now: now) }
    }

    mutating func remove(_ peer: UnsafeMutablePointer<Peer>) {
        // Nothing may be queued for an index that somebody else gets next.
        flush()
        let index = peer.pointee.index
        for case let other? in peers where other.pointee.conference == peer.pointee.conference {
            other.pointee.control.pointee.backlog.removeAll(ofMember: peer.pointee.member)
            other.pointee.control.pointee.repairs.removeAll(ofMember: peer.pointee.member)
        }
        conferenceSchedule.wake(peer.pointee.conferenceIndex)
        peer.pointee.conference.pointee.remove(peer.pointee.member, buffers: &buffers)
        buffers.reclaim()
        addresses.releaseAll(of: index)
        ufrags.removeAll(of: index)
        askedCodecs = askedCodecs.filter { $0.key.peer != index }
        counters.add(peer.pointee.counters)
        counters.droppedPackets += peer.pointee.control.pointee.dropped
        peers[Int(index)] = nil
        schedule.remove(index)
        peerCount -= 1
        peer.deinitialize(count: 1)
        peer.deallocate()
    }

    /// Says goodbye on the wire (DTLS close_notify), then forgets the participant.
    package mutating func disconnect(_ participant: ParticipantID, from conference: CallID, now: Instant) {
        guard let peer = peer(participant, in: conference) else {
            durableLogs[conference]?.forget(participant)
            return
        }
        peer.pointee.dtls.close()
        drive(peer, now: now)
        remove(peer)
    }
}
