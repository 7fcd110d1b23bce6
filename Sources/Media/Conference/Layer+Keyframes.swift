internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore

/// Where a receiver can begin with an H.264 layer, and what it must be given for that.
extension Layer {
    /// Parameter sets seen in band in one picture.
    struct PictureSets {
        var timestamp: UInt32 = 0
        var content: H264Content = []
    }

    /// Remembers parameter sets, and says of a packet whether a keyframe begins in it (ITU-T H.264 §7.4.1.2.1).
    @inline(never)
    mutating func classify(_ details: inout PacketDetails, _ payload: RawSpan, buffers: inout PacketBuffers) {
        let content = details.h264
        if inBand.timestamp != details.timestamp { inBand = PictureSets(timestamp: details.timestamp) }
        let before = inBand.content
        inBand.content.formUnion(content.intersection(.parameterSets))
        if !content.isDisjoint(with: .parameterSets) { parameterSets.take(payload, buffers: &buffers) }
        details.startsKeyframe = content.opensKeyframe
        // Sets that cannot be read say nothing of the slices after them.
        if parameterSets.isEmpty { details.h264.subtract(.parameterSets) }
        guard !content.isDisjoint(with: .entries) else { return }
        let isKnown =
            H264Payload.pictureParameterSetID(ofFirstIDRSliceIn: payload).map(parameterSets.knows)
            ?? parameterSets.isComplete
        guard isKnown, !content.isSuperset(of: .parameterSets) else { return }
        details.startsKeyframe = true
        // A receiver that begins with the sets of this picture lacks those that did not come with it.
        let lacksSome = before.contains(.sequenceParameterSet) && !inBand.content.contains(.pictureParameterSet)
        details.parameterSets = lacksSome ? .forPicture : .forBeginners
    }
}
