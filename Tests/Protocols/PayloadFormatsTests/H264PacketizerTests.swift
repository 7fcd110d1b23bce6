import PayloadFormats
import ProtocolCore
import Testing

private func nalUnits(_ stream: [UInt8]) -> [[UInt8]] {
    H264AnnexB.nalUnits(in: stream.span.bytes).map { Array(stream[$0]) }
}

@Suite("H.264 byte stream")
struct H264AnnexBTests {
    @Test("Units lie between start codes of either length, without zeros around them")
    func splitting() {
        #expect(
            nalUnits([0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3]) == [
                [0x67, 1], [0x68, 2], [0x65, 3],
            ])
        #expect(nalUnits([9, 9, 0, 0, 1, 0x67, 0, 0, 3, 1, 0, 0, 0]) == [[0x67, 0, 0, 3, 1]])
        #expect(nalUnits([0, 0, 1, 0, 0, 1, 0x65]) == [[0x65]])
        #expect(nalUnits([0, 0, 1]).isEmpty)
        #expect(nalUnits([1, 2, 3, 4]).isEmpty)
        #expect(nalUnits([]).isEmpty)
    }

    @Test("Any units without start codes in them come back")
    func roundTrip() {
        var random = SeededGenerator(seed: 264)
        for _ in 0..<500 {
            let units = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                (0..<Int.random(in: 1...40, using: &random)).map { _ in UInt8.random(in: 1...4, using: &random) }
            }
            var stream: [UInt8] = []
            for unit in units { H264AnnexB.append(unit.span.bytes, to: &stream) }
            #expect(nalUnits(stream) == units)
        }
    }
}

@Suite("H.264 packetizer")
struct H264PacketizerTests {
    private func accessUnit(_ units: [[UInt8]]) -> [UInt8] {
        var stream: [UInt8] = []
        for unit in units { H264AnnexB.append(unit.span.bytes, to: &stream) }
        return stream
    }

    /// Puts payloads together again, knowing nothing of how they were made.
    private func unpack(_ payloads: [[UInt8]]) throws -> [[UInt8]] {
        var units: [[UInt8]] = []
        var isOpen = false
        for payload in payloads {
            switch payload[0] & 0x1f {
            case 24:
                var offset = 1
                while offset < payload.count {
                    let length = Int(payload[offset]) << 8 | Int(payload[offset + 1])
                    units.append(Array(payload[(offset + 2)..<(offset + 2 + length)]))
                    offset += 2 + length
                }
            case 28:
                try #require(isOpen == (payload[1] & 0x80 == 0))
                if payload[1] & 0x80 != 0 { units.append([payload[0] & 0xe0 | payload[1] & 0x1f]) }
                units[units.count - 1] += payload[2...]
                isOpen = payload[1] & 0x40 == 0
                try #require(!(payload[1] & 0x80 != 0 && payload[1] & 0x40 != 0))
            default:
                units.append(payload)
            }
        }
        try #require(!isOpen)
        return units
    }

    @Test("Parameter sets share a payload, slices go alone")
    func structure() {
        let parameters: [[UInt8]] = [[0x67, 1, 2], [0x68, 3], [0x06, 4]]
        let slice: [UInt8] = [0x65] + [UInt8](repeating: 7, count: 50)
        let payloads = H264Packetizer.payloads(of: accessUnit(parameters + [slice]), maximumPayloadSize: 100)
        #expect(payloads == [[0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3, 0, 2, 0x06, 4], slice])
        #expect(H264Packetizer.payloads(of: accessUnit([slice, slice]), maximumPayloadSize: 100) == [slice, slice])
        #expect(H264Packetizer.payloads(of: [], maximumPayloadSize: 100).isEmpty)
    }

    @Test("Fragments are nearly of one size and say where they begin and end")
    func fragments() {
        let slice: [UInt8] = [0x41] + (0..<205).map { UInt8($0 | 1) }
        let payloads = H264Packetizer.payloads(of: accessUnit([slice]), maximumPayloadSize: 100)
        #expect(payloads.map(\.count) == [71, 70, 70])
        #expect(payloads.map { $0[0] } == [0x5c, 0x5c, 0x5c])
        #expect(payloads.map { $0[1] } == [0x81, 0x01, 0x41])
    }

    @Test("Any access unit comes back, in payloads within the limit", arguments: 0..<8)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let limit = Int.random(in: 64...1400, using: &random)
            let units = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                let types: [UInt8] = [1, 5, 6, 7, 8, 9]
                let header = types.randomElement(using: &random).map {
                    $0 | UInt8.random(in: 0...3, using: &random) << 5
                }
                let size = Int.random(in: 0...2, using: &random) == 0 ? 5000 : 200
                return [header ?? 1]
                    + (0..<Int.random(in: 1...size, using: &random)).map { _ in
                        UInt8.random(in: 1...255, using: &random)
                    }
            }
            let payloads = H264Packetizer.payloads(of: accessUnit(units), maximumPayloadSize: limit)
            #expect(payloads.allSatisfy { $0.count <= limit })
            #expect(try unpack(payloads) == units)
        }
    }
}

