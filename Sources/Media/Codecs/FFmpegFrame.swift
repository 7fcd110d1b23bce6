internal import CFFmpeg
internal import PayloadFormats

/// Keeps the libraries' own log lines, which name no stream, off the standard error output.
let quietLibraries: Void = av_log_set_level(AV_LOG_PANIC)

/// Copies pictures between FFmpeg's frames and ours.
enum FFmpegFrame {
    /// Copies the planes into a frame that has buffers of its own.
    static func fill(_ target: UnsafeMutablePointer<AVFrame>, from frame: VideoFrame) {
        frame.bytes.withUnsafeBytes { bytes in
            copyPlane(
                bytes, frame.lumaRange, width: frame.size.width, to: target.pointee.data.0, target.pointee.linesize.0)
            copyPlane(
                bytes, frame.blueRange, width: frame.size.width / 2, to: target.pointee.data.1,
                target.pointee.linesize.1)
            copyPlane(
                bytes, frame.redRange, width: frame.size.width / 2, to: target.pointee.data.2, target.pointee.linesize.2
            )
        }
    }

    /// A picture from a decoder; other layouts than I420 are converted.
    static func picture(_ source: UnsafeMutablePointer<AVFrame>) throws(CodecError) -> VideoFrame {
        let width = Int(source.pointee.width)
        let height = Int(source.pointee.height)
        guard width > 0, height > 0 else { throw CodecError(operation: "decode video", reason: "no picture size") }
        var frame = VideoFrame(size: PictureSize(width: width, height: height))
        let format = AVPixelFormat(source.pointee.format)
        if format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P, width & 1 == 0, height & 1 == 0 {
            let size = frame.size
            let (luma, blue, red) = (frame.lumaRange, frame.blueRange, frame.redRange)
            frame.bytes.withUnsafeMutableBytes { bytes in
                copyRows(source.pointee.data.0, source.pointee.linesize.0, width: size.width, to: bytes[luma])
                copyRows(source.pointee.data.1, source.pointee.linesize.1, width: size.width / 2, to: bytes[blue])
                copyRows(source.pointee.data.2, source.pointee.linesize.2, width: size.width / 2, to: bytes[red])
            }
            return frame
        }
        try convert(source, format, to: &frame)
        return frame
    }

    private static func convert(
        _ source: UnsafeMutablePointer<AVFrame>, _ format: AVPixelFormat, to frame: inout VideoFrame
    ) throws(CodecError) {
        let width = Int32(clamping: frame.size.width)
        let height = Int32(clamping: frame.size.height)
        guard
            let context = sws_getContext(
                source.pointee.width, source.pointee.height, format, width, height, AV_PIX_FMT_YUV420P, SWS_BILINEAR,
                nil, nil, nil)
        else { throw CodecError(operation: "convert a picture", reason: "unknown layout") }
        defer { sws_freeContext(context) }
        let (blue, red) = (frame.blueRange.lowerBound, frame.redRange.lowerBound)
        frame.bytes.withUnsafeMutableBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            let planes: [UnsafeMutablePointer<UInt8>?] = [base, base + blue, base + red, nil]
            let strides: [Int32] = [width, width / 2, width / 2, 0]
            withUnsafePointer(to: &source.pointee.data) { data in
                data.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 8) { data in
                    withUnsafePointer(to: &source.pointee.linesize) { lines in
                        lines.withMemoryRebound(to: Int32.self, capacity: 8) { lines in
                            _ = sws_scale(context, data, lines, 0, source.pointee.height, planes, strides)
                        }
                    }
                }
            }
        }
    }

    private static func copyPlane(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, width: Int, to target: UnsafeMutablePointer<UInt8>?,
        _ stride: Int32
    ) {
        guard let target else { return }
        for row in 0..<range.count / width {
            let start = range.lowerBound + row * width
            UnsafeMutableRawBufferPointer(start: target + row * Int(stride), count: width)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + width]))
        }
    }

    private static func copyRows(
        _ source: UnsafeMutablePointer<UInt8>?, _ stride: Int32, width: Int,
        to target: Slice<UnsafeMutableRawBufferPointer>
    ) {
        guard let source else { return }
        let target = UnsafeMutableRawBufferPointer(rebasing: target)
        for row in 0..<target.count / width {
            UnsafeMutableRawBufferPointer(rebasing: target[row * width..<(row + 1) * width])
                .copyMemory(from: UnsafeRawBufferPointer(start: source + row * Int(stride), count: width))
        }
    }
}
