internal import ArgumentParser
internal import Conference
internal import Foundation
internal import MediaLab
import MediaVocabulary
internal import NetworkEmulation
internal import ProtocolCore

/// Plays a call of as many people as a call may have in virtual time, and tells how fast that goes.
///
/// Server and clients are the real ones: every packet is made, encrypted, forwarded, received and checked.
@main
struct LargeCallBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "large-call-benchmark", abstract: "A call of 350 in virtual time: 3 speak, 9 are seen by all.")

    @Option(help: "Participants, the nine who are seen included.")
    var participants = 350
    @Option(help: "Seconds of the call.")
    var seconds = 5

    func run() throws {
        let conference = try VirtualConference()
        var stage: [VirtualClient] = []
        for index in 0..<9 {
            var shape = VirtualClient.Shape()
            shape.layers = [(180, 100_000)]
            shape.frameRate = 10
            shape.videoSlots = 9
            shape.audioLevel = 20
            if index >= 3 { shape.publishes = [.camera] }
            stage.append(try conference.join(shape: shape))
        }
        var watching = VirtualClient.Shape()
        watching.publishes = []
        watching.videoSlots = 9
        for _ in 9..<max(10, participants) {
            let person = try conference.join(shape: watching)
            for (slot, publisher) in stage.enumerated() {
                conference.show(publisher, in: slot, of: person, width: 320, height: 180)
            }
        }
        let begin = ContinuousClock.now
        conference.run(for: .seconds(seconds))
        let took = (ContinuousClock.now - begin) / .seconds(1)
        let audience = conference.clients.dropFirst(9)
        let frames = audience.reduce(0) { $0 + $1.pictures.values.reduce(0) { $0 + $1.frames } }
        let corrupted = audience.reduce(0) { $0 + $1.pictures.values.reduce(0) { $0 + $1.corrupted } }
        print(
            "participants=\(conference.clients.count) virtual=\(seconds) s real=\(String(format: "%.1f", took)) s",
            "frames=\(frames) corrupted=\(corrupted)")
        if corrupted > 0 || frames == 0 { throw ExitCode.failure }
    }
}
