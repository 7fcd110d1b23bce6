internal import CFFmpeg
public import PayloadFormats

/// Encodes pictures to H.264 access units without delay, with x264 through FFmpeg.
///
/// One owner at a time: it is not safe to use from several threads at once.
public final class H264Encoder {
    /// How to encode.
    public struct Configuration: Hashable, Sendable {
        /// Even width and height.
        public var size: PictureSize
        /// Frames per second, which the rate control counts with.
        public var frameRate: Int
        /// Bits per second.
        public var bitRate: Int
        /// `.constrainedBaseline`, which every browser decodes, or `.high`, which needs less for the same quality.
        public var profile: H264Profile
        /// The frames from one keyframe to the next when none is asked for.
        public var keyframeInterval: Int
        /// Threads that share each picture, 1 or more.
        public var threads: Int

        public init(
            size: PictureSize, frameRate: Int = 30, bitRate: Int = 1_000_000,
            profile: H264Profile = .constrainedBaseline,
            keyframeInterval: Int = 3000, threads: Int = 1
        ) {
            self.size = size
            self.frameRate = frameRate
            self.bitRate = bitRate
            self.profile = profile
            self.keyframeInterval = keyframeInterval
            self.threads = threads
        }
    }

    /// An encoded picture.
    public struct AccessUnit: Hashable, Sendable {
        /// NAL units in the byte stream format (ITU-T H.264 annex B); keyframes begin with parameter sets.
        public var annexB: [UInt8]
        public var isKeyframe: Bool
    }

    public let configuration: Configuration
    private let context: UnsafeMutablePointer<AVCodecContext>
    private let frame: UnsafeMutablePointer<AVFrame>
    private let packet: UnsafeMutablePointer<AVPacket>
    private var nextTimestamp: Int64 = 0
    private var wantsKeyframe = true

    /// - Throws: When the library has no x264, or refuses the configuration.
    public init(_ configuration: Configuration) throws(CodecError) {
        _ = quietLibraries
        let operation = "make an H.264 encoder"
        guard let codec = avcodec_find_encoder_by_name("libx264"), let context = avcodec_alloc_context3(codec),
            let frame = av_frame_alloc(), let packet = av_packet_alloc()
        else { throw CodecError(operation: operation, reason: "x264 is not in this build of the library") }
        self.context = context
        self.frame = frame
        self.packet = packet
        self.configuration = configuration
        context.pointee.width = Int32(clamping: configuration.size.width)
        context.pointee.height = Int32(clamping: configuration.size.height)
        context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
        context.pointee.time_base = AVRational(num: 1, den: Int32(clamping: max(1, configuration.frameRate)))
        context.pointee.framerate = AVRational(num: Int32(clamping: max(1, configuration.frameRate)), den: 1)
        context.pointee.gop_size = Int32(clamping: configuration.keyframeInterval)
        context.pointee.max_b_frames = 0
        context.pointee.thread_count = Int32(clamping: max(1, configuration.threads))
        H264Encoder.applyBitRate(configuration.bitRate, to: context)
        let profile = configuration.profile == .high || configuration.profile == .constrainedHigh ? "high" : "baseline"
        for (name, value) in [
            ("preset", "veryfast"), ("tune", "zerolatency"), ("profile", profile), ("forced-idr", "1"),
        ] {
            let code = av_opt_set(context.pointee.priv_data, name, value, 0)
            guard code == 0 else { throw .ffmpeg(operation, code) }
        }
        var code = avcodec_open2(context, codec, nil)
        guard code == 0 else { throw .ffmpeg(operation, code) }
        frame.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        frame.pointee.width = context.pointee.width
        frame.pointee.height = context.pointee.height
        code = av_frame_get_buffer(frame, 0)
        guard code == 0 else { throw .ffmpeg(operation, code) }
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        var frame: UnsafeMutablePointer<AVFrame>? = frame
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        avcodec_free_context(&context)
        av_frame_free(&frame)
        av_packet_free(&packet)
    }

    /// Makes the next picture a keyframe.
    public func requestKeyframe() {
        wantsKeyframe = true
    }

    /// Changes the rate from the next picture on.
    public func setBitRate(_ bitsPerSecond: Int) {
        H264Encoder.applyBitRate(bitsPerSecond, to: context)
    }

    /// Encodes the next picture.
    ///
    /// - Throws: When its size is not the configured one, or the encoder fails.
    public func encode(_ picture: VideoFrame) throws(CodecError) -> AccessUnit {
        let operation = "encode H.264"
        guard picture.size == configuration.size, picture.bytes.count == picture.redRange.upperBound else {
            throw CodecError(operation: operation, reason: "the picture is not of the configured size")
        }
        var code = av_frame_make_writable(frame)
        guard code == 0 else { throw .ffmpeg(operation, code) }
        FFmpegFrame.fill(frame, from: picture)
        frame.pointee.pts = nextTimestamp
        frame.pointee.pict_type = wantsKeyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        nextTimestamp += 1
        wantsKeyframe = false
        code = avcodec_send_frame(context, frame)
        guard code == 0 else { throw .ffmpeg(operation, code) }
        code = avcodec_receive_packet(context, packet)
        guard code == 0 else { throw .ffmpeg(operation, code) }
        defer { av_packet_unref(packet) }
        let bytes = UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))
        return AccessUnit(annexB: Array(bytes), isKeyframe: packet.pointee.flags & AV_PKT_FLAG_KEY != 0)
    }

    /// The rate and a buffer of half a second: longer peaks would wait in the network.
    private static func applyBitRate(_ bitsPerSecond: Int, to context: UnsafeMutablePointer<AVCodecContext>) {
        context.pointee.bit_rate = Int64(bitsPerSecond)
        context.pointee.rc_max_rate = Int64(bitsPerSecond)
        context.pointee.rc_buffer_size = Int32(clamping: bitsPerSecond / 2)
    }
}
