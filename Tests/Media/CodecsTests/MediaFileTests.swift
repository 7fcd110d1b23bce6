import Codecs
import Foundation
import PayloadFormats
import TestSupport
import Testing

@Suite("Media files")
struct MediaFileTests {
    private let size = PictureSize(width: 160, height: 90)

    @Test("What was written as WAV is read again, sample by sample")
    func wav() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/tone.wav"
        let samples = Signal.voice(seconds: 0.5)
        let file = try WAVFile(path: path)
        for frame in samples.frames { try file.append(frame) }
        try file.finish()
        try file.append([1, 2, 3])
        #expect(try MediaFile.readAudio(path: path) == samples)
        let media = try MediaFile(path: path)
        #expect(media.hasAudio && media.videoSize == nil && media.frameRate == nil)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.size] as? Int == 44 + samples.count * 2)
    }

    @Test("Other rates and channels become 48 kHz and one channel", arguments: [(8000, 1), (44_100, 2), (16_000, 2)])
    func resampling(rate: Int, channels: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/tone.wav"
        let file = try WAVFile(path: path, channels: channels, sampleRate: rate)
        let tone = Signal.tone(400 * 48_000 / Double(rate), seconds: Double(rate) / 48_000)
        try file.append(tone.flatMap { Array(repeating: $0, count: channels) })
        try file.finish()
        let read = try MediaFile.readAudio(path: path)
        #expect(abs(read.count - 48_000) <= 48)
        let expected = Signal.tone(400, seconds: 1)
        #expect(Measure.signalToNoise(expected[4800..<40_000], read[4800..<40_000]) > 25)
    }

    @Test("An H.264 byte stream is read picture by picture")
    func byteStream() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/video.h264"
        let encoder = try H264Encoder(.init(size: size, keyframeInterval: 10))
        let units = try (0..<25).map { try encoder.encode(Signal.picture($0, size: size)) }
        try Data(units.flatMap(\.annexB)).write(to: URL(filePath: path))
        let media = try MediaFile(path: path)
        #expect(media.videoSize == size && !media.hasAudio)
        let read = try MediaFile.readVideo(path: path)
        #expect(read.map(\.isKeyframe) == units.map(\.isKeyframe))
        #expect(read.map { nalUnits($0.annexB) } == units.map { nalUnits($0.annexB) })
        let times = read.map(\.presentationTime)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        let decoder = try H264Decoder()
        for (number, sample) in read.enumerated() {
            let picture = try #require(try decoder.decode(sample.annexB))
            #expect(Measure.peakSignalToNoise(Signal.picture(number, size: size), picture) > 30)
        }
    }

    private func nalUnits(_ stream: [UInt8]) -> [[UInt8]] {
        H264AnnexB.nalUnits(in: stream.span.bytes).map { Array(stream[$0]) }
    }

    @Test("Files that are none throw, and say which")
    func errors() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: CodecError.self) { try MediaFile(path: folder.path + "/missing.mp4") }
        #expect(missing?.description.contains("missing.mp4: No such file") == true)
        let path = folder.path + "/text.mp4"
        try Data("This is no film.".utf8).write(to: URL(filePath: path))
        #expect(throws: CodecError.self) { try MediaFile(path: path) }
        #expect(throws: CodecError.self) { try WAVFile(path: folder.path + "/no/folder.wav") }
    }
}
