import ProtocolCore
import RTP
import Testing

@Suite struct NackGeneratorTests {
    private func sequences(_ numbers: [UInt16]) -> [SequenceNumber] {
        numbers.map { SequenceNumber($0) }
    }

    /// A generator that has recorded `numbers` at the origin of time.
    private func generator(_ numbers: [UInt16]) -> NackGenerator {
        var generator = NackGenerator()
        for number in numbers {
            generator.record(SequenceNumber(number), at: .zero)
        }
        return generator
    }

    @Test func asksForNothingWithoutLoss() {
        var generator = generator([65534, 65535, 0, 1, 2])
        #expect(generator.missingCount == 0)
        #expect(generator.deadline == nil)
        #expect(generator.poll(now: .milliseconds(1000)).isEmpty)
    }

    @Test func asksAfterTheReorderToleranceAndEachRoundTrip() {
        var generator = generator([1, 4])
        #expect(generator.deadline == .milliseconds(10))
        #expect(generator.poll(now: .milliseconds(9)).isEmpty)
        #expect(generator.poll(now: .milliseconds(10)) == sequences([2, 3]))
        #expect(generator.deadline == .milliseconds(110))
        #expect(generator.poll(now: .milliseconds(109)).isEmpty)
        generator.roundTripTime = .milliseconds(1)
        #expect(generator.poll(now: .milliseconds(110)) == sequences([2, 3]))
        #expect(generator.deadline == .milliseconds(150))
        generator.roundTripTime = .seconds(9)
        #expect(generator.poll(now: .milliseconds(150)) == sequences([2, 3]))
        #expect(generator.deadline == .milliseconds(550))
    }

    @Test func forgetsWhatArrives() {
        var generator = generator([1, 5, 3])
        #expect(generator.poll(now: .milliseconds(10)) == sequences([2, 4]))
        generator.record(SequenceNumber(2), at: .milliseconds(20))
        generator.record(SequenceNumber(2), at: .milliseconds(20))
        generator.record(SequenceNumber(5), at: .milliseconds(20))
        #expect(generator.poll(now: .milliseconds(200)) == sequences([4]))
    }

    @Test func givesUpAfterTenTriesAndAsksForAKeyframe() {
        var generator = generator([1, 3])
        generator.roundTripTime = .milliseconds(10)
        for attempt in 0..<10 {
            #expect(generator.poll(now: .milliseconds(Int64(10 + attempt * 40))) == sequences([2]))
        }
        #expect(generator.missingCount == 1)
        #expect(generator.poll(now: .milliseconds(410)).isEmpty)
        #expect(generator.missingCount == 0)
        #expect(generator.needsKeyframe)
    }

    @Test(arguments: [(1, 450), (100, 450), (250, 750), (300, 900), (2000, 900)])
    func givesUpInTimeWhateverTheRoundTrip(roundTrip: Int64, wait: Int64) throws {
        var generator = generator([1, 3])
        generator.roundTripTime = .milliseconds(roundTrip)
        var givenUp: Instant?
        while let due = generator.deadline {
            _ = generator.poll(now: due)
            if generator.needsKeyframe { givenUp = givenUp ?? due }
        }
        #expect(try #require(givenUp) <= .milliseconds(wait))
        #expect(generator.missingCount == 0)
    }

    @Test func whatIsGivenUpTakesTheRestWithIt() {
        var generator = generator([1, 3])
        _ = generator.poll(now: .milliseconds(10))
        generator.record(SequenceNumber(5), at: .milliseconds(440))
        #expect(generator.poll(now: .milliseconds(450)).isEmpty)
        #expect(generator.missingCount == 0, "nothing is shown before the keyframe, so 4 is of no use either")
        #expect(generator.needsKeyframe)
    }

    @Test func crossesTheWrap() {
        var generator = generator([65533, 2])
        #expect(generator.poll(now: .milliseconds(10)) == sequences([65534, 65535, 0, 1]))
        generator.record(SequenceNumber(0), at: .milliseconds(11))
        #expect(generator.poll(now: .milliseconds(200)) == sequences([65534, 65535, 1]))
    }

    @Test func asksForAKeyframeWhenTooMuchIsMissing() {
        var kept = generator([1, 302])
        #expect(kept.missingCount == 300)
        #expect(!kept.needsKeyframe)
        kept.record(SequenceNumber(304), at: .zero)
        #expect(kept.missingCount == 0)
        #expect(kept.needsKeyframe)
        kept.needsKeyframe = false
        kept.record(SequenceNumber(306), at: .zero)
        #expect(kept.poll(now: .milliseconds(10)) == sequences([305]))
        #expect(!kept.needsKeyframe)

        let atOnce = generator([1, 303])
        #expect(atOnce.missingCount == 0)
        #expect(atOnce.needsKeyframe)
    }

    @Test func whatAKeyframeMakesUselessIsAskedForButNotMissed() {
        var generator = generator([65533, 0])
        generator.roundTripTime = .milliseconds(10)
        generator.noteKeyframe(at: SequenceNumber(0))
        #expect(generator.poll(now: .milliseconds(10)) == sequences([65534, 65535]))
        generator.record(SequenceNumber(2), at: .milliseconds(100))
        #expect(generator.poll(now: .milliseconds(460)).contains(SequenceNumber(1)))
        #expect(generator.missingCount == 1)
        #expect(!generator.needsKeyframe, "nothing depends on what was given up")
        // What was lost after the keyframe is missed.
        _ = generator.poll(now: .milliseconds(560))
        #expect(generator.needsKeyframe)
    }

    @Test func givesUpWhatIsFarBehind() {
        var generator = generator([1, 3])
        for number in UInt16(4)...10_002 {
            generator.record(SequenceNumber(number), at: .zero)
        }
        #expect(generator.poll(now: .milliseconds(10)) == sequences([2]))
        generator.record(SequenceNumber(10_003), at: .zero)
        #expect(generator.poll(now: .milliseconds(500)).isEmpty)
        #expect(generator.missingCount == 0)
    }

    @Test func staysBoundedOnRandomInput() {
        var random = SeededGenerator(seed: 11)
        var generator = NackGenerator()
        var base: UInt16 = 0
        for step in 0..<50_000 {
            base &+= UInt16.random(in: 0...40, using: &random)
            let jitter = UInt16.random(in: 0...60, using: &random)
            let number = step % 997 == 0 ? UInt16.random(in: 0...UInt16.max, using: &random) : base &+ jitter
            generator.record(SequenceNumber(number), at: .milliseconds(Int64(step)))
            #expect(generator.missingCount <= NackGenerator.maximumMissing)
            if step % 7 == 0 {
                let asked = generator.poll(now: .milliseconds(Int64(step)))
                #expect(Set(asked).count == asked.count)
            }
        }
    }
}
