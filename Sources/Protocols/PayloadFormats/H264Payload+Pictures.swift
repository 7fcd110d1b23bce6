internal import ProtocolCore

/// What the slices in an H.264 payload mean for other pictures, which tells a forwarder without a dependency
/// descriptor what it may leave out.
public enum H264SliceReference: Hashable, Sendable {
    /// The payload holds no coded slice, or cannot be read.
    case noSlice
    /// Later pictures may refer to the picture (`nal_ref_idc` above 0).
    case reference
    /// No other picture refers to it (`nal_ref_idc` 0 in each slice): the frame rate is halved by leaving such out.
    case nonReference
}

extension H264Payload {
    /// Whether other pictures refer to the picture whose slices are in this payload. Parameter sets and other NAL units
    /// beside a slice do not count, though a payload with parameter sets should never be dropped.
    @inlinable
    public static func sliceReference(_ payload: RawSpan) -> H264SliceReference {
        guard let summary = try? summarize(payload), summary.hasSlice else { return .noSlice }
        return summary.hasReferenceSlice ? .reference : .nonReference
    }

    /// Whether the payload holds a slice of a picture that others refer to.
    @inlinable
    public static func isReferencePicture(_ payload: RawSpan) -> Bool {
        sliceReference(payload) == .reference
    }

    /// The picture size from the first sequence parameter set in the payload: a single NAL unit or one in a STAP-A.
    ///
    /// nil when there is none, or it cannot be read. A parameter set in fragments is not put together.
    public static func pictureSize(in payload: RawSpan) -> PictureSize? {
        sequenceParameterSet(in: payload)?.size
    }

    /// The first sequence parameter set in the payload; nil as for `pictureSize(in:)`.
    public static func sequenceParameterSet(in payload: RawSpan) -> H264SequenceParameterSet? {
        guard let header = try? payload.uint8(at: 0) else { return nil }
        switch header & 0x1f {
        case NALType.sequenceParameterSet:
            return try? H264SequenceParameterSet(parsing: payload)
        case NALType.stapA:
            var offset = 1
            while let length = try? payload.uint16(at: offset) {
                let start = offset + 2
                let end = start + Int(length)
                guard length > 0, end <= payload.byteCount else { return nil }
                let unit = payload.extracting(start..<end)
                if let type = try? unit.uint8(at: 0), type & 0x1f == NALType.sequenceParameterSet {
                    return try? H264SequenceParameterSet(parsing: unit)
                }
                offset = end
            }
            return nil
        default:
            return nil
        }
    }
}

extension VP8Payload {
    /// The picture size from the header of a keyframe that begins in this payload (RFC 6386 §9.1, RFC 7741 §4.3); nil
    /// for any other payload.
    public static func pictureSize(in payload: RawSpan) -> PictureSize? {
        guard startsKeyframe(payload), let descriptor = try? VP8Descriptor(parsing: payload),
            // The frame tag has three bytes; a start code follows it in keyframes.
            (try? payload.uint24(at: descriptor.length + 3)) == 0x9d_012a,
            let size = try? payload.uint32(at: descriptor.length + 6)
        else { return nil }
        // Both are little-endian, 14 bits with a scale for display above them.
        let width = Int(UInt16(truncatingIfNeeded: size >> 16).byteSwapped & 0x3fff)
        let height = Int(UInt16(truncatingIfNeeded: size).byteSwapped & 0x3fff)
        guard width > 0, height > 0 else { return nil }
        return PictureSize(width: width, height: height)
    }
}
