public import MediaVocabulary
public import ProtocolCore

extension Conference {
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
