import PayloadFormats
import ProtocolCore
import Testing

private func blocks(_ payload: [UInt8]) throws(ParseError) -> [RedundantAudio.Block] {
    try RedundantAudio.blocks(in: payload.span.bytes)
}

private func primaryRange(_ payload: [UInt8]) -> Range<Int>? {
    RedundantAudio.primaryRange(in: payload.span.bytes)
}

private func write(
    _ primary: [UInt8], newer: ([UInt8], Int)? = nil, older: ([UInt8], Int)? = nil, room: Int = 2000
) -> [UInt8]? {
    let newerBytes = newer?.0 ?? []
    let olderBytes = older?.0 ?? []
    return newerBytes.withUnsafeBytes { newerBuffer in
        olderBytes.withUnsafeBytes { olderBuffer in
            var output = [UInt8](repeating: 0xaa, count: room)
            let length = output.withUnsafeMutableBytes { buffer in
                RedundantAudio.write(
                    primary: primary.span.bytes, payloadType: PayloadType(111),
                    newer: newer.map { .init(payload: newerBuffer, timestampOffset: $0.1) },
                    older: older.map { .init(payload: olderBuffer, timestampOffset: $0.1) }, into: buffer)
            }
            return length.map { Array(output[..<$0]) }
        }
    }
}

@Suite("Redundant audio")
struct RedundantAudioTests {
    /// Offsets 1920 and 960 at 48 kHz; lengths 2 and 3; then the primary of 4 bytes.
    private let full: [UInt8] = [
        0xef, 0x1e, 0x00, 0x02, 0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 11, 12, 13, 21, 22, 23, 24,
    ]

    @Test("Blocks are found where they lie")
    func reading() throws {
        let found = try blocks(full)
        #expect(found.map(\.timestampOffset) == [1920, 960, 0])
        #expect(found.map(\.range) == [9..<11, 11..<14, 14..<18])
        #expect(found.allSatisfy { $0.payloadType == PayloadType(111) })
        #expect(primaryRange(full) == 14..<18)
        #expect(try blocks([0x6f, 7]).map(\.range) == [1..<2])
        #expect(try blocks([0x6f]).map(\.range) == [1..<1])
    }

    @Test("What is written reads the same")
    func writing() throws {
        #expect(write([21, 22, 23, 24], newer: ([11, 12, 13], 960), older: ([1, 2], 1920)) == full)
        #expect(write([5, 6]) == [0x6f, 5, 6])
        #expect(write([]) == [0x6f])
    }

