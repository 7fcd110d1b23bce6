internal import COpus

/// Encodes 48 kHz audio to Opus packets (RFC 6716) with libopus.
///
/// One owner at a time: it is not safe to use from several threads at once.
public final class OpusEncoder {
    /// How to encode.
    public struct Configuration: Hashable, Sendable {
        /// What the encoder is tuned for.
        public enum Signal: Hashable, Sendable {
            /// Voices at low rates; needed for in-band forward error correction.
            case voice
            /// Music and everything else.
            case music
        }

        public var signal: Signal
        /// 1 or 2.
        public var channels: Int
        /// Bits per second, 6000...510000.
        public var bitRate: Int
        /// Effort, 0...10; libopus takes much less time at 5 than at 10.
        public var complexity: Int
        /// Whether packets carry a coarse copy of the audio before them, if the expected loss makes it worth while.
        public var usesForwardErrorCorrection: Bool
        /// How many packets in 100 get lost, as receivers report it: 0...100.
        public var expectedLoss: Int
        /// Whether silence is sent as short packets every 400 ms only (discontinuous transmission).
        public var usesDiscontinuousTransmission: Bool

        public init(
            signal: Signal = .voice, channels: Int = 1, bitRate: Int = 32_000, complexity: Int = 5,
            usesForwardErrorCorrection: Bool = true, expectedLoss: Int = 10,
            usesDiscontinuousTransmission: Bool = false
        ) {
            self.signal = signal
            self.channels = channels
            self.bitRate = bitRate
            self.complexity = complexity
            self.usesForwardErrorCorrection = usesForwardErrorCorrection
            self.expectedLoss = expectedLoss
            self.usesDiscontinuousTransmission = usesDiscontinuousTransmission
        }
    }

    /// Samples per second and channel.
    public static let sampleRate = 48_000
    /// The longest packet that `encode` makes. An Opus frame has at most 1275 bytes.
    public static let maximumPacket = 1500

    public let configuration: Configuration
    private let encoder: OpaquePointer

    /// - Throws: When a value of the configuration is outside its range.
    public init(_ configuration: Configuration = Configuration()) throws(CodecError) {
        let application = configuration.signal == .voice ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_AUDIO
        var code: Int32 = 0
        guard
            let encoder = opus_encoder_create(
                Int32(OpusEncoder.sampleRate), Int32(clamping: configuration.channels), application, &code)
        else { throw .opus("make an Opus encoder", code) }
        self.encoder = encoder
        self.configuration = configuration
        let usesCorrection = configuration.usesForwardErrorCorrection
        try set(OPUS_SET_BITRATE_REQUEST, configuration.bitRate)
        try set(OPUS_SET_COMPLEXITY_REQUEST, configuration.complexity)
        try set(OPUS_SET_INBAND_FEC_REQUEST, usesCorrection ? 1 : 0)
        try set(OPUS_SET_PACKET_LOSS_PERC_REQUEST, configuration.expectedLoss)
        try set(OPUS_SET_DTX_REQUEST, configuration.usesDiscontinuousTransmission ? 1 : 0)
    }

    deinit {
        opus_encoder_destroy(encoder)
    }

    /// By how many samples the decoded audio lags behind what was encoded.
    public var lookahead: Int {
        var value: opus_int32 = 0
        _ = opus_encoder_get(encoder, OPUS_GET_LOOKAHEAD_REQUEST, &value)
        return Int(value)
    }

    /// Encodes one packet.
    ///
    /// - Parameter samples: 2.5, 5, 10, 20, 40 or 60 ms; two channels are interleaved. 20 ms are 960 samples per channel.
    /// - Returns: The packet; with discontinuous transmission one or two bytes mean that nothing has to be sent.
    /// - Throws: When the number of samples is another.
    public func encode(_ samples: [Int16]) throws(CodecError) -> [UInt8] {
        var length: Int32 = 0
        let frame = Int32(clamping: samples.count / configuration.channels)
        let packet = [UInt8](unsafeUninitializedCapacity: OpusEncoder.maximumPacket) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            length = opus_encode(encoder, samples, frame, base, Int32(buffer.count))
            count = Int(max(0, length))
        }
        guard length > 0 else { throw .opus("encode Opus", length) }
        return packet
    }

    /// Changes the rate from the next packet on.
    public func setBitRate(_ bitsPerSecond: Int) throws(CodecError) {
        try set(OPUS_SET_BITRATE_REQUEST, bitsPerSecond)
    }

    /// Changes the expected loss in percent from the next packet on, and with it how much is spent on redundancy.
    public func setExpectedLoss(_ percent: Int) throws(CodecError) {
        try set(OPUS_SET_PACKET_LOSS_PERC_REQUEST, percent)
    }

    private func set(_ request: Int32, _ value: Int) throws(CodecError) {
        let code = opus_encoder_set(encoder, request, Int32(clamping: value))
        guard code == OPUS_OK else { throw .opus("set up an Opus encoder", code) }
    }
}
