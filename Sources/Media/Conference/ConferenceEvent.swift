public import MediaVocabulary
public import ProtocolCore

/// What a conference wants done or told, from `Conference.poll`.
public enum ConferenceEvent: Hashable, Sendable {
    /// Ask this publisher for a keyframe of one layer (PLI, RFC 4585 §6.3.1).
    case requestKeyframe(TrackReference, layer: UInt8)
    /// Tell this member what its slots hold now.
    case slots(Int32, [SlotReport])
    /// Tell everyone who speaks.
    case speakers(MemberSpeakerReport)
    /// Ask this publisher to send with another codec, because somebody who wants to see it lacks the present one.
    case codecWanted(TrackReference, MediaCodec, instead: MediaCodec)
    /// Tell this publisher which of its layers anybody watches; the others it may pause.
    case layers(TrackReference, [LayerDemand])
    /// Tell this member what it gets, and why not more.
    case allocation(Int32, AllocationReport)
}

/// Who speaks: members loudest first, and how loud the heard ones are.
public struct MemberSpeakerReport: Hashable, Sendable {
    public var dominant: [Int32] = []
    /// 0 (silence) ... 127 (loudest), by member.
    public var levels: [Int32: UInt8] = [:]
}

/// What one slot holds.
public struct SlotReport: Hashable, Sendable {
    public var mid: Mid
    public var source: TrackReference?
    public var condition: SlotCondition
    public var codec: MediaCodec?
}

extension Conference {
    /// How often speakers are ranked, and at most reported.
    static let rankingInterval: Duration = .milliseconds(100)
    static let reportInterval: Duration = .milliseconds(250)

    /// Does what is due and returns what has to be done outside. Call about every 10 to 20 ms.
    public mutating func poll(now: Instant) -> [ConferenceEvent] {
        updateSpeakers(now: now)
        allocateIfDue(now: now)
        for index in publishers {
            guard let member = member(index) else { continue }
            pollTrack(.camera, of: member, now: now)
            pollTrack(.screen, of: member, now: now)
        }
        if someSlotsAreDirty { reportSlots() }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    private mutating func reportSlots() {
        someSlotsAreDirty = false
        for case let member? in members where member.pointee.slotsAreDirty {
            member.pointee.slotsAreDirty = false
            let reports = (0..<member.pointee.slotCount).map { report(member.pointee.slots[$0]) }
            events.append(.slots(member.pointee.index, reports))
        }
    }

    private mutating func pollTrack(
        _ source: MediaSource, of member: UnsafeMutablePointer<Member>, now: Instant
    ) {
        let track = member.pointee.track(source)
        guard track.pointee.isPublished, track.pointee.subscriptionCount > 0 else { return }
        for index in 0..<track.pointee.layerCount {
            // A layer that does not flow cannot be asked; when it begins it begins with a keyframe.
            let layer = track.pointee.layers + index
            guard !track.pointee.isSimulcast || layer.pointee.isLive(now: now), layer.pointee.keyframes.poll(now: now)
            else { continue }
            events.append(
                .requestKeyframe(
                    TrackReference(member: member.pointee.index, source: source),
                    layer: UInt8(truncatingIfNeeded: index)))
        }
    }

    private func report(_ slot: Slot) -> SlotReport {
        guard let source = slot.source, let publisher = member(source.member) else {
            return SlotReport(mid: slot.mid, source: nil, condition: .empty, codec: nil)
        }
        let track = publisher.pointee.track(source.source)
        let codec = track.pointee.codec
        let condition: SlotCondition =
            if !track.pointee.isPublished, source.source != .microphone {
                .unavailable(.notPublished)
            } else if let codec, slot.payloadTypes[codec] == nil {
                .unavailable(.codecNotSupported)
            } else if slot.phase == .active {
                .active
            } else {
                source.source == .microphone ? .active : .waiting
            }
        return SlotReport(mid: slot.mid, source: source, condition: condition, codec: codec)
    }

    /// For a codec that some receiver lacks: which other one the publisher could send that all of them have.
    public mutating func wantCommonCodecs() -> [ConferenceEvent] {
        var wanted: [ConferenceEvent] = []
        for case let member? in members {
            for source in [MediaSource.camera, .screen] {
                let track = member.pointee.track(source)
                guard track.pointee.isPublished, let codec = track.pointee.codec, track.pointee.subscriptionCount > 0
                else { continue }
                let slots = (0..<track.pointee.subscriptionCount).map { track.pointee.subscriptions[$0].slot }
                let common = track.pointee.offeredCodecs.filter { candidate in
                    slots.allSatisfy { $0.pointee.payloadTypes[candidate] != nil }
                }
                guard let better = common.first, better != codec else { continue }
                wanted.append(
                    .codecWanted(
                        TrackReference(member: member.pointee.index, source: source), better, instead: codec))
            }
        }
        return wanted
    }
}
