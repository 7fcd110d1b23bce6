import ProtocolCore
import Reception
import Testing

@Suite("Audio jitter buffer")
struct AudioJitterBufferTests {
    @Test("An even stream is played whole, with the smallest delay")
    func evenStream() {
        var fixture = AudioFixture()
        fixture.run(AudioFixture.stream(0..<500) { _ in 35 }, until: .milliseconds(10_000))
        let statistics = fixture.buffer.statistics
        #expect(statistics.targetDelay == .milliseconds(20))
        #expect(statistics.currentDelay <= .milliseconds(40))
        #expect(statistics.packetsLate == 0 && statistics.concealed == .zero && statistics.jitter == .zero)
        // Only what shortened the delay at the beginning was left out.
        let decoded = fixture.decoded
        #expect(decoded == decoded.sorted())
        #expect(Duration.milliseconds(20) * (decoded.last! + 1 - decoded.count) == statistics.removed)
        #expect(statistics.removed <= .milliseconds(60))
    }

    @Test("The delay follows the network's", arguments: [(40, 20...60), (100, 80...140), (300, 260...360)])
    func jitter(spread: Int, expected: ClosedRange<Int>) {
        var random = SeededGenerator(seed: UInt64(spread))
        var fixture = AudioFixture()
        fixture.run(
            AudioFixture.stream(0..<3000) { _ in Double.random(in: 10...Double(10 + spread), using: &random) },
            until: .milliseconds(59_000))
        let statistics = fixture.buffer.statistics
        #expect(expected.contains(Int(statistics.targetDelay.milliseconds)))
        #expect(statistics.packetsLate < 100)
        #expect(statistics.jitter > .milliseconds(spread / 6) && statistics.jitter < .milliseconds(spread / 2))
        let decoded = fixture.decoded
        #expect(zip(decoded, decoded.dropFirst()).allSatisfy { $0 < $1 })
        // After the beginning nearly all is played.
        #expect(decoded.count { $0 >= 1000 } > 1840)
        let late = fixture.actions.filter { $0.at > .milliseconds(20_000) }
        let concealed = late.count { if case .conceal = $0.action { true } else { false } }
        #expect(concealed < late.count / 20)
    }

    @Test("The delay shrinks again when the network gets better")
    func recovery() {
        var random = SeededGenerator(seed: 9)
        var fixture = AudioFixture()
        let packets = AudioFixture.stream(0..<6000) { number in
            number < 1000 ? Double.random(in: 10...200, using: &random) : 10
        }
        fixture.run(Array(packets.prefix(1000)), until: .milliseconds(20_000))
        #expect(fixture.buffer.statistics.targetDelay >= .milliseconds(160))
        var other = AudioFixture()
        other.run(packets, until: .milliseconds(119_000))
        #expect(other.buffer.statistics.targetDelay == .milliseconds(20))
        #expect(other.buffer.statistics.currentDelay <= .milliseconds(60))
    }

    @Test("Each lost packet is concealed once, and nothing else is")
    func loss() {
        var random = SeededGenerator(seed: 3)
        var lost = 0
        var fixture = AudioFixture()
        let packets = AudioFixture.stream(0..<2000) { number in
            let isLost = number >= 200 && number < 1990 && Int.random(in: 0..<20, using: &random) == 0
            if isLost { lost += 1 }
            return isLost ? nil : 30
        }
        fixture.run(packets, until: .milliseconds(39_900))
        #expect(lost > 60)
        #expect(fixture.concealments == lost)
        #expect(fixture.buffer.statistics.concealed == .milliseconds(20) * lost)
        #expect(fixture.decoded.count { $0 >= 200 && $0 < 1990 } == 1790 - lost)
    }

