import ProtocolCore
import RTP
import Testing

/// Parsers must throw on any bytes, never trap. Half of the inputs are noise, half are valid packets with a few bytes
/// changed, which get further.
@Suite struct RandomBytesTests {
    private static let rounds = 10_000

    private func noise(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        }
        return bytes
    }

    @Test func rtpHeadersAndExtensions() {
        var random = SeededGenerator(seed: 21)
        var map = HeaderExtensionMap()
        for (index, known) in HeaderExtension.allCases.enumerated() {
            map[UInt8(index + 1)] = known
        }
        let valid = wire("b1 ef 1234 89abcdef 01020304 aaaaaaaa bede 0004 10ff 22112233 31beef 42616263 000000 5555 02")
        var accepted = 0
        for round in 0..<RandomBytesTests.rounds {
            let bytes = round % 2 == 0 ? noise(round % 80, &random) : mutated(valid, &random)
            guard let header = try? RTPHeader(parsing: bytes.span.bytes) else { continue }
            #expect(header.headerLength <= bytes.count)
            if let found = try? ReceivedExtensions(parsing: bytes.span.bytes, header: header, map: map) {
                accepted += 1
                for range in [found.mid, found.rid, found.repairedRid, found.dependencyDescriptor].compactMap({ $0 }) {
                    #expect(range.offset + range.length <= header.headerLength)
                    _ = try? range.text(in: bytes.span.bytes)
                }
            }
            let payload = bytes[header.headerLength...]
            if let padding = try? RTPHeader.paddingLength(of: Array(payload).span.bytes) {
                #expect(padding <= payload.count)
            }
        }
        #expect(accepted > 0)
    }

    @Test func rtcp() {
        var random = SeededGenerator(seed: 22)
        var valid: [UInt8] = []
        let packets: [RTCPPacket] = [
            .receiverReport(ReceiverReport(ssrc: SSRC(1), reports: [ReportBlock(ssrc: SSRC(2))])),
            .sourceDescription(SourceDescription(ssrc: SSRC(1), canonicalName: "name")),
            .genericNACK(GenericNACK(sender: SSRC(1), media: SSRC(2), lost: [SequenceNumber(9)])),
            .transportFeedback(
                TransportFeedback(
                    sender: SSRC(1), media: SSRC(2), feedbackCount: 1, referenceTime: 5,
                    packets: (0..<40).map { .init(sequence: SequenceNumber($0), deltaTicks: $0 % 3 == 0 ? nil : -3) })),
            .receiverEstimatedMaximumBitrate(
                ReceiverEstimatedMaximumBitrate(sender: SSRC(1), bitsPerSecond: 300_000, sources: [SSRC(2)])),
        ]
        for packet in packets {
            packet.append(to: &valid)
        }
        var accepted = 0
        for round in 0..<RandomBytesTests.rounds {
            var bytes = round % 2 == 0 ? noise(4 + round % 100 & ~3, &random) : mutated(valid, &random)
            if round % 2 == 0 {
                // A plausible head, so that the content is reached.
                bytes[0] = 0x80 | bytes[0] & 0x3f
                bytes[1] = 200 + bytes[1] % 8
                bytes[2] = 0
                bytes[3] = UInt8(bytes.count / 4 - 1)
            }
            guard let parsed = try? RTCPCompound.parse(bytes.span.bytes) else { continue }
            accepted += 1
            var rewritten: [UInt8] = []
            for packet in parsed {
                packet.append(to: &rewritten)
            }
        }
        #expect(accepted > 0)
    }

    @Test func dependencyDescriptors() {
        var random = SeededGenerator(seed: 23)
        var accepted = 0
        for round in 0..<RandomBytesTests.rounds {
            var bytes = noise(round % 60, &random)
            if bytes.count > 3 { bytes[3] |= 0x80 }
            _ = try? DependencyDescriptor(parsing: bytes.span.bytes)
            guard let structure = try? DependencyStructure(parsing: bytes.span.bytes) else { continue }
            accepted += 1
            for template in UInt8(0)...255 {
                _ = structure.layer(ofTemplate: template)
            }
            _ = structure.resolution(ofSpatialID: structure.highestLayer.spatialID)
        }
        #expect(accepted > 0)
    }
}
