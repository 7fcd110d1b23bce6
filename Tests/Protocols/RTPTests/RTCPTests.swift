import ProtocolCore
import RTP
import Testing

private func written(_ packets: RTCPPacket...) -> [UInt8] {
    packets.reduce(into: []) { $1.append(to: &$0) }
}

/// Takes an array, since `#expect` cannot pass a span on.
private func isRTCP(_ bytes: [UInt8]) -> Bool {
    RTCPCompound.isRTCP(bytes.span.bytes)
}

@Suite struct RTCPTests {
    private static let block = ReportBlock(
        ssrc: SSRC(0x0102_0304), fractionLost: 64, cumulativeLost: -2, extendedHighestSequence: 0x0001_ffff, jitter: 90,
        lastSenderReport: CompactNTP(rawValue: 0x1122_3344),
        delaySinceLastSenderReport: CompactNTP(rawValue: 0x0001_8000))

    /// One packet of each kind that is sent.
    private static let samples: [RTCPPacket] = [
        .senderReport(
            SenderReport(
                ssrc: SSRC(1), ntpTime: NTPTimestamp(rawValue: 0x0123_4567_89ab_cdef), rtpTime: RTPTimestamp(90_000),
                packetCount: 10, octetCount: 1200, reports: [block])),
        .receiverReport(ReceiverReport(ssrc: SSRC(2), reports: [block, block])),
        .receiverReport(ReceiverReport(ssrc: SSRC(2))),
        .sourceDescription(SourceDescription(ssrc: SSRC(3), canonicalName: "switch")),
        .sourceDescription(
            SourceDescription(
                chunks: (0..<9).map { .init(ssrc: SSRC($0), canonicalName: "12345678".prefix(Int($0)) + "") })),
        .goodbye(Goodbye(sources: [SSRC(4), SSRC(5)])),
        .genericNACK(
            GenericNACK(
                sender: SSRC(6), media: SSRC(7), lost: [65534, 65535, 0, 14, 15, 400].map { SequenceNumber($0) })),
        .pictureLossIndication(PictureLossIndication(sender: SSRC(8), media: SSRC(9))),
        .fullIntraRequest(
            FullIntraRequest(
                sender: SSRC(10), entries: [.init(ssrc: SSRC(11), sequence: 255), .init(ssrc: SSRC(12), sequence: 0)])),
        .transportFeedback(
            TransportFeedback(
                sender: SSRC(13), media: SSRC(14), feedbackCount: 3, referenceTime: -5,
                packets: [
                    .init(sequence: SequenceNumber(65535), deltaTicks: 4),
                    .init(sequence: SequenceNumber(0), deltaTicks: nil),
                    .init(sequence: SequenceNumber(1), deltaTicks: -300),
                    .init(sequence: SequenceNumber(2), deltaTicks: 255),
                ])),
        .receiverEstimatedMaximumBitrate(
            ReceiverEstimatedMaximumBitrate(
                sender: SSRC(15), bitsPerSecond: 2_500_000 / 16 * 16, sources: [SSRC(16), SSRC(17)])),
        .extendedReport(
            ExtendedReport(
                ssrc: SSRC(18), referenceTime: NTPTimestamp(rawValue: 0x0123_4567_89ab_cdef),
                receptions: [
                    .init(
                        receiver: SSRC(19), lastReference: CompactNTP(rawValue: 0x1122_3344),
                        delay: CompactNTP(rawValue: 0x0001_8000))
                ])),
    ]

    @Test(arguments: samples)
    func roundTrips(packet: RTCPPacket) throws {
        let bytes = written(packet)
        #expect(bytes.count % 4 == 0)
        #expect(try RTCPCompound.parse(bytes.span.bytes) == [packet])
    }

    @Test func roundTripsAsOneCompound() throws {
        var bytes: [UInt8] = []
        for packet in RTCPTests.samples {
            packet.append(to: &bytes)
        }
        #expect(try RTCPCompound.parse(bytes.span.bytes) == RTCPTests.samples)
        #expect(isRTCP(bytes))
    }

    @Test(arguments: samples)
    func refusesTruncationAtEveryOffset(packet: RTCPPacket) {
        let bytes = written(packet)
        for length in 0..<bytes.count {
            let cut = Array(bytes[..<length])
            #expect(throws: ParseError.truncated) { try RTCPCompound.parse(cut.span.bytes) }
        }
    }

    /// The head's length is shortened with the bytes, so that every reader must notice on its own.
    @Test(arguments: samples)
    func neverTrapsOnShortenedPackets(packet: RTCPPacket) {
        let bytes = written(packet)
        for words in 1..<bytes.count / 4 {
            var cut = Array(bytes[..<(words * 4)])
            cut[2] = 0
            cut[3] = UInt8(words - 1)
            let parsed = try? RTCPCompound.parse(cut.span.bytes)
            #expect(parsed != [packet])
        }
    }

