internal import ProtocolCore

extension OpusPacket {
    /// What the encoder used for a packet's frames (RFC 6716 §3.1).
    public enum Mode: Hashable, Sendable {
        /// Speech, up to 8 kHz of audio bandwidth.
        case silk
        /// Speech with the upper half of the spectrum from CELT.
        case hybrid
        /// Music and low delay; it has no in-band forward error correction.
        case celt
    }

    /// What the frames are coded with.
    public var mode: Mode {
        switch configuration {
        case 0...11: .silk
        case 12...15: .hybrid
        default: .celt
        }
    }

    /// Whether a packet carries a coarse copy of the audio before it, with which a decoder replaces a lost packet
    /// (low bit-rate redundancy, RFC 6716 §4.2.4).
    ///
    /// false for packets that cannot be read, and for those without a frame in them.
    public static func hasForwardErrorCorrection(_ payload: RawSpan) -> Bool {
        guard let packet = try? OpusPacket(parsing: payload), packet.mode != .celt,
            let frame = try? packet.firstFrame(in: payload), !frame.isEmpty,
            let first = try? payload.uint8(at: frame.lowerBound)
        else { return false }
        // A SILK frame has one voice activity flag for each 20 ms, then the flag we want; all are raw bits. The side
        // channel has the same flags after those of the middle channel.
        let activityFlags = max(1, Int(packet.frameDuration / .milliseconds(20)))
        if first >> UInt8(7 - activityFlags) & 1 == 1 { return true }
        return packet.isStereo && first >> UInt8(6 - 2 * activityFlags) & 1 == 1
    }

    /// Where the first frame lies in the payload (RFC 6716 §3.2); empty for a frame that was not sent.
    func firstFrame(in payload: RawSpan) throws(ParseError) -> Range<Int> {
        let code = try payload.uint8(at: 0) & 0x03
        switch code {
        case 0:
            return 1..<payload.byteCount
        case 1:
            guard payload.byteCount & 1 == 1 else { throw .malformed("Opus frame length") }
            return 1..<1 + (payload.byteCount - 1) / 2
        case 2:
            let (length, start) = try OpusPacket.frameLength(at: 1, in: payload)
            guard payload.byteCount - start >= length else { throw .truncated }
            return start..<start + length
        default:
            return try firstCountedFrame(in: payload)
        }
    }

    /// Code 3: a frame count with flags for padding and for frames of different length (RFC 6716 §3.2.5).
    private func firstCountedFrame(in payload: RawSpan) throws(ParseError) -> Range<Int> {
        let flags = try payload.uint8(at: 1)
        var offset = 2
        var end = payload.byteCount
        if flags & 0x40 != 0 {
            var more = true
            while more {
                let length = try payload.uint8(at: offset)
                offset += 1
                more = length == 255
                end -= more ? 254 : Int(length)
            }
        }
        if flags & 0x80 != 0 {
            var first = 0
            for index in 0..<frameCount - 1 {
                let (length, next) = try OpusPacket.frameLength(at: offset, in: payload)
                if index == 0 { first = length }
                offset = next
            }
            if frameCount == 1 { first = end - offset }
            guard first >= 0, end - offset >= first else { throw .truncated }
            return offset..<offset + first
        }
        guard end >= offset, (end - offset) % frameCount == 0 else { throw .malformed("Opus frame length") }
        return offset..<offset + (end - offset) / frameCount
    }

    /// A frame length of one or two bytes, 0...1275, and where the next field is (RFC 6716 §3.2.1).
    private static func frameLength(at offset: Int, in payload: RawSpan) throws(ParseError) -> (length: Int, next: Int)
    {
        let first = Int(try payload.uint8(at: offset))
        guard first >= 252 else { return (first, offset + 1) }
        return (4 * Int(try payload.uint8(at: offset + 1)) + first, offset + 2)
    }
}
