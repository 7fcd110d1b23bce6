import CallingClient
import Codecs
import Foundation

/// Sends the video and audio of files into a call, over and over.
final class FileSource: Sendable {
    private static let frameSamples = 960
    private static let frameDuration: Duration = .milliseconds(20)
    /// A keyframe request goes back to a keyframe of the file at most so often.
    private static let rewindInterval: Duration = .milliseconds(500)

    /// What simulcast layers are called, the smallest first.
    static let layerNames = ["q", "h", "f"]

    /// One file of video.
    private struct Film: Sendable {
        let samples: [MediaFile.VideoSample]
        /// The time from one picture to the next.
        let pictureDuration: Duration
        /// Nil without simulcast.
        let layer: String?
    }

    private let films: [Film]
    private let audio: [Int16]

    /// The names of so many layers; none for a single file.
    static func layers(of count: Int) -> [String] {
        count > 1 ? Array(layerNames.suffix(count)) : []
    }

    /// Reads the files. Throws `CodecError`.
    init(video: [String], audio: String?) throws {
        let layers = Self.layers(of: video.count)
        films = try video.enumerated().map { position, path in
            let samples = try MediaFile.readVideo(path: path)
            guard !samples.isEmpty else {
                throw CodecError(operation: "send \(path)", reason: "there is no H.264 video in it")
            }
            let rate = try MediaFile(path: path).frameRate ?? 30
            return Film(
                samples: samples, pictureDuration: .nanoseconds(Int64(1e9 / min(max(rate, 1), 120))),
                layer: layers.isEmpty ? nil : layers[position])
        }
        self.audio = try audio.map { try MediaFile.readAudio(path: $0) } ?? []
        if let audio, self.audio.isEmpty {
            throw CodecError(operation: "send \(audio)", reason: "there is no audio in it")
        }
    }

    /// Sends until the task is cancelled.
    func send(into call: Call) async {
        await withTaskGroup { group in
            if !films.isEmpty { group.addTask { await self.sendVideo(into: call) } }
            if !audio.isEmpty { group.addTask { await self.sendAudio(into: call) } }
        }
    }

    private func sendVideo(into call: Call) async {
        let stream = RawOutgoingVideoStream(layers: films.compactMap(\.layer))
        let demand = LayerDemand()
        let listener = Task {
            for await event in stream.events { await demand.note(event) }
        }
        defer { listener.cancel() }
        guard (try? await call.startVideo(stream)) != nil else { return }
        let start = ContinuousClock.now
        await withTaskGroup { group in
            for film in films { group.addTask { await self.play(film, on: stream, since: start, demand) } }
        }
    }

    private func play(
        _ film: Film, on stream: RawOutgoingVideoStream, since start: ContinuousClock.Instant, _ demand: LayerDemand
    ) async {
        let clock = ContinuousClock()
        var lastRewind: ContinuousClock.Instant?
        var index = 0
        var count = 0
        while !Task.isCancelled {
            // A file cannot be asked for a keyframe, but it can be played again from its last one.
            let mayRewind = lastRewind.map { clock.now - $0 >= Self.rewindInterval } ?? true
            if mayRewind, await demand.takesKeyframe(film.layer) {
                lastRewind = clock.now
                index = film.samples[...index].lastIndex { $0.isKeyframe } ?? 0
            }
            let sample = film.samples[index]
            let mediaTime = film.pictureDuration * count
            guard (try? await clock.sleep(until: start + mediaTime)) != nil else { return }
            if await demand.isWanted(film.layer) {
                await stream.send(
                    sample.annexB, isKeyframe: sample.isKeyframe, layer: film.layer, mediaTime: mediaTime)
            }
            index = (index + 1) % film.samples.count
            count += 1
        }
    }

    private func sendAudio(into call: Call) async {
        let stream = RawOutgoingAudioStream()
        guard let encoder = try? OpusEncoder() else { return }
        await call.startAudio(stream)
        let clock = ContinuousClock()
        let start = clock.now
        var position = 0
        var count = 0
        while !Task.isCancelled {
            var frame = Array(audio[position..<min(position + Self.frameSamples, audio.count)])
            position += frame.count
            if position >= audio.count { position = 0 }
            frame += Array(repeating: 0, count: Self.frameSamples - frame.count)
            let mediaTime = Self.frameDuration * count
            guard (try? await clock.sleep(until: start + mediaTime)) != nil else { return }
            if let packet = try? encoder.encode(frame) {
                await stream.send(packet, level: RawOutgoingAudioStream.level(of: frame), mediaTime: mediaTime)
            }
            count += 1
        }
    }
}

/// What others want of each layer at present.
private actor LayerDemand {
    private var asked: Set<String?> = []
    private var paused: Set<String?> = []

    func note(_ event: RawOutgoingVideoStream.Event) {
        switch event {
        case .keyframeRequested(let layer):
            asked.insert(layer)
        case .layerActivated(let layer, let isActive):
            // A layer that goes on has to begin with a keyframe.
            if isActive, paused.remove(layer) != nil { asked.insert(layer) }
            if !isActive { paused.insert(layer) }
        case .bitrateLimited:
            // A file has the rate that it was made with.
            break
        }
    }

    func isWanted(_ layer: String?) -> Bool {
        !paused.contains(layer)
    }

    /// Whether a keyframe was asked for since this was called last.
    func takesKeyframe(_ layer: String?) -> Bool {
        asked.remove(layer) != nil
    }
}
