internal import CFFmpeg

/// Decodes H.264 access units to pictures, with FFmpeg's decoder.
///
/// One owner at a time: it is not safe to use from several threads at once.
public final class H264Decoder {
    /// The most pixels in a picture that is decoded: a little more than 4096 x 2304.
    public static let maximumPixels = 10_000_000

    private let context: UnsafeMutablePointer<AVCodecContext>
    private let frame: UnsafeMutablePointer<AVFrame>
    private let packet: UnsafeMutablePointer<AVPacket>

    /// - Throws: When the library has no H.264 decoder.
    public init() throws(CodecError) {
        _ = quietLibraries
        let operation = "make an H.264 decoder"
        guard let codec = avcodec_find_decoder(AV_CODEC_ID_H264), let context = avcodec_alloc_context3(codec),
            let frame = av_frame_alloc(), let packet = av_packet_alloc()
        else { throw CodecError(operation: operation, reason: "not in this build of the library") }
        self.context = context
        self.frame = frame
        self.packet = packet
        // A call shows pictures in the order they are sent, and at once.
        context.pointee.flags |= AV_CODEC_FLAG_LOW_DELAY
        context.pointee.thread_count = 1
        context.pointee.max_pixels = Int64(H264Decoder.maximumPixels)
        let code = avcodec_open2(context, codec, nil)
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

    /// Decodes one access unit in the byte stream format (ITU-T H.264 annex B), the first with parameter sets.
    ///
    /// - Returns: The picture; nil when the access unit completes none. Of several pictures only the last is given.
    /// - Throws: When the access unit is broken, or refers to pictures that are not there. Ask for a keyframe then.
    public func decode(_ accessUnit: [UInt8]) throws(CodecError) -> VideoFrame? {
        guard !accessUnit.isEmpty else { return nil }
        // The decoder may read a little beyond the end, which the packet's own memory has room for.
        var code = av_new_packet(packet, Int32(clamping: accessUnit.count))
        guard code == 0 else { throw .ffmpeg("decode H.264", code) }
        accessUnit.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(start: packet.pointee.data, count: bytes.count).copyMemory(from: bytes)
        }
        code = avcodec_send_packet(context, packet)
        av_packet_unref(packet)
        guard code == 0 else { throw .ffmpeg("decode H.264", code) }
        var picture: VideoFrame?
        while true {
            code = avcodec_receive_frame(context, frame)
            if code == ffmpeg_try_again() || code == ffmpeg_end_of_file() { return picture }
            guard code == 0 else { throw .ffmpeg("decode H.264", code) }
            defer { av_frame_unref(frame) }
            guard frame.pointee.flags & AV_FRAME_FLAG_CORRUPT == 0, frame.pointee.decode_error_flags == 0 else {
                throw CodecError(operation: "decode H.264", reason: "the picture is incomplete")
            }
            picture = try FFmpegFrame.picture(frame)
        }
    }
}
