internal import MediaVocabulary
public import ProtocolCore

/// Who is in a call as far as media goes, and which packet goes to whom. A value: no socket, no clock, no keys.
///
/// The owner feeds it decrypted packets and control changes with the time; it answers with packets in a
/// `ForwardQueue` and with `ConferenceEvent`s from `poll`. Members are named by small indices that are used again
/// after a member has left.
///
/// Nothing flows to or from a member on hold; members begin on hold.
public struct Conference: ~Copyable {
    var members: [UnsafeMutablePointer<Member>?] = []
    var speakers = SpeakerRanking()
    var stage = DominantSpeakerIdentification()
    var events: [ConferenceEvent] = []
    var generator: SeededGenerator
    var lastSpeakerUpdate: Instant?
    var lastSpeakerReport = MemberSpeakerReport()
    var lastSpeakerReportAt: Instant?
    /// Something changed that decides who gets which layer.
    var allocationIsDue = false
    /// Some member's link changed so much that what it gets is to be decided again, and when all are looked at next.
    var someAllocationIsDue = false
    var nextAllocationRound = Instant.zero
    /// How busy the server is: 0 (all is well) ... 3.
    var load = 0
    /// Some member has slots of which the application is to be told.
    var someSlotsAreDirty = false
    /// Members with a camera or screen that is on, in ascending order.
    var publishers: [Int32] = []
    public private(set) var memberCount = 0
    /// How many members can be reached.
    private var reachedCount = 0
    /// When a packet of media came last.
    public internal(set) var lastPacket = Instant(nanoseconds: .min / 2)
    public internal(set) var counters = ConferenceCounters()

    /// `seed` starts the random first sequence numbers and timestamps of slots (RFC 3550 §5.1).
    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    deinit {
        for case let member? in members {
            member.deinitialize(count: 1)
            member.deallocate()
        }
    }

    /// Whether any member can be reached.
    public var isReached: Bool { reachedCount > 0 }

    func member(_ index: Int32) -> UnsafeMutablePointer<Member>? {
        guard index >= 0, Int(index) < members.count else { return nil }
        return members[Int(index)]
    }

    // MARK: Members

    /// Adds a member on hold; `receiver` is the index of its transport in the forward queue.
    public mutating func add(receiver: Int32) -> Int32 {
        let index = members.firstIndex { $0 == nil } ?? members.count
        if index == members.count { members.append(nil) }
        let member = UnsafeMutablePointer<Member>.allocate(capacity: 1)
        member.initialize(to: Member(index: Int32(index), receiver: receiver))
        members[index] = member
        memberCount += 1
        reachedCount += 1
        return Int32(index)
    }

    /// Removes a member; the slots that showed it fall empty.
    public mutating func remove(_ index: Int32, buffers: inout PacketBuffers) {
        guard let leaver = member(index) else { return }
        for slot in 0..<leaver.pointee.slotCount { detach(leaver.pointee.slots + slot) }
        for source in MediaSource.allCases {
            let track = leaver.pointee.track(source)
            while track.pointee.subscriptionCount > 0 {
                let subscription = track.pointee.subscriptions[0]
                noteSlots(of: subscription.member)
                detach(subscription.slot)
            }
            track.pointee.restart(buffers: &buffers)
            track.pointee.forgetParameterSets(buffers: &buffers)
        }
        for case let other? in members {
            other.pointee.requests = other.pointee.requests.filter { $0.value.source.member != index }
        }
        members[Int(index)] = nil
        publishers.removeAll { $0 == index }
        stage.remove(index)
        memberCount -= 1
        if leaver.pointee.isReachable { reachedCount -= 1 }
        leaver.deinitialize(count: 1)
        leaver.deallocate()
        selectSpeakers(now: lastSpeakerUpdate ?? .zero)
    }