    @Test("In-band forward error correction replaces single losses, and the last of several")
    func forwardErrorCorrection() {
        var fixture = AudioFixture()
        let lost: Set<Int> = [200, 300, 400, 401, 402]
        let packets = AudioFixture.stream(
            0..<600, payload: { AudioFixture.payload($0, contents: 9 << 3, flags: 0x40) },
            delay: { lost.contains($0) ? nil : 30 })
        fixture.run(packets, until: .milliseconds(11_900))
        #expect(fixture.corrected == [201, 301, 403])
        #expect(fixture.concealments == 2)
        #expect(fixture.buffer.statistics.packetsFromForwardErrorCorrection == 3)
        #expect(fixture.buffer.statistics.concealmentEvents == 1)
        for number in [201, 301, 403] { #expect(fixture.decoded.contains(number)) }
    }

    @Test("A redundant payload replaces what was lost before it")
    func redundancy() {
        var fixture = AudioFixture()
        let lost: Set<Int> = [200, 300]
        var packets = AudioFixture.stream(0..<600) { lost.contains($0) ? nil : 30 }
        AudioFixture.addRedundancy(to: &packets)
        fixture.run(packets, until: .milliseconds(11_900))
        #expect(fixture.concealments == 0)
        #expect(fixture.buffer.statistics.packetsFromRedundancy == 2)
        for number in lost { #expect(fixture.decoded.contains(number)) }
        let decoded = fixture.decoded
        #expect(zip(decoded, decoded.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(
        "A network that loses packets has the buffer wait for their repair, and one that loses none has not",
        arguments: [true, false])
    func waitsForRepair(isRedundant: Bool) {
        var random = SeededGenerator(seed: 5)
        var fixture = AudioFixture()
        var lost = 0
        let payload: (Int) -> [UInt8] =
            isRedundant
            ? { AudioFixture.payload($0) } : { AudioFixture.payload($0, contents: 9 << 3, flags: 0x40) }
        var packets = AudioFixture.stream(0..<8000, payload: payload) { number in
            let isLost = number >= 500 && number < 1500 && Int.random(in: 0..<10, using: &random) == 0
            if isLost { lost += 1 }
            return isLost ? nil : 30
        }
        if isRedundant { AudioFixture.addRedundancy(to: &packets) }
        fixture.run(packets.filter { $0.arrival < .zero + .seconds(29) }, until: .zero + .seconds(29))
        #expect(fixture.buffer.statistics.targetDelay >= .milliseconds(40))
        // Of two copies and the packet itself one gets through; forward error correction repairs the last of a gap only.
        let made = fixture.buffer.statistics.concealed - fixture.buffer.statistics.inserted
        #expect(made <= .milliseconds(20) * (isRedundant ? lost / 20 : lost / 5))
        fixture.run(packets.filter { $0.arrival >= .zero + .seconds(29) }, until: .zero + .seconds(159))
        #expect(fixture.buffer.statistics.targetDelay <= .milliseconds(20))
    }

    @Test("Packets that come twice are played once")
    func duplicates() {
        var fixture = AudioFixture()
        let packets = AudioFixture.stream(0..<300) { _ in 30 }
        let again = packets.map { packet in
            var copy = packet
            copy.arrival = packet.arrival + .milliseconds(packet.sequence % 3 == 0 ? 5 : 70)
            return copy
        }
        fixture.run(packets + again, until: .milliseconds(5900))
        #expect(fixture.buffer.statistics.packetsDuplicated == 300)
        #expect(Set(fixture.decoded).count == fixture.decoded.count)
        #expect(fixture.buffer.statistics.packetsLate == 0)
    }

    @Test("Sequence numbers and timestamps wrap unnoticed")
    func wrap() {
        var fixture = AudioFixture()
        var even = AudioFixture()
        var random = SeededGenerator(seed: 11)
        let delays = (0..<400).map { _ in Double.random(in: 0...50, using: &random) }
        fixture.run(
            AudioFixture.stream(0..<400, sequence: 65_400, timestamp: 4_294_800_000) { delays[$0] },
            until: .milliseconds(7900))
        even.run(AudioFixture.stream(0..<400) { delays[$0] }, until: .milliseconds(7900))
        #expect(fixture.decoded == even.decoded)
        #expect(fixture.buffer.statistics == even.buffer.statistics)
    }

    @Test("A stream that begins anew is followed", arguments: [0, 3_000_000_000, 240_000] as [UInt32])
    func restart(timestamp: UInt32) {
        var fixture = AudioFixture()
        let before = AudioFixture.stream(0..<250, sequence: 40_000, timestamp: 1_000_000) { _ in 30 }
        let after = AudioFixture.stream(250..<500, sequence: 9, timestamp: timestamp) { _ in 30 }
        fixture.run(before + after, until: .milliseconds(10_000))
        #expect(fixture.decoded.count { $0 >= 250 } >= 240)
        #expect(fixture.decoded.last == 498 || fixture.decoded.last == 497)
    }

    @Test("While the sender is silent nothing is made up, and speech after it is whole")
    func discontinuousTransmission() {
        var fixture = AudioFixture()
        // Silence from 200 to 399: one short packet of 20 ms every 400 ms, numbers in sequence without gaps.
        var sequence: UInt16 = 0
        var packets: [SentAudio] = []
        for number in 0..<600 {
            let isSilent = (200..<400).contains(number)
            guard !isSilent || number % 20 == 0 else { continue }
            packets.append(
                SentAudio(
                    sequence: sequence, timestamp: UInt32(number * 960),
                    payload: isSilent ? [9 << 3] : AudioFixture.payload(number),
                    arrival: .milliseconds(number * 20 + 30)))
            sequence += 1
        }
        fixture.run(packets, until: .milliseconds(11_900))
        #expect(fixture.concealments == 0)
        #expect(fixture.buffer.statistics.silence > .seconds(3))
        let speech = fixture.actions.compactMap { entry -> Int? in
            if case .decode(let payload, _) = entry.action, payload.count > 2 { return AudioFixture.number(payload) }
            return nil
        }
        #expect(speech.filter { $0 >= 400 }.prefix(3) == [400, 401, 402])
        #expect(fixture.buffer.statistics.currentDelay <= .milliseconds(60))
    }

    @Test("A sender that stops and goes on later, with or without counting the pause", arguments: [false, true])
    func pause(countsPause: Bool) {
        var fixture = AudioFixture()
        let before = AudioFixture.stream(0..<200) { _ in 30 }
        let after = AudioFixture.stream(200..<400, timestamp: countsPause ? 96_000 : 0) { _ in 2030 }
        fixture.run(before + after, until: .milliseconds(9900))
        #expect(fixture.concealments <= 26)
        #expect(fixture.buffer.statistics.packetsLate == 0)
        #expect(fixture.decoded.filter { $0 >= 200 }.prefix(3) == [200, 201, 202])
        #expect(fixture.buffer.statistics.currentDelay <= .milliseconds(60))
    }

    @Test("A sender's clock that is wrong by 300 ppm is followed", arguments: [-0.006, 0.006])
    func drift(error: Double) {
        var fixture = AudioFixture()
        let packets = AudioFixture.stream(0..<15_000, milliseconds: 20 + error) { _ in 30 }
        fixture.run(packets, until: .milliseconds(299_000))
        let statistics = fixture.buffer.statistics
        #expect(statistics.currentDelay <= .milliseconds(60))
        #expect(statistics.packetsLate == 0)
        // 300 s drift by 90 ms.
        if error > 0 { #expect(fixture.concealments >= 2 && fixture.concealments <= 8) }
        if error < 0 { #expect(statistics.removed >= .milliseconds(80) && statistics.removed <= .milliseconds(180)) }
    }

    @Test("After a stall of the network what piled up is caught up with")
    func stall() {
        var fixture = AudioFixture()
        let packets = AudioFixture.stream(0..<1000) { number in
            (300..<315).contains(number) ? Double(315 - number) * 20 + 30 : 30
        }
        fixture.run(packets, until: .milliseconds(19_900))
        let statistics = fixture.buffer.statistics
        #expect(fixture.concealments > 5)
        #expect(statistics.packetsLate == 0)
        #expect(statistics.currentDelay <= statistics.targetDelay + .milliseconds(40))
        #expect(fixture.decoded.count { $0 >= 300 && $0 < 315 } >= 10)
    }

    @Test("Packets of 10 and 60 ms keep their length", arguments: [(30, 480), (11, 2880)] as [(UInt8, Int)])
    func lengths(configuration: UInt8, ticks: Int) {
        var fixture = AudioFixture()
        let length = Double(ticks) / 48
        let packets = (0..<200).map { number in
            SentAudio(
                sequence: UInt16(number), timestamp: UInt32(number * ticks),
                payload: AudioFixture.payload(number, contents: configuration << 3),
                arrival: Instant(nanoseconds: Int64(Double(number) * length * 1_000_000) + 30_000_000))
        }
        fixture.run(packets, until: Instant(nanoseconds: Int64(199 * length * 1_000_000)))
        #expect(fixture.concealments == 0)
        #expect(fixture.decoded.count >= 190)
        for case .decode(_, let duration) in fixture.actions.map(\.action) {
            #expect(duration == .nanoseconds(Int64(length * 1_000_000)))
        }
    }

    @Test("No packets trap, and no more are kept than the capacity", arguments: 0..<4)
    func anything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var fixture = AudioFixture()
        var now = Instant.zero
        for _ in 0..<4000 {
            now = now + .microseconds(Int.random(in: 0...20_000, using: &random))
            let isWild = Int.random(in: 0..<10, using: &random) == 0
            let step = UInt32(now.nanoseconds / 1_000_000 * 48)
            fixture.insert(
                SentAudio(
                    sequence: isWild
                        ? .random(in: .min ... .max, using: &random) : UInt16(truncatingIfNeeded: step / 960),
                    timestamp: isWild ? .random(in: .min ... .max, using: &random) : step,
                    payload: (0..<Int.random(in: 0...12, using: &random)).map { _ in
                        .random(in: 0...255, using: &random)
                    },
                    isRedundant: Bool.random(using: &random), arrival: now))
            if Bool.random(using: &random) { fixture.pull(before: now) }
        }
        #expect(fixture.buffer.statistics.packetsReceived == 4000)
        #expect(!fixture.decoded.isEmpty)
        #expect(fixture.buffer.statistics.targetDelay <= .milliseconds(500))
    }
}
