import PayloadFormats
import ProtocolCore
import Testing

/// The bytes that hexadecimal digits name.
func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue).map(UInt8.init)
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func parse(_ unit: [UInt8]) throws(ParseError) -> H264SequenceParameterSet {
    try H264SequenceParameterSet(parsing: unit.span.bytes)
}

private func pictureSize(_ payload: [UInt8]) -> PictureSize? {
    H264Payload.pictureSize(in: payload.span.bytes)
}

@Suite("H.264 sequence parameter sets")
struct H264ParameterSetTests {
    /// Written by x264.
    static let samples: [(name: String, hex: String, width: Int, height: Int)] = [
        ("constrained baseline", "6742c01fd9005005ba10000003001000000303c0f1832480", 1280, 720),
        ("cropped", "67640028acd940780227e584000003000400000300f03c60c658", 1920, 1080),
        ("odd cropping", "674d400deca0a8cf113420000003002000000781e28532c0", 322, 182),
        ("interlaced", "67640028acd94078044fdc20000003002000000783e2c5b2c0", 1920, 1080),
        ("4:2:2", "677a000abcd94727888f84000003000400000300f03c489658", 98, 50),
        ("4:4:4", "67f4000a919b28e4f0847420000003002000000781e244b2c0", 97, 51),
        ("grey", "6764000af3651c9e363610000003001000000303c0f1225960", 100, 52),
        ("scaling matrices", "6764001eacd940a02ff9610000030001000003003c0f162d96", 640, 360),
        ("ten bits", "676e001fa6cd940d83de6e10000003001000000303c0f1831960", 854, 480),
    ]

    @Test("Picture sizes are read from what an encoder wrote", arguments: samples)
    func sizes(sample: (name: String, hex: String, width: Int, height: Int)) throws {
        let set = try parse(bytes(hex: sample.hex))
        #expect(set.size == PictureSize(width: sample.width, height: sample.height))
        #expect(set.id == 0)
    }

    @Test("Profile and level are those of the stream")
    func profile() throws {
        let set = try parse(bytes(hex: H264ParameterSetTests.samples[0].hex))
        #expect(set.profileLevelID?.description == "42c01f")
        #expect(set.profileLevelID?.profile == .constrainedBaseline)
        #expect(try parse(bytes(hex: H264ParameterSetTests.samples[4].hex)).profileLevelID == nil)
    }

    @Test("Emulation prevention bytes are left out wherever they stand")
    func emulationPrevention() throws {
        // The level byte is 0 and the fields after it begin with zeros, so that a protecting byte stands among them.
        var bits = "1" + "1" + "011" + "010" + "0"
        for value in [20, 12] { bits += expGolomb(value - 1) }
        bits += "1" + "1" + "0" + "0" + "1"
        while bits.count % 8 != 0 { bits += "0" }
        let fields = stride(from: 0, to: bits.count, by: 8).map { start in
            UInt8(bits.dropFirst(start).prefix(8), radix: 2) ?? 0
        }
        let plain: [UInt8] = [0x67, 0x42, 0x00, 0x1f] + fields
        #expect(try parse(plain).size == PictureSize(width: 320, height: 192))
        let protected: [UInt8] = [0x67, 0x42, 0x00, 0x00, 0x03] + fields
        #expect(try parse(protected).size == PictureSize(width: 320, height: 192))
        #expect(try parse(protected).levelNumber == 0)
    }

    private func expGolomb(_ value: Int) -> String {
        let code = String(value + 1, radix: 2)
        return String(repeating: "0", count: code.count - 1) + code
    }

    @Test("A set cut anywhere before its size is refused, and never trusted")
    func truncation() throws {
        for sample in H264ParameterSetTests.samples {
            let whole = bytes(hex: sample.hex)
            var firstWhole = whole.count
            for length in (0..<whole.count).reversed() {
                guard let set = try? parse(Array(whole[..<length])) else { break }
                #expect(set.size == PictureSize(width: sample.width, height: sample.height))
                firstWhole = length
            }
            for length in 0..<firstWhole {
                #expect(throws: ParseError.self) { try parse(Array(whole[..<length])) }
            }
            #expect(firstWhole > 8)
        }
    }

