/// Parameter sets of a plain stream: constrained baseline, progressive, 4:2:0, one reference picture.
enum H264ParameterSets {
    /// A sequence parameter set NAL unit for pictures of the given size, cropped to even numbers of pixels.
    ///
    /// - Parameter frameRate: With the size it decides the level that is told.
    static func sequence(size: PictureSize, frameRate: Int) -> [UInt8] {
        let columns = max(1, (size.width + 15) / 16)
        let rows = max(1, (size.height + 15) / 16)
        var writer = ExpGolombWriter()
        writer.bits(66, 8)
        // Constraint sets 0 and 1: what Baseline and Main decoders can both decode.
        writer.bits(0xc0, 8)
        writer.bits(UInt32(level(macroblocks: columns * rows, frameRate: frameRate)), 8)
        writer.unsigned(0)
        writer.unsigned(12)
        // Pictures are shown in the order they are sent.
        writer.unsigned(2)
        writer.unsigned(1)
        writer.flag(false)
        writer.unsigned(columns - 1)
        writer.unsigned(rows - 1)
        writer.flag(true)
        writer.flag(true)
        let right = (columns * 16 - size.width) / 2
        let bottom = (rows * 16 - size.height) / 2
        writer.flag(right > 0 || bottom > 0)
        if right > 0 || bottom > 0 {
            writer.unsigned(0)
            writer.unsigned(right)
            writer.unsigned(0)
            writer.unsigned(bottom)
        }
        // No usability information.
        writer.flag(false)
        return writer.nalUnit(header: 0x67)
    }

    /// A picture parameter set NAL unit for the sequence parameter set above: variable-length codes, one slice group.
    static func picture() -> [UInt8] {
        var writer = ExpGolombWriter()
        writer.unsigned(0)
        writer.unsigned(0)
        writer.bits(0, 2)
        writer.unsigned(0)
        writer.unsigned(0)
        writer.unsigned(0)
        writer.flag(false)
        writer.bits(0, 2)
        // Three quantizer offsets of 0 as se(v), then deblocking control, intra prediction and redundant pictures: off.
        for _ in 0..<3 { writer.unsigned(0) }
        writer.bits(0, 3)
        return writer.nalUnit(header: 0x68)
    }

    /// The lowest common level for the picture size and macroblock rate (ITU-T H.264 table A-1).
    private static func level(macroblocks: Int, frameRate: Int) -> UInt8 {
        let levels: [(number: UInt8, size: Int, rate: Int)] = [
            (13, 396, 11_880), (21, 792, 19_800), (22, 1620, 20_250), (30, 1620, 40_500), (31, 3600, 108_000),
            (32, 5120, 216_000), (40, 8192, 245_760), (42, 8704, 522_240), (50, 22_080, 589_824),
            (51, 36_864, 983_040),
        ]
        return levels.first { macroblocks <= $0.size && macroblocks * frameRate <= $0.rate }?.number ?? 52
    }
}
