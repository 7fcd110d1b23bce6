import PayloadFormats
import ProtocolCore
import Testing

/// These take arrays, since `#expect` cannot pass a span on.
private func startsKeyframe(_ bytes: [UInt8]) -> Bool {
    VP8Payload.startsKeyframe(bytes.span.bytes)
}

private func isSilence(_ bytes: [UInt8]) -> Bool {
    OpusPacket.isDiscontinuousTransmission(bytes.span.bytes)
}

@Suite struct VP8Tests {
    /// Extended: 15-bit picture id 0x1234, layer 0 index 7, temporal id 2 with sync, key index 5; then a keyframe.
    private let full: [UInt8] = [0x90, 0xf0, 0x92, 0x34, 0x07, 0xa5, 0x10, 0x02]

    @Test func readsEveryField() throws {
        let descriptor = try VP8Descriptor(parsing: full.span.bytes)
        #expect(descriptor.startsPartition && !descriptor.isNonReference && descriptor.partitionIndex == 0)
        #expect(descriptor.pictureID == 0x1234 && descriptor.isLongPictureID && descriptor.pictureIDOffset == 2)
        #expect(descriptor.tl0PictureIndex == 7 && descriptor.tl0PictureIndexOffset == 4)
        #expect(descriptor.temporalID == 2 && descriptor.isLayerSync && descriptor.keyIndex == 5)
        #expect(descriptor.temporalOffset == 5)
        #expect(descriptor.length == 6)
    }

    @Test func readsShortForms() throws {
        let plain = try VP8Descriptor(parsing: ([0x33] as [UInt8]).span.bytes)
        #expect(plain.isNonReference && plain.startsPartition && plain.partitionIndex == 3)
        #expect(plain.length == 1 && plain.pictureID == nil && plain.temporalID == nil)
        let shortID = try VP8Descriptor(parsing: ([0x80, 0x80, 0x7f] as [UInt8]).span.bytes)
        #expect(shortID.pictureID == 0x7f && !shortID.isLongPictureID && shortID.length == 3)
        let keyOnly = try VP8Descriptor(parsing: ([0x80, 0x10, 0xff] as [UInt8]).span.bytes)
        #expect(keyOnly.keyIndex == 31 && keyOnly.temporalID == nil && !keyOnly.isLayerSync)
        let layerOnly = try VP8Descriptor(parsing: ([0x80, 0x20, 0xff] as [UInt8]).span.bytes)
        #expect(layerOnly.temporalID == 3 && layerOnly.keyIndex == nil && layerOnly.isLayerSync)
    }

    @Test func refusesTruncationAtEveryOffset() {
        for length in 0..<6 {
            let cut = Array(full[..<length])
            #expect(throws: ParseError.truncated) { try VP8Descriptor(parsing: cut.span.bytes) }
            #expect(!startsKeyframe(cut))
        }
        #expect(!startsKeyframe(Array(full[..<6])))
    }

    @Test func findsKeyframes() {
        #expect(startsKeyframe(full))
        #expect(startsKeyframe([0x10, 0x00]))
        // An interframe, a later partition, and a packet inside a partition.
        #expect(!startsKeyframe([0x10, 0x01]))
        #expect(!startsKeyframe([0x11, 0x00]))
        #expect(!startsKeyframe([0x00, 0x00]))
    }

    @Test func rewritesInPlace() throws {
        var bytes = full
        let descriptor = try VP8Descriptor(parsing: full.span.bytes)
        func rewrite(capacity: Int) -> Bool {
            bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return false }
                return descriptor.rewrite(pictureID: 0x7fff, tl0PictureIndex: 0xee, in: base, capacity: capacity)
            }
        }
        #expect(!rewrite(capacity: 5))
        #expect(bytes == full)
        #expect(rewrite(capacity: 6))
        #expect(bytes == [0x90, 0xf0, 0xff, 0xff, 0xee, 0xa5, 0x10, 0x02])
    }

    @Test func rewritesShortPictureID() throws {
        var bytes: [UInt8] = [0x80, 0x80, 0x01, 0x55]
        let descriptor = try VP8Descriptor(parsing: bytes.span.bytes)
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            #expect(descriptor.rewrite(pictureID: 0x1ff, tl0PictureIndex: 9, in: base, capacity: 4))
        }
        #expect(bytes == [0x80, 0x80, 0x7f, 0x55])
    }

    @Test func takesAnyBytes() {
        var random = SeededGenerator(seed: 41)
        var accepted = 0
        for round in 0..<10_000 {
            let bytes = (0..<round % 10).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = VP8Payload.startsKeyframe(bytes.span.bytes)
            guard let descriptor = try? VP8Descriptor(parsing: bytes.span.bytes) else { continue }
            accepted += 1
            #expect(descriptor.length <= bytes.count)
        }
        #expect(accepted > 0)
    }
}

@Suite struct OpusPacketTests {
    @Test(arguments: [
        // SILK 20 ms, SILK 60 ms, hybrid 20 ms, CELT 2.5 ms, CELT 20 ms; then two frames, and a count byte.
        ([0x08] as [UInt8], 20_000, 1), ([0x18], 60_000, 1), ([0x68], 20_000, 1), ([0x80], 2500, 1),
        ([0xf8], 20_000, 1), ([0xfd], 40_000, 2), ([0xfb, 0x06], 120_000, 6),
    ])
    func readsDuration(bytes: [UInt8], microseconds: Int, frames: Int) throws {
        let packet = try OpusPacket(parsing: bytes.span.bytes)
        #expect(packet.duration == .microseconds(microseconds))
        #expect(packet.frameCount == frames)
        #expect(packet.isStereo == (bytes[0] & 4 != 0))
        #expect(packet.configuration == bytes[0] >> 3)
    }

    @Test func refusesBrokenFraming() {
        #expect(throws: ParseError.truncated) { try OpusPacket(parsing: [UInt8]().span.bytes) }
        #expect(throws: ParseError.truncated) { try OpusPacket(parsing: ([0xfb] as [UInt8]).span.bytes) }
        for count: UInt8 in [0, 7, 63] {
            #expect(throws: ParseError.malformed("Opus frame count")) {
                try OpusPacket(parsing: ([0xfb, count] as [UInt8]).span.bytes)
            }
        }
    }

    @Test func tellsSilence() {
        #expect(isSilence([0x78, 0x00]))
        #expect(!isSilence([0x78, 0x00, 0x01]))
    }
}