@Suite("Synthetic H.264")
struct SyntheticH264Tests {
    private func stamp(_ accessUnit: [UInt8]) -> SyntheticH264Stamp? {
        SyntheticH264Stamp.read(accessUnit: accessUnit.span.bytes)
    }

    @Test("Access units have true structure, size, and a stamp")
    func structure() throws {
        let size = PictureSize(width: 642, height: 362)
        var source = SyntheticH264(.init(size: size, keyframeInterval: 4))
        var bytes: [UInt8] = []
        var types: [[UInt8]] = []
        for index in 0..<9 {
            let now = Instant(nanoseconds: Int64(index) * 33_000_000 - 50_000_000)
            let frame = source.next(into: &bytes, now: now)
            #expect(frame.number == UInt32(index) && frame.isKeyframe == (index % 4 == 0) && frame.isReference)
            #expect(stamp(bytes) == SyntheticH264Stamp(number: frame.number, capturedAt: now))
            types.append(nalUnits(bytes).map { $0[0] })
            if frame.isKeyframe {
                let unit = nalUnits(bytes)[0]
                let set = try H264SequenceParameterSet(parsing: unit.span.bytes)
                #expect(set.size == size && set.profileLevelID?.profile == .constrainedBaseline)
            }
        }
        #expect(types[0] == [0x67, 0x68, 0x65] && types[1] == [0x41] && types[4] == [0x67, 0x68, 0x65])
    }

    @Test(
        "Any picture size reads the same",
        arguments: [(16, 16), (320, 180), (1280, 720), (1920, 1080), (3840, 2160), (2, 2)])
    func sizes(width: Int, height: Int) throws {
        var source = SyntheticH264(.init(size: PictureSize(width: width, height: height)))
        var bytes: [UInt8] = []
        _ = source.next(into: &bytes, now: .zero)
        let unit = nalUnits(bytes)[0]
        let set = try H264SequenceParameterSet(parsing: unit.span.bytes)
        #expect(set.size == PictureSize(width: width, height: height))
        let limit = try #require(set.profileLevelID?.level.maximumMacroblocks)
        #expect(limit >= (width + 15) / 16 * ((height + 15) / 16))
    }

    @Test("The bit rate is kept over a keyframe interval", arguments: [150_000, 500_000, 1_500_000], [false, true])
    func bitRate(rate: Int, hasLayers: Bool) {
        var source = SyntheticH264(
            .init(frameRate: 30, bitRate: rate, keyframeInterval: 90, hasTemporalLayers: hasLayers), seed: 5)
        var bytes: [UInt8] = []
        var total = 0
        for _ in 0..<450 {
            _ = source.next(into: &bytes, now: .zero)
            total += bytes.count
        }
        #expect(abs(total * 8 / 15 - rate) < rate / 20)
    }

    @Test("With layers every second frame is one that nothing refers to")
    func layers() {
        var source = SyntheticH264(.init(hasTemporalLayers: true))
        var bytes: [UInt8] = []
        var pattern: [Bool] = []
        for index in 0..<7 {
            if index == 3 { source.requestKeyframe() }
            let frame = source.next(into: &bytes, now: .zero)
            #expect(frame.isKeyframe == (index == 0 || index == 3))
            pattern.append(frame.isReference)
            let slices = nalUnits(bytes).filter { $0[0] & 0x1f <= 5 }
            #expect(slices.allSatisfy { ($0[0] & 0x60 != 0) == frame.isReference })
        }
        #expect(pattern == [true, false, true, true, false, true, false])
    }

    @Test("One changed, missing or additional byte is noticed")
    func integrity() {
        var source = SyntheticH264(.init(bitRate: 20_000))
        var bytes: [UInt8] = []
        _ = source.next(into: &bytes, now: .zero)
        _ = source.next(into: &bytes, now: .zero)
        #expect(stamp(bytes)?.number == 1)
        for index in 5..<bytes.count {
            var changed = bytes
            changed[index] ^= 0x41
            if index >= 9 && index < 29 {
                #expect(stamp(changed) != stamp(bytes))
            } else {
                #expect(stamp(changed) == nil)
            }
        }
        for length in 0..<bytes.count { #expect(stamp(Array(bytes[..<length])) == nil) }
        #expect(stamp(bytes + [0x81]) == nil)
    }
}
