public import ProtocolCore

/// What a member keeps when its transport is replaced.
public struct MemberState: Sendable {
    var isMuted: Bool
    var isOnHold: Bool
    var published: [MediaSource]
}

extension Conference {
    /// What the application has said of a member, to be carried over to its next transport.
    public func state(of index: Int32) -> MemberState? {
        guard let member = member(index) else { return nil }
        return MemberState(
            isMuted: member.pointee.isMuted, isOnHold: member.pointee.isOnHold,
            published: MediaSource.allCases.filter { member.pointee.track($0).pointee.isPublished })
    }

    public mutating func restore(_ state: MemberState, to index: Int32, now: Instant) {
        setMuted(state.isMuted, index)
        for source in state.published { setPublished(true, TrackReference(member: index, source: source)) }
        setOnHold(state.isOnHold, index, now: now)
    }

    /// What the publisher can send, in its order of preference.
    public mutating func setCodecs(_ codecs: [MediaCodec], _ reference: TrackReference) {
        member(reference.member)?.pointee.track(reference.source).pointee.offeredCodecs = codecs
    }

    /// The simulcast layers that a publisher has agreed to send, by their names, in its order; none for a single stream.
    public mutating func setLayers(_ rids: [Rid], _ reference: TrackReference, buffers: inout PacketBuffers) {
        member(reference.member)?.pointee.track(reference.source).pointee.setLayers(rids, buffers: &buffers)
        allocationIsDue = true
    }

    /// Takes which part of a layer's packets was lost on the way from its publisher, 0...1.
    public mutating func recordLoss(_ loss: Double, of reference: TrackReference, now: Instant) {
        guard let track = member(reference.member)?.pointee.track(reference.source), track.pointee.isSimulcast
        else { return }
        let wasShort = track.pointee.link.isShort(now: now)
        track.pointee.link.note(loss: loss, now: now)
        if track.pointee.link.isShort(now: now) != wasShort { allocationIsDue = true }
    }

    /// Too much of a publisher's stream is lost to be sent again: only a keyframe helps.
    public mutating func wantKeyframe(_ reference: TrackReference, layer: UInt8) {
        guard let track = member(reference.member)?.pointee.track(reference.source), track.pointee.isSeen(layer)
        else { return }
        track.pointee.layer(layer)?.pointee.keyframes.want()
    }
}
