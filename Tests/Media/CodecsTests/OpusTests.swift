import Codecs
import PayloadFormats
import Reception
import Testing

@Suite("Opus")
struct OpusTests {
    @Test("A tone comes back, as late as the encoder says")
    func roundTrip() throws {
        let encoder = try OpusEncoder(.init(signal: .music, bitRate: 96_000, usesForwardErrorCorrection: false))
        let decoder = try OpusDecoder()
        let signal = Signal.tone(440, seconds: 1)
        var decoded: [Int16] = []
        for frame in signal.frames {
            let packet = try encoder.encode(frame)
            #expect(try OpusPacket(parsing: packet.span.bytes).duration == .milliseconds(20))
            decoded += try decoder.decode(packet)
        }
        #expect(decoded.count == signal.count)
        let lag = encoder.lookahead
        #expect(lag > 0 && lag < 960)
        #expect(Measure.signalToNoise(signal[4800..<40_000], decoded[(4800 + lag)..<(40_000 + lag)]) > 20)
    }

    @Test("Two channels stay apart")
    func stereo() throws {
        let encoder = try OpusEncoder(.init(signal: .music, channels: 2, bitRate: 128_000))
        let decoder = try OpusDecoder(channels: 2)
        let left = Signal.tone(500, seconds: 0.5)
        var decoded: [Int16] = []
        for frame in left.frames {
            decoded += try decoder.decode(encoder.encode(frame.flatMap { [$0, 0] }))
        }
        #expect(decoded.count == left.count * 2)
        let energies = [0, 1].map { side in
            Measure.energy(stride(from: 9600 + side, to: 40_000, by: 2).map { decoded[$0] })
        }
        #expect(energies[0] > 1000 * energies[1])
    }

    @Test("The rate is that asked for, and can be changed")
    func bitRate() throws {
        let encoder = try OpusEncoder(.init(bitRate: 16_000, usesForwardErrorCorrection: false))
        let frames = Signal.voice(seconds: 4).frames
        let low = try frames.prefix(100).map { try encoder.encode($0).count }.reduce(0, +)
        try encoder.setBitRate(64_000)
        let high = try frames.suffix(100).map { try encoder.encode($0).count }.reduce(0, +)
        #expect((3000...5500).contains(low))
        #expect((12_000...20_000).contains(high))
    }

    @Test("With forward error correction a lost packet is closer to the truth than concealment is")
    func forwardErrorCorrection() throws {
        let encoder = try OpusEncoder(.init(bitRate: 32_000, expectedLoss: 30))
        let packets = try Signal.voice(seconds: 6).frames.map { try encoder.encode($0) }
        #expect(packets.count { OpusPacket.hasForwardErrorCorrection($0.span.bytes) } > 200)
        let whole = try OpusDecoder()
        let truth = try packets.flatMap { try whole.decode($0) }
        func decode(correcting: Bool) throws -> [Int16] {
            let decoder = try OpusDecoder()
            var samples: [Int16] = []
            for (index, packet) in packets.enumerated() {
                if index % 7 == 5, index + 1 < packets.count {
                    samples +=
                        correcting
                        ? try decoder.decodeLost(.milliseconds(20), from: packets[index + 1])
                        : try decoder.conceal(.milliseconds(20))
                } else {
                    samples += try decoder.decode(packet)
                }
            }
            return samples
        }
        let corrected = try decode(correcting: true)
        let concealed = try decode(correcting: false)
        #expect(corrected.count == truth.count && concealed.count == truth.count)
        let lost = (5..<packets.count - 1).filter { $0 % 7 == 5 }
        func error(_ samples: [Int16]) -> Double {
            lost.reduce(0) { sum, index in
                let range = index * 960..<(index + 1) * 960
                return sum
                    + zip(truth[range], samples[range]).reduce(0.0) {
                        $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
                    }
            }
        }
        #expect(error(corrected) < error(concealed) / 2)
    }

    @Test("Concealment goes on for a while and fades away")
    func concealment() throws {
        let encoder = try OpusEncoder()
        let decoder = try OpusDecoder()
        var last: [Int16] = []
        for frame in Signal.tone(300, seconds: 0.4).frames { last = try decoder.decode(encoder.encode(frame)) }
        let first = try decoder.conceal(.milliseconds(20))
        #expect(first.count == 960)
        #expect(Measure.energy(first) > Measure.energy(last) / 4)
        var later: [Int16] = []
        for _ in 0..<30 { later = try decoder.conceal(.milliseconds(20)) }
        #expect(Measure.energy(later) < Measure.energy(last) / 100)
        #expect(try decoder.conceal(.milliseconds(10)).count == 480)
        #expect(try decoder.decodeLost(.milliseconds(40), from: []).count == 1920)
    }

    @Test("Silence is hardly sent with discontinuous transmission")
    func discontinuousTransmission() throws {
        let encoder = try OpusEncoder(.init(bitRate: 24_000, usesDiscontinuousTransmission: true))
        for frame in Signal.voice(seconds: 1).frames { #expect(try encoder.encode(frame).count > 2) }
        let silence = [Int16](repeating: 0, count: 960)
        let packets = try (0..<100).map { _ in try encoder.encode(silence) }
        let short = packets.count { OpusPacket.isDiscontinuousTransmission($0.span.bytes) }
        #expect(short > 70)
    }

    @Test("Broken packets, lengths and set-ups throw")
    func errors() throws {
        let decoder = try OpusDecoder()
        #expect(throws: CodecError.self) { try decoder.decode([]) }
        #expect(throws: CodecError.self) { try decoder.decode([0x03]) }
        #expect(throws: CodecError.self) { try decoder.decode([0xff, 0xff]) }
        #expect(throws: CodecError.self) { try OpusDecoder(channels: 3) }
        #expect(throws: CodecError.self) { try OpusEncoder(.init(channels: 0)) }
        #expect(throws: CodecError.self) { try OpusEncoder(.init(complexity: 11)) }
        let encoder = try OpusEncoder()
        #expect(throws: CodecError.self) { try encoder.encode([1, 2, 3]) }
        #expect(throws: CodecError.self) { try encoder.setExpectedLoss(101) }
    }
}