    @Test func readsHandMadeSenderReport() throws {
        let bytes = wire(
            """
            81c8000c 00000001 83aa7e80 80000000 00015f90 0000000a 000004b0
            01020304 40fffffe 0001ffff 0000005a 11223344 00018000
            """)
        let expected = SenderReport(
            ssrc: SSRC(1), ntpTime: NTPTimestamp(sinceUnixEpoch: .milliseconds(500)), rtpTime: RTPTimestamp(90_000),
            packetCount: 10, octetCount: 1200, reports: [RTCPTests.block])
        #expect(try RTCPCompound.parse(bytes.span.bytes) == [.senderReport(expected)])
        #expect(written(.senderReport(expected)) == bytes)
    }

    @Test func readsHandMadeFeedback() throws {
        let nack = wire("81cd0003 00000001 00000002 fffe8001")
        #expect(
            try RTCPCompound.parse(nack.span.bytes) == [
                .genericNACK(
                    GenericNACK(sender: SSRC(1), media: SSRC(2), lost: [65534, 65535, 14].map { SequenceNumber($0) }))
            ])
        let pli = wire("81ce0002 00000001 00000002")
        #expect(written(.pictureLossIndication(PictureLossIndication(sender: SSRC(1), media: SSRC(2)))) == pli)
        let fir = wire("84ce0004 00000001 00000000 00000002 07000000")
        #expect(
            written(.fullIntraRequest(FullIntraRequest(sender: SSRC(1), entries: [.init(ssrc: SSRC(2), sequence: 7)])))
                == fir)
        // Mantissa 250000 with exponent 2.
        let remb = wire("8fce0005 00000001 00000000 52454d42 010bd090 00000002")
        #expect(
            written(
                .receiverEstimatedMaximumBitrate(
                    ReceiverEstimatedMaximumBitrate(sender: SSRC(1), bitsPerSecond: 1_000_000, sources: [SSRC(2)])))
                == remb)
        #expect(
            written(.sourceDescription(SourceDescription(ssrc: SSRC(1), canonicalName: "ab")))
                == wire("81ca0003 00000001 0102 6162 00000000"))
        #expect(written(.goodbye(Goodbye(sources: [SSRC(1)]))) == wire("81cb0001 00000001"))
    }

    @Test func readsGoodbyeWithReasonAndOtherItems() throws {
        let bytes = wire("81cb0003 00000001 03627965 00000000 81ca0004 00000002 0203414243 01 02 6162 00 0000")
        #expect(
            try RTCPCompound.parse(bytes.span.bytes) == [
                .goodbye(Goodbye(sources: [SSRC(1)])),
                .sourceDescription(SourceDescription(ssrc: SSRC(2), canonicalName: "ab")),
            ])
    }

    @Test func skipsWhatItDoesNotRead() throws {
        // Extended report with a block that is passed over, application packet, slice loss indication, application feedback that is not REMB, and empty.
        let bytes = wire(
            "80cf0003 00000001 07000001 00000000 80cc0002 00000001 6e616d65 82ce0002 00000001 00000002"
                + "8fce0003 00000001 00000000 41424344 8fce0002 00000001 00000000"
        )
        #expect(
            try RTCPCompound.parse(bytes.span.bytes) == [
                .extendedReport(ExtendedReport(ssrc: SSRC(1))), .unknown(type: 204), .unknown(type: 206),
                .unknown(type: 206), .unknown(type: 206),
            ])
        #expect(written(.unknown(type: 204)).isEmpty)
    }

    @Test func removesPadding() throws {
        let padded = wire("a1ce0003 00000001 00000002 00000004")
        #expect(
            try RTCPCompound.parse(padded.span.bytes) == [
                .pictureLossIndication(PictureLossIndication(sender: SSRC(1), media: SSRC(2)))
            ])
        for last in ["00000000", "0000000d"] {
            let bytes = wire("a1ce0003 00000001 00000002" + last)
            #expect(throws: ParseError.malformed("RTCP padding length")) { try RTCPCompound.parse(bytes.span.bytes) }
        }
    }

    @Test func refusesOtherVersionsAndEmptyNACK() {
        #expect(throws: ParseError.malformed("RTCP version")) {
            try RTCPCompound.parse(wire("41ce0002 00000001 00000002").span.bytes)
        }
        #expect(throws: ParseError.malformed("NACK without an entry")) {
            try RTCPCompound.parse(wire("81cd0002 00000001 00000002").span.bytes)
        }
    }

    @Test func boundsCounts() {
        let many = (0..<65).flatMap { _ in wire("80cb0000") }
        #expect(throws: ParseError.limitExceeded("RTCP packets in a datagram")) {
            try RTCPCompound.parse(many.span.bytes)
        }
        let nack = wire("81cd003f 00000001 00000002") + (0..<61).flatMap { _ in wire("0000ffff") }
        #expect(throws: ParseError.limitExceeded("NACK entries")) { try RTCPCompound.parse(nack.span.bytes) }
        let intra = wire("84ce0104 00000001 00000000") + (0..<129).flatMap { _ in wire("0000000200000000") }
        #expect(throws: ParseError.limitExceeded("full intra request entries")) {
            try RTCPCompound.parse(intra.span.bytes)
        }
    }

    @Test func refusesBitrateOutsideItsRange() throws {
        let largest = wire("8fce0004 00000001 00000000 52454d42 00bbffff")
        #expect(
            try RTCPCompound.parse(largest.span.bytes) == [
                .receiverEstimatedMaximumBitrate(
                    ReceiverEstimatedMaximumBitrate(sender: SSRC(1), bitsPerSecond: 0x3_ffff << 46, sources: []))
            ])
        let beyond = wire("8fce0004 00000001 00000000 52454d42 00bfffff")
        #expect(throws: ParseError.malformed("REMB bitrate")) { try RTCPCompound.parse(beyond.span.bytes) }
    }

    @Test func bitrateKeepsEighteenBits() throws {
        let bytes = written(
            .receiverEstimatedMaximumBitrate(
                ReceiverEstimatedMaximumBitrate(sender: SSRC(1), bitsPerSecond: .max, sources: [])))
        let expected = ReceiverEstimatedMaximumBitrate(sender: SSRC(1), bitsPerSecond: 0x3_ffff << 46, sources: [])
        #expect(try RTCPCompound.parse(bytes.span.bytes) == [.receiverEstimatedMaximumBitrate(expected)])
    }

    @Test func splitsManyReportBlocks() throws {
        let blocks = (0..<70).map { ReportBlock(ssrc: SSRC($0)) }
        let bytes = written(.receiverReport(ReceiverReport(ssrc: SSRC(9), reports: blocks)))
        let parsed = try RTCPCompound.parse(bytes.span.bytes)
        #expect(parsed.count == 3)
        let read = parsed.flatMap { packet -> [ReportBlock] in
            guard case .receiverReport(let report) = packet else { return [] }
            return report.reports
        }
        #expect(read == blocks)
    }

    @Test func cutsLongNames() throws {
        let name = String(repeating: "x", count: 300)
        let bytes = written(.sourceDescription(SourceDescription(ssrc: SSRC(1), canonicalName: name)))
        let expected = SourceDescription(ssrc: SSRC(1), canonicalName: String(name.prefix(255)))
        #expect(try RTCPCompound.parse(bytes.span.bytes) == [.sourceDescription(expected)])
    }

    @Test func tellsRTCPFromRTP() {
        for second in UInt8(0)...255 {
            let bytes: [UInt8] = [0x80, second, 0, 0]
            #expect(isRTCP(bytes) == (192...223).contains(second))
        }
        #expect(!isRTCP([]))
    }
}

