internal import COpus

/// Decodes Opus packets (RFC 6716) to 48 kHz audio with libopus, and makes up for lost ones.
///
/// Every packet, lost or not, must pass through one of the three methods in order, since the decoder carries on from
/// what came before. One owner at a time: it is not safe to use from several threads at once.
public final class OpusDecoder {
    /// Samples per second and channel.
    public static let sampleRate = 48_000
    /// Samples per channel in the longest packet, 120 ms.
    private static let maximumFrame = 5760

    /// 1 or 2, whatever the packets have.
    public let channels: Int
    private let decoder: OpaquePointer

    /// - Throws: When `channels` is neither 1 nor 2.
    public init(channels: Int = 1) throws(CodecError) {
        var code: Int32 = 0
        guard let decoder = opus_decoder_create(Int32(OpusDecoder.sampleRate), Int32(clamping: channels), &code) else {
            throw .opus("make an Opus decoder", code)
        }
        self.decoder = decoder
        self.channels = channels
    }

    deinit {
        opus_decoder_destroy(decoder)
    }

    /// Decodes a packet to samples; two channels are interleaved.
    ///
    /// - Throws: When the packet is empty or broken.
    public func decode(_ packet: [UInt8]) throws(CodecError) -> [Int16] {
        guard !packet.isEmpty else { throw .opus("decode Opus", OPUS_INVALID_PACKET) }
        return try decode(packet, frame: OpusDecoder.maximumFrame, isCorrection: false)
    }

    /// Replaces a lost packet by the coarse copy in the packet after it (in-band forward error correction). What the copy
    /// does not cover, and all where there is none, is concealed.
    ///
    /// - Parameters:
    ///   - duration: What the lost packet lasted, in steps of 2.5 ms up to 120 ms.
    ///   - next: The packet after the lost one; decode it afterwards as usual.
    public func decodeLost(_ duration: Duration, from next: [UInt8]) throws(CodecError) -> [Int16] {
        guard !next.isEmpty else { return try conceal(duration) }
        return try decode(next, frame: OpusDecoder.frame(duration), isCorrection: true)
    }

    /// Makes something up that continues what was played last; it fades to silence over a few calls. After a packet of
    /// silence (discontinuous transmission) it is comfort noise.
    ///
    /// - Parameter duration: In steps of 2.5 ms up to 120 ms.
    public func conceal(_ duration: Duration) throws(CodecError) -> [Int16] {
        try decode(nil, frame: OpusDecoder.frame(duration), isCorrection: false)
    }

    /// The duration in samples per channel, cut to steps of 2.5 ms.
    private static func frame(_ duration: Duration) -> Int {
        let samples = Int(duration / .microseconds(2500)) * 120
        return min(max(samples, 120), maximumFrame)
    }

    private func decode(_ packet: [UInt8]?, frame: Int, isCorrection: Bool) throws(CodecError) -> [Int16] {
        var length: Int32 = 0
        let samples = [Int16](unsafeUninitializedCapacity: frame * channels) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            length = opus_decode(
                decoder, packet, Int32(packet?.count ?? 0), base, Int32(frame), isCorrection ? 1 : 0)
            count = Int(max(0, length)) * channels
        }
        guard length >= 0 else { throw .opus("decode Opus", length) }
        return samples
    }
}
