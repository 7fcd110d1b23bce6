#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// Writes 16-bit PCM to a WAV file, as much as comes.
///
/// The header tells the length after `finish()` only, or when the last reference goes. One owner at a time: it is not safe
/// to use from several threads at once.
public final class WAVFile {
    /// The most bytes of samples that the format can tell of.
    private static let maximumBytes = Int(UInt32.max) - 64

    private let file: UnsafeMutablePointer<FILE>
    private let channels: Int
    private let sampleRate: Int
    private var byteCount = 0
    private var isFinished = false

    /// Makes the file, in place of one that is there.
    ///
    /// - Throws: When it cannot be written.
    public init(path: String, channels: Int = 1, sampleRate: Int = 48_000) throws(CodecError) {
        guard let file = fopen(path, "wb") else { throw WAVFile.failure("make \(path)") }
        self.file = file
        self.channels = channels
        self.sampleRate = sampleRate
        try write(WAVFile.header(byteCount: 0, channels: channels, sampleRate: sampleRate))
    }

    deinit {
        try? writeLength()
        fclose(file)
    }

    /// Appends samples; those of several channels are interleaved. What goes beyond 4 GB is left out.
    public func append(_ samples: [Int16]) throws(CodecError) {
        guard !isFinished, byteCount + samples.count * 2 <= WAVFile.maximumBytes else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(samples.count * 2)
        for sample in samples {
            bytes.append(UInt8(truncatingIfNeeded: sample))
            bytes.append(UInt8(truncatingIfNeeded: sample >> 8))
        }
        try write(bytes)
        byteCount += bytes.count
    }

    /// Tells the length in the header and ends the file; nothing can be appended afterwards.
    public func finish() throws(CodecError) {
        try writeLength()
    }

    private func writeLength() throws(CodecError) {
        guard !isFinished else { return }
        isFinished = true
        guard fseek(file, 0, SEEK_SET) == 0 else { throw WAVFile.failure("write a WAV file") }
        try write(WAVFile.header(byteCount: byteCount, channels: channels, sampleRate: sampleRate))
        guard fflush(file) == 0 else { throw WAVFile.failure("write a WAV file") }
    }

    private func write(_ bytes: [UInt8]) throws(CodecError) {
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw WAVFile.failure("write a WAV file") }
    }

    private static func failure(_ operation: String) -> CodecError {
        CodecError(operation: operation, reason: strerror(errno).map { String(cString: $0) } ?? "error \(errno)")
    }

    /// RIFF header, format chunk for PCM, and the beginning of the data chunk: 44 bytes.
    private static func header(byteCount: Int, channels: Int, sampleRate: Int) -> [UInt8] {
        func little(_ value: Int, _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        return Array("RIFF".utf8) + little(byteCount + 36, 4) + Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2)
            + little(channels, 2) + little(sampleRate, 4) + little(sampleRate * channels * 2, 4)
            + little(channels * 2, 2) + little(16, 2) + Array("data".utf8) + little(byteCount, 4)
    }
}
