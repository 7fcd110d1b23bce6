import PayloadFormats
import ProtocolCore
import Testing

/// Takes an array, since `#expect` cannot pass a span on.
private func startsKeyframe(_ bytes: [UInt8]) -> Bool {
    H264Payload.startsKeyframe(bytes.span.bytes)
}

@Suite struct H264PayloadTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        var startsKeyframe = false
        var containsParameterSets = false
        var isDroppable = false
    }

    private static let samples = [
        Sample(testDescription: "IDR slice", bytes: [0x65, 0x88], startsKeyframe: true),
        Sample(testDescription: "SPS", bytes: [0x67, 0x42], startsKeyframe: true, containsParameterSets: true),
        Sample(testDescription: "PPS", bytes: [0x68, 0xce], containsParameterSets: true),
        Sample(testDescription: "reference slice", bytes: [0x41, 0x9a]),
        Sample(testDescription: "slice nothing refers to", bytes: [0x01, 0x9a], isDroppable: true),
        Sample(testDescription: "SEI alone", bytes: [0x06, 0x05]),
        Sample(
            testDescription: "STAP-A with SPS and PPS", bytes: [0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce],
            startsKeyframe: true, containsParameterSets: true),
        Sample(
            testDescription: "STAP-A with SEI and IDR", bytes: [0x78, 0, 1, 0x06, 0, 2, 0x65, 0x88],
            startsKeyframe: true),
        Sample(
            testDescription: "STAP-A with delimiter and droppable slice",
            bytes: [0x18, 0, 2, 0x09, 0xf0, 0, 2, 0x01, 0x9a],
            isDroppable: true),
        Sample(testDescription: "STAP-A with one reference slice", bytes: [0x78, 0, 2, 0x01, 0x9a, 0, 2, 0x41, 0x9a]),
        Sample(testDescription: "FU-A, first of IDR", bytes: [0x7c, 0x85, 0x88], startsKeyframe: true),
        Sample(testDescription: "FU-A, later of IDR", bytes: [0x7c, 0x05, 0x88]),
        Sample(testDescription: "FU-A, last of IDR", bytes: [0x7c, 0x45, 0x88]),
        Sample(
            testDescription: "FU-A, first of SPS", bytes: [0x7c, 0x87, 0x42], startsKeyframe: true,
            containsParameterSets: true),
        Sample(testDescription: "FU-A, droppable", bytes: [0x1c, 0x01, 0x88], isDroppable: true),
        Sample(testDescription: "empty", bytes: []),
        Sample(testDescription: "type 0", bytes: [0x60, 0x88]),
        Sample(testDescription: "STAP-B", bytes: [0x79, 0, 0, 0, 2, 0x67, 0x42]),
        Sample(testDescription: "FU-B", bytes: [0x7d, 0x85, 0, 0, 0x88]),
        Sample(testDescription: "STAP-A without a unit", bytes: [0x78]),
        Sample(testDescription: "STAP-A with an empty unit", bytes: [0x78, 0, 2, 0x67, 0x42, 0, 0]),
    ]

    @Test(arguments: samples)
    func answers(sample: Sample) {
        let payload = sample.bytes.span.bytes
        #expect(H264Payload.startsKeyframe(payload) == sample.startsKeyframe)
        #expect(H264Payload.containsParameterSets(payload) == sample.containsParameterSets)
        #expect(H264Payload.isDroppable(payload) == sample.isDroppable)
    }

    @Test func answersFalseForTruncatedAggregates() {
        let whole: [UInt8] = [0x78, 0, 2, 0x67, 0x42, 0, 3, 0x65, 0x88, 0x80]
        #expect(startsKeyframe(whole))
        for length in 0..<whole.count where length != 5 {
            let cut = Array(whole[..<length])
            #expect(!startsKeyframe(cut), "\(length)")
        }
        #expect(!startsKeyframe([0x7c]))
    }

    @Test func takesAnyBytes() {
        var random = SeededGenerator(seed: 31)
        var keyframes = 0
        for round in 0..<20_000 {
            var bytes = (0..<round % 40).map { _ in UInt8.random(in: 0...255, using: &random) }
            if round % 3 == 0, !bytes.isEmpty { bytes[0] = 0x78 }
            if H264Payload.startsKeyframe(bytes.span.bytes) { keyframes += 1 }
            #expect(!(H264Payload.isDroppable(bytes.span.bytes) && bytes.isEmpty))
            _ = H264Payload.containsParameterSets(bytes.span.bytes)
        }
        #expect(keyframes > 0)
    }
}

