internal import CFFmpeg

/// The audio of a media file, decoded and brought to one channel at 48 kHz.
final class AudioTrack {
    static let sampleRate: Int32 = 48_000

    let index: Int32
    private let decoder: UnsafeMutablePointer<AVCodecContext>
    private let frame: UnsafeMutablePointer<AVFrame>
    private var resampler: OpaquePointer?
    private var isFlushed = false

    /// nil when the file has no audio, or none that can be decoded.
    init?(_ format: UnsafeMutablePointer<AVFormatContext>) throws(CodecError) {
        let operation = "read audio from a file"
        var found: UnsafePointer<AVCodec>?
        let index = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, &found, 0)
        guard index >= 0, let stream = format.pointee.streams[Int(index)], let codec = found else { return nil }
        guard let decoder = avcodec_alloc_context3(codec), let frame = av_frame_alloc() else {
            throw CodecError(operation: operation, reason: "no memory")
        }
        self.index = index
        self.decoder = decoder
        self.frame = frame
        var code = avcodec_parameters_to_context(decoder, stream.pointee.codecpar)
        guard code >= 0 else { throw .ffmpeg(operation, code) }
        code = avcodec_open2(decoder, codec, nil)
        guard code == 0 else { throw .ffmpeg(operation, code) }
    }

    deinit {
        var decoder: UnsafeMutablePointer<AVCodecContext>? = decoder
        var frame: UnsafeMutablePointer<AVFrame>? = frame
        avcodec_free_context(&decoder)
        av_frame_free(&frame)
        swr_free(&resampler)
    }

    func send(_ packet: UnsafeMutablePointer<AVPacket>) throws(CodecError) {
        let code = avcodec_send_packet(decoder, packet)
        guard code == 0 else { throw .ffmpeg("decode audio", code) }
    }

    func finish() throws(CodecError) {
        _ = avcodec_send_packet(decoder, nil)
    }

    /// nil when the next packet is needed, or at the end.
    func next() throws(CodecError) -> [Int16]? {
        let code = avcodec_receive_frame(decoder, frame)
        if code == ffmpeg_end_of_file(), !isFlushed {
            isFlushed = true
            return resampler == nil ? nil : try convert(nil)
        }
        if code == ffmpeg_try_again() || code == ffmpeg_end_of_file() { return nil }
        guard code == 0 else { throw .ffmpeg("decode audio", code) }
        defer { av_frame_unref(frame) }
        if resampler == nil { try makeResampler() }
        return try convert(frame)
    }

    private func makeResampler() throws(CodecError) {
        var target = AVChannelLayout()
        av_channel_layout_default(&target, 1)
        var source = AVChannelLayout()
        // Files of one or two channels often do not say which ones.
        if frame.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            av_channel_layout_default(&source, frame.pointee.ch_layout.nb_channels)
        } else {
            _ = av_channel_layout_copy(&source, &frame.pointee.ch_layout)
        }
        defer { av_channel_layout_uninit(&source) }
        let format = AVSampleFormat(frame.pointee.format)
        var code = swr_alloc_set_opts2(
            &resampler, &target, AV_SAMPLE_FMT_S16, AudioTrack.sampleRate, &source, format, frame.pointee.sample_rate,
            0, nil)
        if code == 0 { code = swr_init(resampler) }
        guard code == 0 else {
            swr_free(&resampler)
            throw .ffmpeg("resample audio", code)
        }
    }

    /// Brings a frame to our rate; nil gives what the resampler still holds.
    private func convert(_ frame: UnsafeMutablePointer<AVFrame>?) throws(CodecError) -> [Int16] {
        let count = frame?.pointee.nb_samples ?? 0
        let room = swr_get_out_samples(resampler, count)
        guard room >= 0 else { throw .ffmpeg("resample audio", room) }
        var length: Int32 = 0
        let samples = [Int16](unsafeUninitializedCapacity: Int(room)) { buffer, initialized in
            buffer.withMemoryRebound(to: UInt8.self) { bytes in
                var output: UnsafeMutablePointer<UInt8>? = bytes.baseAddress
                guard let input = frame?.pointee.extended_data else {
                    length = swr_convert(resampler, &output, room, nil, 0)
                    return
                }
                input.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 1) { input in
                    length = swr_convert(resampler, &output, room, input, count)
                }
            }
            initialized = Int(max(0, length))
        }
        guard length >= 0 else { throw .ffmpeg("resample audio", length) }
        return samples
    }
}
