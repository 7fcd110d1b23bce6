public import ProtocolCore

/// What an H.264 sequence parameter set says about a stream's pictures (ITU-T H.264 §7.3.2.1.1).
///
/// It is read up to the cropping rectangle; the usability information after it is not looked at.
public struct H264SequenceParameterSet: Hashable, Sendable {
    /// The longest side that any level allows, in macroblocks of 16 pixels: level 6.2 with the limit of ITU-T H.264
    /// §A.3.1, the square root of eight times its picture size.
    public static let maximumSideInMacroblocks = 1055

    /// The set's number, 0...31.
    public let id: Int
    /// `profile_idc`: 66 Baseline, 77 Main, 100 High; others exist.
    public let profileNumber: UInt8
    /// The six constraint flags from the top bit down, with two reserved bits below.
    public let constraints: UInt8
    /// Ten times the level, as `level_idc` tells it.
    public let levelNumber: UInt8
    /// The most pictures that the decoder keeps for reference, 0...16.
    public let maximumReferenceFrames: Int
    /// The picture's size after cropping.
    public let size: PictureSize

    /// Reads a NAL unit of type 7: its header byte and what follows, without a start code.
    ///
    /// - Throws: `.truncated`, or `.malformed` for another NAL unit type and for values that the standard forbids.
    public init(parsing unit: RawSpan) throws(ParseError) {
        guard try unit.uint8(at: 0) & 0x1f == H264NALUnitType.sequenceParameterSet.rawValue else {
            throw .malformed("NAL unit type")
        }
        var reader = ExpGolombReader(offset: 1)
        profileNumber = UInt8(truncatingIfNeeded: try reader.bits(8, in: unit))
        constraints = UInt8(truncatingIfNeeded: try reader.bits(8, in: unit))
        levelNumber = UInt8(truncatingIfNeeded: try reader.bits(8, in: unit))
        id = try reader.unsigned("seq_parameter_set_id", upTo: 31, in: unit)
        let chroma = try ChromaFormat(profileNumber: profileNumber, reader: &reader, unit: unit)
        _ = try reader.unsigned("log2_max_frame_num_minus4", upTo: 12, in: unit)
        try H264SequenceParameterSet.skipPictureOrder(&reader, unit)
        maximumReferenceFrames = try reader.unsigned("max_num_ref_frames", upTo: 16, in: unit)
        _ = try reader.flag(in: unit)
        size = try H264SequenceParameterSet.readSize(chroma, &reader, unit)
    }

    /// Profile and level as SDP tells them; nil for a profile that is not one of `H264Profile`.
    public var profileLevelID: H264ProfileLevelID? {
        let value = UInt32(profileNumber) << 16 | UInt32(constraints) << 8 | UInt32(levelNumber)
        let digits = String(value, radix: 16)
        return try? H264ProfileLevelID(parsing: Substring(String(repeating: "0", count: 6 - digits.count) + digits))
    }

    private static func skipPictureOrder(_ reader: inout ExpGolombReader, _ unit: RawSpan) throws(ParseError) {
        switch try reader.unsigned("pic_order_cnt_type", upTo: 2, in: unit) {
        case 0:
            _ = try reader.unsigned("log2_max_pic_order_cnt_lsb_minus4", upTo: 12, in: unit)
        case 1:
            _ = try reader.flag(in: unit)
            _ = try reader.signed(in: unit)
            _ = try reader.signed(in: unit)
            let count = try reader.unsigned("num_ref_frames_in_pic_order_cnt_cycle", upTo: 255, in: unit)
            for _ in 0..<count { _ = try reader.signed(in: unit) }
        default:
            break
        }
    }

    private static func readSize(
        _ chroma: ChromaFormat, _ reader: inout ExpGolombReader, _ unit: RawSpan
    ) throws(ParseError) -> PictureSize {
        let limit = UInt32(maximumSideInMacroblocks - 1)
        let columns = try reader.unsigned("pic_width_in_mbs_minus1", upTo: limit, in: unit) + 1
        let rows = try reader.unsigned("pic_height_in_map_units_minus1", upTo: limit, in: unit) + 1
        // A map unit is two macroblocks high where frames may be coded as fields.
        let fields = try reader.flag(in: unit) ? 1 : 2
        if fields == 2 { _ = try reader.flag(in: unit) }
        _ = try reader.flag(in: unit)
        var size = PictureSize(width: columns * 16, height: rows * fields * 16)
        guard try reader.flag(in: unit) else { return size }
        let side = UInt32(maximumSideInMacroblocks * 32)
        let left = try reader.unsigned("frame_crop_left_offset", upTo: side, in: unit)
        let right = try reader.unsigned("frame_crop_right_offset", upTo: side, in: unit)
        let top = try reader.unsigned("frame_crop_top_offset", upTo: side, in: unit)
        let bottom = try reader.unsigned("frame_crop_bottom_offset", upTo: side, in: unit)
        size.width -= (left + right) * chroma.cropUnitWidth
        size.height -= (top + bottom) * chroma.cropUnitHeight * fields
        guard size.width > 0, size.height > 0 else { throw .malformed("frame cropping") }
        return size
    }
}

/// How chroma samples lie, which decides the unit of the cropping rectangle (ITU-T H.264 table 6-1, §7.4.2.1.1).
private struct ChromaFormat {
    /// Profiles whose parameter sets tell chroma format, bit depth and scaling matrices.
    private static let extendedProfiles: Set<UInt8> = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244]

    /// In luma samples.
    var cropUnitWidth = 2
    /// In luma samples, for pictures that are coded as frames only.
    var cropUnitHeight = 2

    init(profileNumber: UInt8, reader: inout ExpGolombReader, unit: RawSpan) throws(ParseError) {
        guard ChromaFormat.extendedProfiles.contains(profileNumber) else { return }
        let format = try reader.unsigned("chroma_format_idc", upTo: 3, in: unit)
        if format == 3 { _ = try reader.flag(in: unit) }
        if format == 0 || format == 3 { cropUnitWidth = 1 }
        if format != 1 { cropUnitHeight = 1 }
        _ = try reader.unsigned("bit_depth_luma_minus8", upTo: 6, in: unit)
        _ = try reader.unsigned("bit_depth_chroma_minus8", upTo: 6, in: unit)
        _ = try reader.flag(in: unit)
        guard try reader.flag(in: unit) else { return }
        for list in 0..<(format == 3 ? 12 : 8) where try reader.flag(in: unit) {
            try ChromaFormat.skipScalingList(list < 6 ? 16 : 64, &reader, unit)
        }
    }

    /// ITU-T H.264 §7.3.2.1.1.1: a scale of 0 ends the list early.
    private static func skipScalingList(
        _ count: Int, _ reader: inout ExpGolombReader, _ unit: RawSpan
    ) throws(ParseError) {
        var last = 8
        for _ in 0..<count {
            let delta = try reader.signed(in: unit)
            guard (-128...127).contains(delta) else { throw .malformed("delta_scale") }
            last = (last + delta + 256) % 256
            if last == 0 { return }
        }
    }
}
