import Codecs
import PayloadFormats
import ProtocolCore
import RTP
import Reception
import Testing

private let size = PictureSize(width: 320, height: 180)

@Suite("H.264 codec")
struct H264CodecTests {
    @Test("Pictures come back at once and alike", arguments: [H264Profile.constrainedBaseline, .high])
    func roundTrip(profile: H264Profile) throws {
        let encoder = try H264Encoder(.init(size: size, bitRate: 800_000, profile: profile))
        let decoder = try H264Decoder()
        for number in 0..<40 {
            let picture = Signal.picture(number, size: size)
            let unit = try encoder.encode(picture)
            #expect(unit.isKeyframe == (number == 0))
            let decoded = try #require(try decoder.decode(unit.annexB))
            #expect(decoded.size == size)
            #expect(Measure.peakSignalToNoise(picture, decoded) > 32)
            guard number == 0 else { continue }
            let units = H264AnnexB.nalUnits(in: unit.annexB.span.bytes)
            let set = try #require(units.first { unit.annexB[$0.lowerBound] & 0x1f == 7 })
            let bytes = Array(unit.annexB[set])
            let parameters = try H264SequenceParameterSet(parsing: bytes.span.bytes)
            #expect(parameters.size == size)
            #expect(parameters.profileLevelID?.profile == profile)
        }
    }

    @Test("A keyframe comes when asked for, and a decoder can start with it")
    func keyframeRequest() throws {
        let encoder = try H264Encoder(.init(size: size))
        for number in 0..<10 { _ = try encoder.encode(Signal.picture(number, size: size)) }
        encoder.requestKeyframe()
        let picture = Signal.picture(10, size: size)
        let unit = try encoder.encode(picture)
        #expect(unit.isKeyframe)
        let decoded = try #require(try H264Decoder().decode(unit.annexB))
        #expect(Measure.peakSignalToNoise(picture, decoded) > 30)
        #expect(try !encoder.encode(Signal.picture(11, size: size)).isKeyframe)
    }

    @Test("The rate is that asked for, and can be changed")
    func bitRate() throws {
        var random = SeededGenerator(seed: 4)
        let encoder = try H264Encoder(.init(size: size, bitRate: 1_000_000))
        // Noise, which needs every bit it can get.
        let pictures = (0..<4).map { _ in
            var picture = VideoFrame(size: size)
            for index in picture.lumaRange { picture.bytes[index] = UInt8.random(in: 100...130, using: &random) }
            return picture
        }
        var sizes: [Int] = []
        for number in 0..<240 {
            if number == 120 { encoder.setBitRate(250_000) }
            sizes.append(try encoder.encode(pictures[number % 4]).annexB.count * 8)
        }
        // Of the last two seconds of each.
        let before = sizes[60..<120].reduce(0, +) / 2
        let after = sizes[180..<240].reduce(0, +) / 2
        #expect((800_000...1_200_000).contains(before))
        #expect((200_000...320_000).contains(after))
    }

    @Test("From encoder to decoder through packets in disorder")
    func throughPackets() throws {
        var random = SeededGenerator(seed: 12)
        let encoder = try H264Encoder(.init(size: size, bitRate: 600_000))
        let decoder = try H264Decoder()
        var assembler = VideoFrameAssembler()
        var sequence: UInt16 = 65_530
        var decoded: [VideoFrame] = []
        for number in 0..<30 {
            let unit = try encoder.encode(Signal.picture(number, size: size))
            let now = Instant(nanoseconds: Int64(number) * 33_000_000)
            let payloads = H264Packetizer.payloads(of: unit.annexB, maximumPayloadSize: 300)
            let numbered = payloads.enumerated().map { (sequence &+ UInt16($0.offset), $0.element) }
            for (number16, payload) in numbered.shuffled(using: &random) {
                assembler.insert(
                    sequence: SequenceNumber(number16), timestamp: RTPTimestamp(UInt32(number * 3000)),
                    marker: number16 == sequence &+ UInt16(payloads.count - 1), payload: payload.span.bytes,
                    arrival: now)
            }
            sequence &+= UInt16(payloads.count)
            while let whole = assembler.next(now: now) {
                #expect(whole.annexB.count >= unit.annexB.count - 16)
                if let picture = try decoder.decode(whole.annexB) { decoded.append(picture) }
            }
        }
        #expect(decoded.count == 30)
        for (number, picture) in decoded.enumerated() {
            #expect(Measure.peakSignalToNoise(Signal.picture(number, size: size), picture) > 30)
        }
    }

    @Test("What cannot be decoded throws or gives nothing, and a keyframe mends it")
    func errors() throws {
        let encoder = try H264Encoder(.init(size: size))
        let units = try (0..<6).map { try encoder.encode(Signal.picture($0, size: size)).annexB }
        let decoder = try H264Decoder()
        #expect(try decoder.decode([]) == nil)
        // Without a keyframe there is nothing to show.
        #expect((try? decoder.decode(units[1])) == nil)
        var random = SeededGenerator(seed: 6)
        for unit in units {
            var broken = unit
            for _ in 0..<40 {
                broken[Int.random(in: 0..<broken.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = try? decoder.decode(broken)
            _ = try? decoder.decode(Array(broken.prefix(broken.count / 2)))
        }
        encoder.requestKeyframe()
        let picture = Signal.picture(20, size: size)
        let mended = try #require(try decoder.decode(try encoder.encode(picture).annexB))
        #expect(Measure.peakSignalToNoise(picture, mended) > 30)
        #expect(throws: CodecError.self) { try encoder.encode(VideoFrame(size: PictureSize(width: 64, height: 64))) }
        #expect(throws: CodecError.self) { try H264Encoder(.init(size: PictureSize(width: 0, height: 0))) }
    }
}
