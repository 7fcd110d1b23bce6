import PayloadFormats
import ProtocolCore

/// The same bytes as H.264, VP8 and Opus payload, and as the text of a profile and level.
func testPayloads(_ payload: RawSpan) {
    let startsKeyframe = H264Payload.startsKeyframe(payload)
    let isDroppable = H264Payload.isDroppable(payload)
    let content = H264Payload.content(of: payload)
    check(content.contains(.droppable) == isDroppable, "what is droppable is so for both")
    check(!content.contains(.firstIDRSlice) || content.contains(.idrSlice) && startsKeyframe, "a first slice is one")
    check(content.isDisjoint(with: .parameterSets) != H264Payload.containsParameterSets(payload), "sets are sets")
    if H264Payload.pictureParameterSetID(ofFirstIDRSliceIn: payload) != nil {
        check(content.contains(.idrSlice) || content == [], "a slice that has a number is there")
    }
    H264Payload.forEachUnit(in: payload) { unit, _ in
        check(unit.byteCount <= payload.byteCount, "a unit lies within its payload")
        _ = H264ParameterSetID(of: unit)
    }

    testVP8(payload)

    if let packet = try? OpusPacket(parsing: payload) {
        check(packet.duration > .zero && packet.duration <= OpusPacket.maximumDuration, "an Opus packet lasts a while")
    }
    _ = OpusPacket.isDiscontinuousTransmission(payload)

    if let format = try? H264ProfileLevelID(parsing: Substring(text(payload))) {
        let again = try? H264ProfileLevelID(parsing: Substring(format.description))
        check(again == format, "a profile reads as it was written: \(format)")
        _ = format.level.maximumMacroblocks
        _ = format.answer(to: .absent, levelAsymmetryAllowed: false)
    }
}

private func testVP8(_ payload: RawSpan) {
    _ = VP8Payload.startsKeyframe(payload)
    guard let descriptor = try? VP8Descriptor(parsing: payload) else { return }
    check((1...payload.byteCount).contains(descriptor.length), "the descriptor lies within the payload")
    let head = payload.withUnsafeBytes { Array($0.prefix(descriptor.length)) }
    withExactCopy(head) { copy in
        guard let base = copy.baseAddress else { return }
        check(
            descriptor.rewrite(pictureID: 0x1234, tl0PictureIndex: 0x56, in: base, capacity: copy.count),
            "a descriptor fits its own length")
        let rewritten = try? VP8Descriptor(parsing: UnsafeRawBufferPointer(copy).bytes)
        check(rewritten?.length == descriptor.length, "rewriting keeps the length")
        check((rewritten?.pictureID == nil) == (descriptor.pictureID == nil), "rewriting keeps the fields")
        check(rewritten?.tl0PictureIndex == descriptor.tl0PictureIndex.map { _ in 0x56 }, "rewriting keeps the fields")
    }
}
