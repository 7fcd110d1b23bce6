import PayloadFormats
import ProtocolCore

/// Parameter sets, redundant audio and the byte stream format.
func testPayloadParts(_ payload: RawSpan) {
    if let size = H264Payload.pictureSize(in: payload) ?? VP8Payload.pictureSize(in: payload) {
        check(size.width > 0 && size.height > 0, "a picture has a size")
    }
    _ = (try? H264SequenceParameterSet(parsing: payload))?.profileLevelID
    _ = H264Payload.sliceReference(payload)
    _ = OpusPacket.hasForwardErrorCorrection(payload)
    if let blocks = try? RedundantAudio.blocks(in: payload) {
        check(blocks.last?.range == RedundantAudio.primaryRange(in: payload), "the last block is the primary one")
        check(blocks.allSatisfy { $0.range.upperBound <= payload.byteCount }, "blocks lie within the payload")
    }
    for unit in H264AnnexB.nalUnits(in: payload) {
        check(!unit.isEmpty && unit.upperBound <= payload.byteCount, "NAL units lie within the stream")
    }
    let stream = payload.withUnsafeBytes { Array($0) }
    for piece in H264Packetizer.payloads(of: stream, maximumPayloadSize: 64) {
        check((1...64).contains(piece.count), "payloads keep to their size")
    }
    _ = SyntheticH264Stamp.read(accessUnit: payload)
}
