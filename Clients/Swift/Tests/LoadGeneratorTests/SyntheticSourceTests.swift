import PayloadFormats
import ProtocolCore
import RTP
import Testing

@testable import LoadGenerator

/// A publisher's camera and microphone in virtual time.
@Suite struct SyntheticSourceTests {
    private struct Made {
        var pictures: [(layer: Int, isKeyframe: Bool, mediaTime: Duration, bytes: [UInt8])] = []
        var sounds: [(level: UInt8, mediaTime: Duration)] = []
    }

    private func run(_ source: inout SyntheticSource, from begin: Instant, for duration: Duration) -> Made {
        var made = Made()
        var now = begin
        while now < begin + duration {
            while let output = source.poll(now: now) {
                switch output {
                case .picture(let bytes, let layer, let isKeyframe, let mediaTime):
                    made.pictures.append((layer, isKeyframe, mediaTime, bytes))
                case .sound(_, let level, let mediaTime):
                    made.sounds.append((level.level, mediaTime))
                }
            }
            now = now + .milliseconds(2)
        }
        return made
    }

    private let begin = Instant.zero + .seconds(10)

    @Test func keepsItsRates() throws {
        let plan = LoadPlan(publishers: 2, subscribers: 1, video: .usual(.hd), speakers: 1)
        var source = SyntheticSource(plan, publisher: 0, begin: begin)
        let made = run(&source, from: begin, for: .seconds(10))
        #expect((300...301).contains(made.pictures.count))
        #expect(made.sounds.count == 500)
        #expect(made.sounds.allSatisfy { $0.level < 60 })
        #expect(made.pictures.map(\.isKeyframe).prefix(2) == [true, false])
        let bits = made.pictures.reduce(0) { $0 + $1.bytes.count } * 8
        #expect(bits > 14_250_000 && bits < 15_750_000)
        for (one, other) in zip(made.sounds, made.sounds.dropFirst()) {
            #expect(other.mediaTime - one.mediaTime == .milliseconds(20))
        }
        let worst = try #require(source.lateness.maximum)
        #expect(worst <= .milliseconds(2))
        let bytes = made.pictures[5].bytes
        let found = SyntheticH264Stamp.read(accessUnit: bytes.span.bytes)
        let stamp = try #require(found)
        #expect(stamp.number == 5)
        #expect(SourceMark(of: stamp.capturedAt) == SourceMark(publisher: 0, layer: 0))
    }

    @Test func whoDoesNotSpeakIsSilent() {
        let plan = LoadPlan(publishers: 2, subscribers: 1, video: nil, speakers: 1)
        var source = SyntheticSource(plan, publisher: 1, begin: begin)
        let made = run(&source, from: begin, for: .seconds(1))
        #expect(made.sounds.count == 50)
        #expect(made.sounds.allSatisfy { $0.level == 127 })
        #expect(made.pictures.isEmpty)
    }

    @Test func layersHaveOneTimeAndTheirOwnKeyframes() {
        let plan = LoadPlan(publishers: 1, subscribers: 1, video: .usual(.hd, isSimulcast: true), hasAudio: false)
        var source = SyntheticSource(plan, publisher: 0, begin: begin)
        var made = run(&source, from: begin, for: .seconds(1))
        #expect(made.pictures.map(\.layer).prefix(6) == [0, 1, 2, 0, 1, 2])
        #expect(made.pictures[3].mediaTime == made.pictures[5].mediaTime)
        #expect(made.sounds.isEmpty)
        source.requestKeyframe(layer: 1)
        source.requestKeyframe(layer: 9)
        made = run(&source, from: begin + .seconds(1), for: .milliseconds(100))
        let keyframes = made.pictures.filter(\.isKeyframe)
        #expect(keyframes.map(\.layer) == [1])
    }

    @Test func aStandstillIsNotMadeUpFor() {
        let plan = LoadPlan(publishers: 1, subscribers: 1, video: .usual(.half))
        var source = SyntheticSource(plan, publisher: 0, begin: begin)
        _ = run(&source, from: begin, for: .seconds(1))
        source.startCounting(at: begin + .seconds(5))
        let made = run(&source, from: begin + .seconds(5), for: .milliseconds(100))
        #expect(made.pictures.count <= 5)
        #expect(made.sounds.count <= 6)
        #expect(source.pictures == made.pictures.count)
    }
}
