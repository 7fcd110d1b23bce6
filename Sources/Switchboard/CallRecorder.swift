import CallingClient
import Codecs
import Foundation
import Reception
import Synchronization

/// Writes what others send to files: `PARTICIPANT.wav`, `PARTICIPANT-camera.h264` and `PARTICIPANT-screen.h264`.
///
/// Files are written by a task of its own, because media comes on the thread that receives it.
final class CallRecorder: IncomingMediaReceiver {
    private enum Item: Sendable {
        case video([UInt8], String, MediaStreamType)
        case audio([Int16], String)
    }

    private let continuation: AsyncStream<Item>.Continuation
    private let writer: Task<[String: Int], Never>

    /// - Throws: When the folder cannot be made.
    init(folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (items, continuation) = AsyncStream.makeStream(of: Item.self)
        self.continuation = continuation
        writer = Task { await Self.write(items, to: folder) }
    }

    func receiveVideo(_ accessUnit: VideoAccessUnit, from participant: String, _ type: MediaStreamType) {
        continuation.yield(.video(accessUnit.annexB, participant, type))
    }

    func receiveAudio(_ samples: [Int16], from participant: String) {
        continuation.yield(.audio(samples, participant))
    }

    /// Ends the files and tells what is in them.
    func finish() async {
        continuation.finish()
        for (path, count) in await writer.value.sorted(by: { $0.key < $1.key }) {
            EventPrinter.print("recorded", ["file": path, path.hasSuffix(".wav") ? "samples" : "pictures": count])
        }
    }

    private static func write(_ items: AsyncStream<Item>, to folder: String) async -> [String: Int] {
        var sounds: [String: WAVFile] = [:]
        var pictures: [String: FileHandle] = [:]
        var counts: [String: Int] = [:]
        for await item in items {
            do {
                switch item {
                case .audio(let samples, let participant):
                    let path = "\(folder)/\(participant).wav"
                    if sounds[path] == nil { sounds[path] = try WAVFile(path: path) }
                    try sounds[path]?.append(samples)
                    counts[path, default: 0] += samples.count
                case .video(let bytes, let participant, let type):
                    let path = "\(folder)/\(participant)-\(type.rawValue).h264"
                    if pictures[path] == nil {
                        _ = FileManager.default.createFile(atPath: path, contents: nil)
                        pictures[path] = FileHandle(forWritingAtPath: path)
                    }
                    try pictures[path]?.write(contentsOf: Data(bytes))
                    counts[path, default: 0] += 1
                }
            } catch {
                EventPrinter.print("recordingFailed", ["message": "\(error)"])
            }
        }
        for sound in sounds.values { try? sound.finish() }
        for picture in pictures.values { try? picture.close() }
        return counts
    }
}

/// libopus for one audio slot.
final class SlotAudioDecoder: AudioDecoding {
    private let decoder: OpusDecoder

    init() throws {
        decoder = try OpusDecoder()
    }

    func decodePacket(_ packet: [UInt8]) throws -> [Int16] {
        try decoder.decode(packet)
    }

    func decodeLostFrame(_ duration: Duration, from next: [UInt8]) throws -> [Int16] {
        try decoder.decodeLost(duration, from: next)
    }

    func concealFrame(_ duration: Duration) throws -> [Int16] {
        try decoder.conceal(duration)
    }
}
