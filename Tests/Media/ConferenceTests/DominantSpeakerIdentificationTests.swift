import Conference
import ProtocolCore
import Testing

/// A call in virtual time: each member talks as told, and the decisions are kept.
private struct Call {
    var identification = DominantSpeakerIdentification()
    var now = Instant.zero
    var random: SeededGenerator
    /// Who was dominant, each time it changed.
    var changes: [Int32?] = []

    init(seed: UInt64 = 1) {
        random = SeededGenerator(seed: seed)
    }

    enum Voice {
        /// Speech: syllables of 200 ms around -30 dBov, with 60 ms between them around -55.
        case talking
        /// Noise around -75 dBov.
        case listening
        /// No packets.
        case absent
        /// As loud as it gets.
        case coughing
    }

    mutating func run(_ voices: [Int32: Voice], for duration: Duration, frame: Int = 20) {
        for _ in 0..<Int(duration / .milliseconds(frame)) {
            for (member, voice) in voices.sorted(by: { $0.key < $1.key }) {
                guard let level = level(voice) else { continue }
                identification.record(level: level, of: member, at: now)
            }
            now = now + .milliseconds(frame)
            let dominant = identification.poll(now: now)
            if changes.last ?? nil != dominant { changes.append(dominant) }
        }
    }

    private mutating func level(_ voice: Voice) -> UInt8? {
        let phase = Int(now.nanoseconds / 1_000_000) % 260
        switch voice {
        case .talking:
            return phase < 200 ? .random(in: 24...36, using: &random) : .random(in: 50...60, using: &random)
        case .listening: return .random(in: 70...80, using: &random)
        case .absent: return nil
        case .coughing: return .random(in: 5...10, using: &random)
        }
    }
}

@Suite("Dominant speaker identification")
struct DominantSpeakerIdentificationTests {
    @Test("Nobody leads a silent call")
    func silence() {
        var call = Call()
        call.run([1: .listening, 2: .listening, 3: .absent], for: .seconds(20))
        #expect(call.changes.isEmpty)
    }

    @Test("Who talks leads within a second, and keeps the lead through his pauses", arguments: 0..<5)
    func steadyTalker(seed: UInt64) {
        var call = Call(seed: seed)
        call.run([1: .listening, 2: .talking, 3: .listening], for: .seconds(1))
        #expect(call.changes == [2])
        call.run([1: .listening, 2: .talking, 3: .listening], for: .seconds(30))
        call.run([1: .listening, 2: .listening, 3: .listening], for: .seconds(30))
        call.run([1: .listening, 2: .absent, 3: .listening], for: .seconds(30))
        #expect(call.changes == [2])
    }

    @Test("Taking turns changes the lead each time, once", arguments: 0..<5)
    func alternation(seed: UInt64) {
        var call = Call(seed: seed)
        var expected: [Int32?] = []
        for turn in 0..<12 {
            let talker = Int32(turn % 3)
            let voices = [0, 1, 2].map { ($0, $0 == talker ? Call.Voice.talking : .listening) }
            call.run(Dictionary(uniqueKeysWithValues: voices), for: .seconds(3))
            expected.append(talker)
            #expect(call.changes == expected, "turn \(turn)")
        }
    }

    @Test("A cough changes nothing, in the middle of speech and in silence", arguments: [40, 100, 160, 240])
    func coughs(milliseconds: Int) {
        var call = Call(seed: UInt64(milliseconds))
        call.run([1: .talking, 2: .listening], for: .seconds(3))
        for round in 0..<20 {
            call.run([1: .talking, 2: .coughing], for: .milliseconds(milliseconds))
            // Another time between coughs each round, so that decisions fall anywhere.
            call.run([1: .talking, 2: .listening], for: .milliseconds(1000 + round * 20))
        }
        #expect(call.changes == [1])
        for round in 0..<20 {
            call.run([1: .listening, 2: .coughing], for: .milliseconds(milliseconds))
            call.run([1: .listening, 2: .listening], for: .milliseconds(1500 + round * 20))
        }
        #expect(call.changes == [1])
    }

    @Test("Talking over each other does not make the lead flutter")
    func crosstalk() {
        var call = Call(seed: 8)
        call.run([1: .talking, 2: .listening], for: .seconds(3))
        call.run([1: .talking, 2: .talking], for: .seconds(20))
        #expect(call.changes.count <= 2)
    }

    @Test("A dominant member who leaves is nobody's successor until somebody speaks")
    func leaving() {
        var call = Call()
        call.run([1: .talking, 2: .listening, 3: .listening], for: .seconds(2))
        call.identification.remove(1)
        #expect(call.identification.dominant == nil)
        call.run([2: .listening, 3: .listening], for: .seconds(2))
        #expect(call.changes == [1, nil])
        call.run([2: .listening, 3: .talking], for: .seconds(1))
        #expect(call.changes == [1, nil, 3])
        call.identification.remove(2)
        call.identification.remove(2)
        call.run([1: .talking, 3: .absent], for: .seconds(2))
        #expect(call.changes == [1, nil, 3, 1])
    }

    @Test("A talker who sends nothing more gives way")
    func disappearing() {
        var call = Call()
        call.run([1: .talking, 2: .listening], for: .seconds(2))
        call.run([2: .talking], for: .milliseconds(1800))
        #expect(call.changes == [1, 2])
    }

    @Test("Packets of 60 ms count as three frames")
    func longPackets() {
        var call = Call()
        call.run([1: .talking, 2: .listening], for: .seconds(3), frame: 60)
        #expect(call.changes == [1])
    }

    @Test("An even noise is no speech, however loud")
    func noise() {
        var identification = DominantSpeakerIdentification()
        for step in 0..<500 {
            let now = Instant(nanoseconds: Int64(step) * 20_000_000)
            identification.record(level: UInt8(20 + step % 5), of: 1, at: now)
            #expect(identification.poll(now: now) == nil)
        }
    }

    @Test("No more than 512 members are compared, and places become free")
    func limit() {
        var identification = DominantSpeakerIdentification()
        func speak(_ member: Int32, from start: Int) -> Int32? {
            for step in 0..<100 {
                let level: UInt8 = step % 13 < 10 ? 20 : 60
                identification.record(
                    level: level, of: member, at: Instant(nanoseconds: Int64(start + step * 20) * 1_000_000))
            }
            return identification.poll(now: Instant(nanoseconds: Int64(start + 2000) * 1_000_000))
        }
        for member in Int32(0)..<512 { identification.record(level: 127, of: member, at: .zero) }
        #expect(speak(600, from: 1000) == nil)
        identification.remove(17)
        #expect(speak(600, from: 4000) == 600)
        #expect(speak(511, from: 8000) == 511)
    }
}