    @Test("Earlier payloads that do not fit are left out, the older one first")
    func limits() throws {
        let long = [UInt8](repeating: 1, count: 1023)
        let tooLong = [UInt8](repeating: 1, count: 1024)
        #expect(try blocks(try #require(write([9], newer: (long, 16_383)))).first?.range.count == 1023)
        #expect(write([9], newer: (tooLong, 960)) == [0x6f, 9])
        #expect(write([9], newer: ([1], 16_384)) == [0x6f, 9])
        #expect(write([9], newer: ([1], 0)) == [0x6f, 9])
        #expect(
            write([9], newer: ([1], 960), older: ([2], 1920), room: 12)
                == write([9], newer: ([1], 960), older: ([2], 1920)))
        #expect(write([9], newer: ([1], 960), older: ([2], 1920), room: 11) == write([9], newer: ([1], 960)))
        #expect(write([9], newer: ([1], 960), room: 6) == [0x6f, 9])
        #expect(write([9], room: 2) == [0x6f, 9])
        #expect(write([9], room: 1) == nil)
        #expect(write([], room: 0) == nil)
    }

    @Test("A payload cut anywhere before its primary block is refused")
    func truncation() {
        for length in 0..<14 {
            #expect(primaryRange(Array(full[..<length])) == nil)
            #expect(throws: ParseError.truncated) { try blocks(Array(full[..<length])) }
        }
        for length in 14...full.count { #expect(primaryRange(Array(full[..<length])) == 14..<length) }
    }

    @Test("Too many blocks are refused")
    func tooMany() throws {
        func payload(_ count: Int) -> [UInt8] {
            (1..<count).flatMap { _ in [0xef, 0x0f, 0x00, 0x00] as [UInt8] } + [0x6f]
        }
        #expect(try blocks(payload(16)).count == 16)
        #expect(throws: ParseError.limitExceeded("RED blocks")) { try blocks(payload(17)) }
    }

    @Test("Any bytes can be read, and ranges lie within them")
    func anyBytes() {
        var random = SeededGenerator(seed: 2198)
        var read = 0
        for round in 0..<20_000 {
            let payload = (0..<round % 60).map { _ in
                UInt8.random(in: 0...255, using: &random) & (round % 2 == 0 ? 0xff : 0x8f)
            }
            guard let found = try? blocks(payload) else { continue }
            read += 1
            #expect(found.last?.range == primaryRange(payload))
            for block in found { #expect(block.range.upperBound <= payload.count) }
        }
        #expect(read > 1000)
    }
}

@Suite("Redundant audio sender")
struct RedundantAudioSenderTests {
    private func send(_ bytes: [UInt8], _ timestamp: UInt32, _ sender: inout RedundantAudioSender) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: 100)
        let length = output.withUnsafeMutableBytes { sender.write(bytes.span.bytes, timestamp: timestamp, into: $0) }
        return length.map { Array(output[..<$0]) }
    }

    @Test("Each payload goes with those before it, as far as they are young enough")
    func copies() {
        var sender = RedundantAudioSender(payloadType: PayloadType(111), copies: 2)
        let start = UInt32.max - 1000
        #expect(send([1], start, &sender) == write([1]))
        #expect(send([2, 2], start &+ 960, &sender) == write([2, 2], newer: ([1], 960)))
        #expect(send([3], start &+ 1920, &sender) == write([3], newer: ([2, 2], 960), older: ([1], 1920)))
        #expect(send([UInt8](repeating: 9, count: 100), start &+ 2880, &sender) == nil)
        #expect(send([4], start &+ 17_500, &sender) == write([4], newer: ([3], 15_580)))
        sender.copies = 1
        #expect(send([5], start &+ 18_460, &sender) == write([5], newer: ([4], 960)))
        sender.copies = 0
        #expect(send([6], start &+ 19_420, &sender) == write([6]))
    }
}

@Suite("Opus redundancy")
struct OpusRedundancyTests {
    private func hasCopy(_ payload: [UInt8]) -> Bool {
        OpusPacket.hasForwardErrorCorrection(payload.span.bytes)
    }

    @Test("The flag stands after the activity flags of each 20 ms")
    func flag() {
        // Configuration 9: SILK, wideband, 20 ms. One activity flag, then the one we look for.
        #expect(hasCopy([9 << 3, 0x40]))
        #expect(!hasCopy([9 << 3, 0xbf]))
        // 60 ms: three activity flags.
        #expect(hasCopy([11 << 3, 0x10]))
        #expect(!hasCopy([11 << 3, 0xef]))
        // Hybrid.
        #expect(hasCopy([15 << 3, 0x40]))
        // CELT has none.
        #expect(!hasCopy([31 << 3, 0xff]))
        // Stereo: the side channel's flags follow, at 20 ms one activity flag and then its own.
        #expect(hasCopy([9 << 3 | 4, 0x10]))
        #expect(!hasCopy([9 << 3, 0x10]))
    }

    @Test("The first frame is found behind every framing")
    func framing() {
        #expect(hasCopy([9 << 3 | 1, 0x40, 0x00]))
        #expect(!hasCopy([9 << 3 | 1, 0x40, 0x00, 0x00]))
        #expect(hasCopy([9 << 3 | 2, 1, 0x40, 0x00]))
        #expect(!hasCopy([9 << 3 | 2, 0, 0x40]))
        #expect(!hasCopy([9 << 3 | 2, 5, 0x40]))
        #expect(hasCopy([9 << 3 | 3, 0x02, 0x40, 0x00]))
        #expect(hasCopy([9 << 3 | 3, 0x42, 0x01, 0x40, 0x00, 0x00]))
        #expect(hasCopy([9 << 3 | 3, 0x82, 0x01, 0x40, 0x00]))
        #expect(!hasCopy([9 << 3 | 3, 0x42, 0xff, 0x40]))
        #expect(!hasCopy([]))
        #expect(!hasCopy([9 << 3]))
    }

    @Test("Any bytes can be asked")
    func anyBytes() {
        var random = SeededGenerator(seed: 6716)
        var found = 0
        for round in 0..<20_000 {
            let payload = (0..<round % 30).map { _ in UInt8.random(in: 0...255, using: &random) }
            if hasCopy(payload) { found += 1 }
        }
        #expect(found > 100)
    }
}