    @Test("Sizes beyond every level, crops beyond the picture and wrong types are refused")
    func nonsense() {
        #expect(throws: ParseError.malformed("NAL unit type")) { try parse([0x68, 0x42, 0, 0x1f, 0xff]) }
        // Thirty-two zero bits are no Exp-Golomb code.
        #expect(throws: ParseError.malformed("Exp-Golomb code")) {
            try parse([0x67, 0x42, 0, 0x1f] + [UInt8](repeating: 0, count: 8))
        }
        var random = SeededGenerator(seed: 7)
        var accepted = 0
        let sets = H264ParameterSetTests.samples.map { bytes(hex: $0.hex) }
        for round in 0..<9000 {
            var unit = sets[round % sets.count]
            for _ in 0...round % 4 {
                unit[Int.random(in: 1..<unit.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let set = try? parse(unit) else { continue }
            accepted += 1
            #expect((1...16 * 1055).contains(set.size.width) && (1...32 * 1055).contains(set.size.height))
        }
        #expect(accepted > 1000)
    }

    @Test("The size is found in a single NAL unit and in an aggregate, and nowhere else")
    func payloads() {
        let set = bytes(hex: H264ParameterSetTests.samples[1].hex)
        let size = PictureSize(width: 1920, height: 1080)
        #expect(pictureSize(set) == size)
        let aggregate: [UInt8] = [0x78, 0, 2, 0x09, 0xf0, 0, UInt8(set.count)] + set + [0, 2, 0x68, 0xce]
        #expect(pictureSize(aggregate) == size)
        for length in 0..<7 + set.count { #expect(pictureSize(Array(aggregate[..<length])) == nil) }
        #expect(pictureSize([0x65, 0x88]) == nil)
        #expect(pictureSize([0x7c, 0x87] + set) == nil)
        #expect(pictureSize([0x78, 0, 0, 0, 0]) == nil)
    }

    @Test("The size of a VP8 keyframe is read, and only of a keyframe")
    func vp8() {
        // Descriptor, frame tag, start code, then 640 and 360 with scales above them.
        let keyframe: [UInt8] = [0x10, 0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x81]
        func size(_ payload: [UInt8]) -> PictureSize? { VP8Payload.pictureSize(in: payload.span.bytes) }
        #expect(size(keyframe) == PictureSize(width: 640, height: 360))
        for length in 0..<keyframe.count { #expect(size(Array(keyframe[..<length])) == nil) }
        var other = keyframe
        other[1] |= 1
        #expect(size(other) == nil)
        other = keyframe
        other[4] = 0
        #expect(size(other) == nil)
        #expect(size([0x90, 0x80, 0x05] + keyframe.dropFirst()) == PictureSize(width: 640, height: 360))
    }

    @Test("A slice says whether others refer to its picture, whatever stands beside it")
    func references() {
        func reference(_ payload: [UInt8]) -> H264SliceReference { H264Payload.sliceReference(payload.span.bytes) }
        #expect(reference([0x65, 0x88]) == .reference)
        #expect(reference([0x41, 0x9a]) == .reference)
        #expect(reference([0x01, 0x9a]) == .nonReference)
        #expect(reference([0x1c, 0x01, 0x9a]) == .nonReference)
        #expect(reference([0x1c, 0x41, 0x9a]) == .nonReference)
        #expect(reference([0x5c, 0x01, 0x9a]) == .reference)
        #expect(reference([0x67, 0x42]) == .noSlice)
        #expect(reference([0x06, 0x05]) == .noSlice)
        #expect(reference([]) == .noSlice)
        #expect(reference([0x78, 0, 2, 0x67, 0x42, 0, 2, 0x01, 0x9a]) == .nonReference)
        #expect(reference([0x78, 0, 2, 0x01, 0x9a, 0, 2, 0x41, 0x9a]) == .reference)
        #expect(reference([0x78, 0, 2, 0x01, 0x9a, 0, 9, 0x41, 0x9a]) == .noSlice)
        let slice: [UInt8] = [0x41, 0x9a]
        let isReference = H264Payload.isReferencePicture(slice.span.bytes)
        #expect(isReference)
    }
}
