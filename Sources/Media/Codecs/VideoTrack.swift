internal import CFFmpeg
internal import PayloadFormats

/// The H.264 video of a media file, turned into the byte stream format.
final class VideoTrack {
    let index: Int32
    let size: PictureSize
    let frameRate: Double?

    private let filter: UnsafeMutablePointer<AVBSFContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private let timeBase: AVRational
    private var count = 0

    /// nil when the file has no H.264 video.
    init?(_ format: UnsafeMutablePointer<AVFormatContext>) throws(CodecError) {
        let operation = "read H.264 from a file"
        let index = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
        guard index >= 0, let stream = format.pointee.streams[Int(index)],
            stream.pointee.codecpar.pointee.codec_id == AV_CODEC_ID_H264
        else { return nil }
        var made: UnsafeMutablePointer<AVBSFContext>?
        var code = av_bsf_alloc(av_bsf_get_by_name("h264_mp4toannexb"), &made)
        guard code == 0, let filter = made, let packet = av_packet_alloc() else { throw .ffmpeg(operation, code) }
        self.filter = filter
        self.packet = packet
        self.index = index
        timeBase = stream.pointee.time_base
        size = PictureSize(
            width: Int(stream.pointee.codecpar.pointee.width), height: Int(stream.pointee.codecpar.pointee.height))
        let rate = stream.pointee.avg_frame_rate
        frameRate = rate.num > 0 && rate.den > 0 ? Double(rate.num) / Double(rate.den) : nil
        code = avcodec_parameters_copy(filter.pointee.par_in, stream.pointee.codecpar)
        guard code >= 0 else { throw .ffmpeg(operation, code) }
        filter.pointee.time_base_in = stream.pointee.time_base
        code = av_bsf_init(filter)
        guard code == 0 else { throw .ffmpeg(operation, code) }
    }

    deinit {
        var filter: UnsafeMutablePointer<AVBSFContext>? = filter
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        av_bsf_free(&filter)
        av_packet_free(&packet)
    }

    func send(_ packet: UnsafeMutablePointer<AVPacket>) throws(CodecError) {
        let code = av_bsf_send_packet(filter, packet)
        guard code == 0 else { throw .ffmpeg("read H.264 from a file", code) }
    }

    func finish() throws(CodecError) {
        _ = av_bsf_send_packet(filter, nil)
    }

    func next() throws(CodecError) -> MediaFile.VideoSample? {
        let code = av_bsf_receive_packet(filter, packet)
        if code == ffmpeg_try_again() || code == ffmpeg_end_of_file() { return nil }
        guard code == 0 else { throw .ffmpeg("read H.264 from a file", code) }
        defer { av_packet_unref(packet) }
        count += 1
        return MediaFile.VideoSample(
            annexB: Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))),
            presentationTime: time, isKeyframe: packet.pointee.flags & AV_PKT_FLAG_KEY != 0)
    }

    /// Byte streams have no times: their pictures are evenly spaced, 25 in a second where they do not say otherwise.
    private var time: Duration {
        let nanosecond = AVRational(num: 1, den: 1_000_000_000)
        let timestamp = packet.pointee.pts
        guard timestamp != ffmpeg_no_timestamp(), timeBase.num > 0, timeBase.den > 0 else {
            return .nanoseconds(Int64(Double(count - 1) / (frameRate ?? 25) * 1e9))
        }
        return .nanoseconds(av_rescale_q(timestamp, timeBase, nanosecond))
    }
}