@Suite struct NTPTimestampTests {
    @Test func convertsUnixTime() {
        #expect(NTPTimestamp(sinceUnixEpoch: .zero).rawValue == 0x83aa_7e80_0000_0000)
        let time = Duration.seconds(1_700_000_000) + .milliseconds(250)
        let stamp = NTPTimestamp(sinceUnixEpoch: time)
        #expect(stamp.rawValue == 0xe8fe_6f80_4000_0000)
        #expect(stamp.sinceUnixEpoch == time)
        #expect(stamp.compact.rawValue == UInt32(truncatingIfNeeded: stamp.rawValue >> 16))
    }

    @Test func wrapsIn2036() {
        let after = Duration.seconds(4_294_967_296 - 2_208_988_800 + 5)
        let stamp = NTPTimestamp(sinceUnixEpoch: after)
        #expect(stamp.rawValue == 5 << 32)
        #expect(stamp.sinceUnixEpoch == after)
    }

    @Test func convertsDelays() {
        #expect(CompactNTP(.milliseconds(1500)).rawValue == 0x0001_8000)
        #expect(CompactNTP(rawValue: 0x0001_8000).duration == .milliseconds(1500))
        #expect(CompactNTP(.milliseconds(-1)).rawValue == 0)
        #expect(CompactNTP(.seconds(70_000)).rawValue == .max)
    }

    @Test func measuresRoundTrip() {
        // The example of RFC 3550 §6.4.1, figure 2: 6.125 s after a delay of 5.25 s.
        let block = ReportBlock(
            ssrc: SSRC(1), lastSenderReport: CompactNTP(rawValue: 0xb705_2000),
            delaySinceLastSenderReport: CompactNTP(rawValue: 0x0005_4000))
        let arrival = NTPTimestamp(rawValue: 0xb44d_b710_8000_0000)
        #expect(block.roundTripTime(arrival: arrival) == .milliseconds(6125))
        #expect(block.roundTripTime(arrival: NTPTimestamp(rawValue: 0xb44d_b706_0000_0000)) == .zero)
        #expect(ReportBlock(ssrc: SSRC(1)).roundTripTime(arrival: arrival) == nil)
    }
}
