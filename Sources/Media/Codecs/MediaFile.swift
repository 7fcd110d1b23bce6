internal import CFFmpeg
public import PayloadFormats

/// Reads H.264 video and audio from a file, in the order they lie in it: MP4, Matroska, WAV, Ogg, H.264 byte streams and
/// whatever else FFmpeg's libraries know.
///
/// Video is not decoded: what comes out can be sent as it is. Audio of any kind becomes 48 kHz with one channel. One
/// owner at a time: it is not safe to use from several threads at once.
public final class MediaFile {
    /// What lies next in the file.
    public enum Sample: Hashable, Sendable {
        /// An access unit, in decoding order.
        case video(VideoSample)
        /// Audio with one channel at 48 kHz, as long as the file's own packets are.
        case audio([Int16])
    }

    /// One H.264 access unit.
    public struct VideoSample: Hashable, Sendable {
        /// NAL units in the byte stream format (ITU-T H.264 annex B); keyframes begin with parameter sets.
        public var annexB: [UInt8]
        /// When to show it, from the beginning of the file. In files with B pictures it is not in order.
        public var presentationTime: Duration
        public var isKeyframe: Bool
    }

    /// The size of the video's pictures; nil when the file has no H.264 video.
    public let videoSize: PictureSize?
    /// Pictures per second; nil when the file does not say.
    public let frameRate: Double?
    public let hasAudio: Bool

    private let format: UnsafeMutablePointer<AVFormatContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private var video: VideoTrack?
    private var audio: AudioTrack?
    private var isAtEnd = false

    /// Opens a file.
    ///
    /// - Throws: When it cannot be read, or has neither H.264 video nor audio that can be decoded.
    public init(path: String) throws(CodecError) {
        _ = quietLibraries
        let operation = "open \(path)"
        var opened: UnsafeMutablePointer<AVFormatContext>?
        var code = avformat_open_input(&opened, path, nil, nil)
        guard code == 0, let format = opened else { throw .ffmpeg(operation, code) }
        guard let packet = av_packet_alloc() else {
            avformat_close_input(&opened)
            throw CodecError(operation: operation, reason: "no memory")
        }
        self.format = format
        self.packet = packet
        do throws(CodecError) {
            code = avformat_find_stream_info(format, nil)
            guard code >= 0 else { throw .ffmpeg(operation, code) }
            let video = try VideoTrack(format)
            let audio = try AudioTrack(format)
            guard video != nil || audio != nil else {
                throw CodecError(operation: operation, reason: "neither H.264 video nor audio in it")
            }
            self.video = video
            self.audio = audio
            videoSize = video?.size
            frameRate = video?.frameRate
            hasAudio = audio != nil
        } catch {
            var leftPacket: UnsafeMutablePointer<AVPacket>? = packet
            av_packet_free(&leftPacket)
            avformat_close_input(&opened)
            throw error
        }
    }

    deinit {
        var format: UnsafeMutablePointer<AVFormatContext>? = format
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        av_packet_free(&packet)
        avformat_close_input(&format)
    }

    /// The next sample; nil at the end of the file.
    ///
    /// - Throws: When the file is broken here. The next call goes on behind it.
    public func next() throws(CodecError) -> Sample? {
        while true {
            if let sample = try video?.next() { return .video(sample) }
            if let samples = try audio?.next(), !samples.isEmpty { return .audio(samples) }
            guard !isAtEnd else { return nil }
            let code = av_read_frame(format, packet)
            if code == ffmpeg_end_of_file() {
                isAtEnd = true
                try video?.finish()
                try audio?.finish()
                continue
            }
            guard code == 0 else { throw .ffmpeg("read a media file", code) }
            defer { av_packet_unref(packet) }
            if let video, packet.pointee.stream_index == video.index {
                try video.send(packet)
            } else if let audio, packet.pointee.stream_index == audio.index {
                try audio.send(packet)
            }
        }
    }

    /// All audio of a file, one channel at 48 kHz.
    public static func readAudio(path: String) throws(CodecError) -> [Int16] {
        let file = try MediaFile(path: path)
        var samples: [Int16] = []
        while let sample = try file.next() {
            if case .audio(let more) = sample { samples += more }
        }
        return samples
    }

    /// All H.264 access units of a file, in decoding order.
    public static func readVideo(path: String) throws(CodecError) -> [VideoSample] {
        let file = try MediaFile(path: path)
        var samples: [VideoSample] = []
        while let sample = try file.next() {
            if case .video(let more) = sample { samples.append(more) }
        }
        return samples
    }
}
