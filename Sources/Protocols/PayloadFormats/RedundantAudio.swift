public import ProtocolCore

/// Redundant audio data (RFC 2198): one payload with the newest audio and copies of what was sent before, so that a
/// receiver can replace a lost packet by the next one.
public enum RedundantAudio {
    /// The most blocks that are read from one payload. Browsers send two, and at most ten.
    public static let maximumBlocks = 16
    /// The largest age of a redundant block, in ticks of the timestamp's clock (14 bits): 341 ms at 48 kHz.
    public static let maximumTimestampOffset = 0x3fff
    /// The longest redundant block in bytes (10 bits). The primary block has no limit.
    public static let maximumRedundantLength = 0x3ff

    /// One block of a redundant payload.
    public struct Block: Hashable, Sendable {
        /// What the block is coded with; never the type of the redundant payload itself.
        public var payloadType: PayloadType
        /// How many ticks the block is older than the packet's timestamp, 0...16383; 0 for the primary block.
        public var timestampOffset: Int
        /// Where the block's bytes lie in the payload. It may be empty.
        public var range: Range<Int>

        @inlinable
        public init(payloadType: PayloadType, timestampOffset: Int, range: Range<Int>) {
            self.payloadType = payloadType
            self.timestampOffset = timestampOffset
            self.range = range
        }
    }

    /// Where the newest audio lies in the payload; nil for a payload that cannot be read. Nothing is allocated.
    @inlinable
    public static func primaryRange(in payload: RawSpan) -> Range<Int>? {
        (try? primary(in: payload))?.range
    }

    /// Finds the newest audio in the payload. Nothing is allocated.
    ///
    /// - Throws: `.truncated`, or `.limitExceeded` for more than `maximumBlocks`.
    @inlinable
    public static func primary(in payload: RawSpan) throws(ParseError) -> Block {
        var offset = 0
        var redundantBytes = 0
        for _ in 0..<maximumBlocks {
            let first = try payload.uint8(at: offset)
            if first & 0x80 == 0 {
                let start = offset + 1 + redundantBytes
                guard start <= payload.byteCount else { throw .truncated }
                return Block(payloadType: PayloadType(first), timestampOffset: 0, range: start..<payload.byteCount)
            }
            redundantBytes += Int(try payload.uint32(at: offset) & 0x3ff)
            offset += 4
        }
        throw .limitExceeded("RED blocks")
    }

    /// All blocks of a payload, oldest first as they are sent; the primary block is the last.
    ///
    /// - Throws: `.truncated`, or `.limitExceeded` for more than `maximumBlocks`.
    public static func blocks(in payload: RawSpan) throws(ParseError) -> [Block] {
        let primary = try primary(in: payload)
        var blocks: [Block] = []
        var offset = 0
        while try payload.uint8(at: offset) & 0x80 != 0 {
            let header = try payload.uint32(at: offset)
            let length = Int(header & 0x3ff)
            // Lengths for now; where the first block starts is known after the last header.
            blocks.append(
                Block(
                    payloadType: PayloadType(UInt8(truncatingIfNeeded: header >> 24)),
                    timestampOffset: Int(header >> 10 & 0x3fff), range: 0..<length))
            offset += 4
        }
        var start = offset + 1
        for index in blocks.indices {
            let end = start + blocks[index].range.count
            blocks[index].range = start..<end
            start = end
        }
        blocks.append(primary)
        return blocks
    }

    /// A payload sent before, for sending it once more.
    public struct Earlier {
        /// The bytes, which must live until `write` returns.
        public var payload: UnsafeRawBufferPointer
        /// How many ticks it is older than the primary payload.
        public var timestampOffset: Int

        public init(payload: UnsafeRawBufferPointer, timestampOffset: Int) {
            self.payload = payload
            self.timestampOffset = timestampOffset
        }

        var isSendable: Bool {
            (1...RedundantAudio.maximumTimestampOffset).contains(timestampOffset)
                && payload.count <= RedundantAudio.maximumRedundantLength
        }
    }

    /// Writes a redundant payload. All blocks have one payload type.
    ///
    /// An earlier payload is left out when it is too old or too long for its header, or when the buffer has no room for
    /// it; the older one is left out first.
    /// - Parameters:
    ///   - newer: The payload sent just before the primary one.
    ///   - older: The payload sent before `newer`.
    /// - Returns: The bytes written; nil when the primary payload alone does not fit.
    public static func write(
        primary: RawSpan, payloadType: PayloadType, newer: Earlier? = nil, older: Earlier? = nil,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard let base = buffer.baseAddress, buffer.count > primary.byteCount else { return nil }
        var room = buffer.count - primary.byteCount - 1
        func fitting(_ block: Earlier?) -> Earlier? {
            guard let block, block.isSendable, room >= 4 + block.payload.count else { return nil }
            room -= 4 + block.payload.count
            return block
        }
        let fittingNewer = fitting(newer)
        let fittingOlder = fitting(older)
        var offset = 0
        func writeHeader(_ block: Earlier?) {
            guard let block else { return }
            let header =
                UInt32(payloadType.rawValue | 0x80) << 24 | UInt32(block.timestampOffset) << 10
                | UInt32(block.payload.count)
            base.storeBytes(of: header.bigEndian, toByteOffset: offset, as: UInt32.self)
            offset += 4
        }
        func writeBytes(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: bytes)
            offset += bytes.count
        }
        writeHeader(fittingOlder)
        writeHeader(fittingNewer)
        base.storeBytes(of: payloadType.rawValue, toByteOffset: offset, as: UInt8.self)
        offset += 1
        if let fittingOlder { writeBytes(fittingOlder.payload) }
        if let fittingNewer { writeBytes(fittingNewer.payload) }
        primary.withUnsafeBytes { writeBytes($0) }
        return offset
    }
}