    /// Lets a member in, or holds it: on hold it neither sends nor gets.
    public mutating func setOnHold(_ onHold: Bool, _ index: Int32, now: Instant) {
        guard let member = member(index), member.pointee.isOnHold != onHold else { return }
        member.pointee.isOnHold = onHold
        guard !onHold else { return selectSpeakers(now: now) }
        // What it sees and what others see of it may have lost pictures meanwhile.
        for slot in 0..<member.pointee.slotCount { restart(member.pointee.slots + slot) }
        for source in [MediaSource.camera, .screen] {
            let track = member.pointee.track(source)
            for subscription in 0..<track.pointee.subscriptionCount {
                restart(track.pointee.subscriptions[subscription].slot)
            }
        }
        selectSpeakers(now: now)
    }

    public func isOnHold(_ index: Int32) -> Bool {
        member(index)?.pointee.isOnHold ?? true
    }

    /// Says whether a member's transport takes packets; members begin reachable.
    ///
    /// What is sent to one that is not is lost, and not every decoder asks for its first keyframe: so its slots wait for one
    /// until it is reachable.
    public mutating func setReachable(_ isReachable: Bool, _ index: Int32) {
        guard let member = member(index), member.pointee.isReachable != isReachable else { return }
        member.pointee.isReachable = isReachable
        reachedCount += isReachable ? 1 : -1
        if isReachable { restartSlots(of: index) }
    }

    /// Says whether a member's link is dead, though nothing says that the member has gone: sound goes on, and pictures wait
    /// until the link is alive again, which is then taken for another one.
    public mutating func setStalled(_ isStalled: Bool, _ index: Int32) {
        guard let member = member(index), member.pointee.isStalled != isStalled else { return }
        member.pointee.isStalled = isStalled
        if !isStalled { changeLink(of: index) }
    }

    /// A member is reached over another link from now on: what is known of the old one, and was sent into it, is worth
    /// nothing any more.
    public mutating func changeLink(of index: Int32) {
        guard let member = member(index) else { return }
        member.pointee.allocations.removeAll()
        member.pointee.steadyBudget = SteadyBudget()
        restartSlots(of: index)
    }

    /// What a member was sent lately is lost or worth nothing any more: its pictures go on with their next keyframes.
    public mutating func restartSlots(of index: Int32) {
        guard let member = member(index) else { return }
        for slot in 0..<member.pointee.slotCount where member.pointee.slots[slot].kind != .audio {
            restart(member.pointee.slots + slot)
        }
    }

    public mutating func setMuted(_ muted: Bool, _ index: Int32) {
        member(index)?.pointee.isMuted = muted
    }

    /// Says whether a source is on: what is not published is not forwarded.
    public mutating func setPublished(_ published: Bool, _ reference: TrackReference) {
        guard let member = member(reference.member) else { return }
        let track = member.pointee.track(reference.source)
        guard track.pointee.isPublished != published else { return }
        track.pointee.isPublished = published
        updatePublishers(member)
        if published { track.pointee.forgetDemand() }
        allocationIsDue = true
        for index in 0..<track.pointee.subscriptionCount {
            let subscription = track.pointee.subscriptions[index]
            noteSlots(of: subscription.member)
            if reference.source != .microphone { restart(subscription.slot) }
        }
        if !published, reference.source == .microphone { member.pointee.loudness = Loudness() }
    }

    /// Takes the parameter sets that a publisher told beforehand, each one NAL unit; what it sends replaces them. A
    /// track of several layers has other ones for each, and learns them from its packets.
    public mutating func setParameterSets(
        _ units: [[UInt8]], _ reference: TrackReference, buffers: inout PacketBuffers
    ) {
        guard let track = member(reference.member)?.pointee.track(reference.source), !track.pointee.isSimulcast,
            track.pointee.layers[0].parameterSets.isEmpty
        else { return }
        for unit in units { track.pointee.layers[0].parameterSets.take(unit.span.bytes, buffers: &buffers) }
    }