@Suite struct H264ProfileLevelIDTests {
    @Test(arguments: [
        ("42e01f", H264Profile.constrainedBaseline, 31), ("42E034", .constrainedBaseline, 52),
        ("42c00d", .constrainedBaseline, 13), ("4d8028", .constrainedBaseline, 40),
        ("58c01f", .constrainedBaseline, 31),
        ("42001f", .baseline, 31), ("42a01f", .baseline, 31), ("58801f", .baseline, 31), ("4d001f", .main, 31),
        ("4d401f", .main, 31), ("640c34", .constrainedHigh, 52), ("640028", .high, 40), ("64001f", .high, 31),
        ("42e0ff", .constrainedBaseline, 255),
    ])
    func reads(text: String, profile: H264Profile, level: Int) throws {
        let value = try H264ProfileLevelID(parsing: text[...])
        #expect(value.profile == profile)
        #expect(value.level == H264Level(number: UInt8(level)))
        #expect(value.description == text.lowercased())
    }

    @Test(arguments: ["", "42e01", "42e01f0", "42e01g", "+2e01f", "-2e01f", "４2e01f", "f4001f", "58001f", "ffffff"])
    func refuses(text: String) {
        #expect(throws: ParseError.self) { try H264ProfileLevelID(parsing: text[...]) }
    }

    @Test func readsLevelOneB() throws {
        for text in ["42f00b", "42100b", "4d100b", "640009"] {
            let value = try H264ProfileLevelID(parsing: text[...])
            #expect(value.level == .level1b)
            #expect(value.description == text)
        }
        #expect(try H264ProfileLevelID(parsing: "42e00b").level == H264Level(number: 11))
        #expect(H264Level(number: 10) < .level1b && .level1b < H264Level(number: 11))
    }

    @Test func matchesProfilesHoweverWritten() throws {
        let supported = H264ProfileLevelID(profile: .constrainedBaseline, level: .level31)
        #expect(supported.description == "42e01f")
        let offer = try H264ProfileLevelID(parsing: "4d8034")
        #expect(supported.isSameProfile(as: offer))
        #expect(supported.answer(to: offer, levelAsymmetryAllowed: false)?.description == "4d801f")
        let lower = try H264ProfileLevelID(parsing: "42e00a")
        #expect(supported.answer(to: lower, levelAsymmetryAllowed: false)?.level == H264Level(number: 10))
        #expect(supported.answer(to: lower, levelAsymmetryAllowed: true)?.level == .level31)
        #expect(supported.answer(to: try H264ProfileLevelID(parsing: "640c1f"), levelAsymmetryAllowed: true) == nil)
    }

    @Test(arguments: H264Profile.allCases)
    func writesEveryProfile(profile: H264Profile) throws {
        for level in [H264Level.level1b, .level31, .level40, .level52] {
            let value = H264ProfileLevelID(profile: profile, level: level)
            let read = try H264ProfileLevelID(parsing: value.description[...])
            #expect(read.profile == profile && read.level == level)
        }
        #expect(profile.decodes(profile))
        #expect(profile.decodes(.constrainedBaseline))
        #expect(profile == .baseline || !profile.decodes(.baseline))
    }

    @Test func knowsPictureSizes() {
        #expect(H264Level.level31.maximumMacroblocks == 80 * 45)
        #expect(H264Level.level40.maximumMacroblocks ?? 0 >= 120 * 68)
        #expect(H264Level(number: 99).maximumMacroblocks == nil)
        #expect(H264ProfileLevelID.absent.description == "42000a")
    }
}
