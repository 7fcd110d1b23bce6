public import ProtocolCore

/// What a forwarder must know of an H.264 RTP payload (RFC 6184), without reassembling it.
///
/// Single NAL unit packets, STAP-A and FU-A are understood: packetization modes 0 and 1. Payloads that are empty,
/// truncated or of another structure answer false to every question.
public enum H264Payload {
    /// NAL unit types (ITU-T H.264 table 7-1, RFC 6184 §5.2).
    @usableFromInline
    enum NALType {
        @usableFromInline
        static let idrSlice: UInt8 = 5
        @usableFromInline
        static let supplementalInformation: UInt8 = 6
        @usableFromInline
        static let sequenceParameterSet: UInt8 = 7
        @usableFromInline
        static let pictureParameterSet: UInt8 = 8
        @usableFromInline
        static let stapA: UInt8 = 24
        @usableFromInline
        static let fuA: UInt8 = 28
    }

    /// What the NAL units of one payload have in common.
    @usableFromInline
    struct Summary {
        @usableFromInline
        var startsIDR = false
        @usableFromInline
        var hasSequenceParameterSet = false
        @usableFromInline
        var hasPictureParameterSet = false
        /// Whether a coded slice (types 1...5) is in the payload.
        @usableFromInline
        var hasSlice = false
        /// Whether any NAL unit has a `nal_ref_idc` other than 0.
        @usableFromInline
        var hasReference = false
        /// Whether a coded slice has a `nal_ref_idc` other than 0.
        @usableFromInline
        var hasReferenceSlice = false

        @usableFromInline
        init() {}

        /// Adds a NAL unit; `isStart` is false for a later fragment of it.
        @inlinable
        mutating func add(type: UInt8, header: UInt8, isStart: Bool) {
            if header & 0x60 != 0 { hasReference = true }
            if type >= 1, type <= NALType.idrSlice {
                hasSlice = true
                if header & 0x60 != 0 { hasReferenceSlice = true }
            }
            guard isStart else { return }
            if type == NALType.idrSlice { startsIDR = true }
            if type == NALType.sequenceParameterSet { hasSequenceParameterSet = true }
            if type == NALType.pictureParameterSet { hasPictureParameterSet = true }
        }
    }

    /// Whether a decoder can start here: the payload holds a sequence parameter set, or a slice of an IDR picture
    /// begins in it.
    ///
    /// An IDR picture of several slices, or one whose parameter sets come in a packet before it, answers true more than
    /// once; the first true packet of a timestamp is where the keyframe starts.
    @inlinable
    public static func startsKeyframe(_ payload: RawSpan) -> Bool {
        guard let summary = try? summarize(payload) else { return false }
        return summary.hasSequenceParameterSet || summary.startsIDR
    }

    /// Whether the payload holds a sequence or picture parameter set, which must never be dropped.
    @inlinable
    public static func containsParameterSets(_ payload: RawSpan) -> Bool {
        guard let summary = try? summarize(payload) else { return false }
        return summary.hasSequenceParameterSet || summary.hasPictureParameterSet
    }

    /// Whether the payload belongs to a picture that no other picture refers to: it has a slice, and `nal_ref_idc` is 0
    /// for all its NAL units. Such a picture may be left out to lower the frame rate.
    @inlinable
    public static func isDroppable(_ payload: RawSpan) -> Bool {
        guard let summary = try? summarize(payload) else { return false }
        return summary.hasSlice && !summary.hasReference
    }

    @inlinable
    static func summarize(_ payload: RawSpan) throws(ParseError) -> Summary {
        var summary = Summary()
        let header = try payload.uint8(at: 0)
        let type = header & 0x1f
        switch type {
        case 1...23:
            summary.add(type: type, header: header, isStart: true)
        case NALType.stapA:
            var offset = 1
            while offset < payload.byteCount {
                let length = Int(try payload.uint16(at: offset))
                offset &+= 2
                guard length > 0 else { throw .malformed("STAP-A unit length") }
                guard payload.byteCount &- offset >= length else { throw .truncated }
                let inner = try payload.uint8(at: offset)
                summary.add(type: inner & 0x1f, header: inner, isStart: true)
                offset &+= length
            }
        case NALType.fuA:
            let fragment = try payload.uint8(at: 1)
            summary.add(type: fragment & 0x1f, header: header, isStart: fragment & 0x80 != 0)
        default:
            throw .malformed("NAL unit type")
        }
        return summary
    }
}