    /// The publisher's stream began anew, with another SSRC.
    /// - Parameter layer: Only this simulcast layer did; nil: all of them.
    public mutating func restartTrack(
        _ reference: TrackReference, layer: UInt8? = nil, buffers: inout PacketBuffers
    ) {
        guard let track = member(reference.member)?.pointee.track(reference.source) else { return }
        guard let layer, track.pointee.isSimulcast else { return track.pointee.restart(buffers: &buffers) }
        track.pointee.restart(layer: layer, buffers: &buffers)
    }

    // MARK: Slots

    /// Sets the slots of a member as negotiated. Those that were there (same SSRC) go on as they are.
    public mutating func setSlots(_ descriptions: [SlotDescription], _ index: Int32, now: Instant) {
        guard let member = member(index) else { return }
        for description in descriptions where member.pointee.slot(withSSRC: description.ssrc.rawValue) == nil {
            guard member.pointee.slotCount < Member.slotCapacity else { break }
            let position = member.pointee.slotCount
            (member.pointee.slots + position).initialize(
                to: Slot(
                    description, firstSequence: UInt16(truncatingIfNeeded: generator.next()),
                    firstTimestamp: UInt32(truncatingIfNeeded: generator.next())))
            member.pointee.slotCount += 1
        }
        noteSlots(of: member)
        selectSpeakers(now: now)
    }

    /// Carries out what a receiver asks to see; slots that are not named stay as they are. Nil empties a slot.
    /// Returns the mids that are not video or screen slots of this member.
    @discardableResult
    public mutating func request(_ wishes: [(mid: Mid, request: VideoRequest?)], by index: Int32) -> [Mid] {
        guard let member = member(index) else { return wishes.map(\.mid) }
        var unknown: [Mid] = []
        for (mid, request) in wishes {
            guard let position = member.pointee.slotIndex(mid), member.pointee.slots[position].kind != .audio else {
                unknown.append(mid)
                continue
            }
            let slot = member.pointee.slots + position
            member.pointee.requests[position] = request
            noteSlots(of: member)
            allocationIsDue = true
            guard slot.pointee.source != request?.source else { continue }
            detach(slot)
            guard let request, request.source.member != index, self.member(request.source.member) != nil else {
                continue
            }
            attach(slot, of: member, to: request.source)
        }
        return unknown
    }

    mutating func attach(
        _ slot: UnsafeMutablePointer<Slot>, of member: UnsafeMutablePointer<Member>, to source: TrackReference
    ) {
        guard let publisher = self.member(source.member) else { return }
        slot.pointee.attach(source)
        let track = publisher.pointee.track(source.source)
        track.pointee.subscribe(slot, of: member)
        if source.source != .microphone {
            if member.pointee.takesVideo { track.pointee.wantKeyframes() }
            allocationIsDue = true
        }
        noteSlots(of: member)
    }

    /// The application has to be told of a member's slots.
    @inline(__always)
    mutating func noteSlots(of member: UnsafeMutablePointer<Member>) {
        member.pointee.slotsAreDirty = true
        someSlotsAreDirty = true
    }

    private mutating func updatePublishers(_ member: UnsafeMutablePointer<Member>) {
        let index = member.pointee.index
        publishers.removeAll { $0 == index }
        guard member.pointee.track(.camera).pointee.isPublished || member.pointee.track(.screen).pointee.isPublished
        else { return }
        publishers.insert(index, at: publishers.firstIndex { $0 > index } ?? publishers.count)
    }

    func detach(_ slot: UnsafeMutablePointer<Slot>) {
        if let source = slot.pointee.source, let publisher = member(source.member) {
            publisher.pointee.track(source.source).pointee.unsubscribe(slot)
        }
        slot.pointee.detach()
    }

    private func restart(_ slot: UnsafeMutablePointer<Slot>) {
        slot.pointee.awaitKeyframe()
        guard let source = slot.pointee.source, let track = member(source.member)?.pointee.track(source.source)
        else { return }
        track.pointee.updateInterest(of: slot)
        if source.source != .microphone { track.pointee.wantKeyframes() }
    }
}
