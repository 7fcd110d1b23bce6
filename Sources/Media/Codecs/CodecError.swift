internal import CFFmpeg
internal import COpus

/// Why a codec or a media file did not do what was asked.
public struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked, for example `decode H.264`.
    public let operation: String
    /// What the library says about it.
    public let reason: String

    public init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    public var description: String {
        "\(operation): \(reason)"
    }

    /// From an error number of libopus.
    @inline(never)
    static func opus(_ operation: String, _ code: Int32) -> CodecError {
        CodecError(operation: operation, reason: opus_strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }

    /// From an error number of FFmpeg's libraries.
    @inline(never)
    static func ffmpeg(_ operation: String, _ code: Int32) -> CodecError {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer -> String in
            guard let base = buffer.baseAddress, av_strerror(code, base, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: base)
        }
        return CodecError(operation: operation, reason: text)
    }
}
