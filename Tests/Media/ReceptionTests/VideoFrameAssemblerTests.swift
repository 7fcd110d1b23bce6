import PayloadFormats
import ProtocolCore
import RTP
import Reception
import Testing

@Suite("Video frame assembler")
struct VideoFrameAssemblerTests {
    @Test("What was cut into packets comes back exactly", arguments: [64, 200, 700, 1200])
    func roundTrip(size: Int) {
        var fixture = VideoFixture(.init(bitRate: 300_000, keyframeInterval: 20))
        fixture.run(fixture.frames(60, maximumPayloadSize: size))
        #expect(fixture.frameNumbers == Array(0..<60))
        #expect(fixture.received.map(\.unit.isKeyframe) == (0..<60).map { $0 % 20 == 0 })
        #expect(fixture.keyframesAskedAt.isEmpty)
        let statistics = fixture.assembler.statistics
        #expect(statistics.framesAssembled == 60 && statistics.keyframesAssembled == 3 && statistics.framesDropped == 0)
        let first = fixture.received[0].unit
        #expect(first.nalUnits.map { first.annexB[$0.lowerBound] } == [0x67, 0x68, 0x65])
        #expect(first.nalUnits.map { Array(first.annexB[$0]).count }.reduce(0, +) + 12 == first.annexB.count)
    }

    @Test("Packets in any order within 200 ms, and twice, change nothing", arguments: 0..<6)
    func reordering(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var fixture = VideoFixture()
        var packets = fixture.frames(90)
        for index in packets.indices {
            packets[index].arrival = packets[index].arrival + .milliseconds(Int.random(in: 0...200, using: &random))
        }
        let again = packets.filter { $0.sequence % 5 == 0 }.map { packet in
            var copy = packet
            copy.arrival = packet.arrival + .milliseconds(40)
            return copy
        }
        fixture.run(packets + again)
        #expect(fixture.frameNumbers == Array(0..<90))
        #expect(fixture.assembler.statistics.packetsDiscarded == again.count)
        for (at, unit) in fixture.received {
            #expect(unit.firstArrival <= unit.lastArrival && unit.lastArrival <= at)
        }
    }

    @Test("Packets repaired in time fill their gaps")
    func repaired() {
        var random = SeededGenerator(seed: 5)
        var fixture = VideoFixture()
        var packets = fixture.frames(120)
        var repaired = 0
        for index in packets.indices where Int.random(in: 0..<10, using: &random) == 0 {
            packets[index].arrival = packets[index].arrival + .milliseconds(120)
            repaired += 1
        }
        #expect(repaired > 10)
        fixture.run(packets)
        #expect(fixture.frameNumbers == Array(0..<120))
    }

    @Test("A loss that lasts asks for a keyframe, and the stream goes on with it")
    func loss() {
        var fixture = VideoFixture()
        var packets = fixture.frames(30)
        let lost = packets.last { $0.frame == 10 }!
        packets.removeAll { $0.sequence == lost.sequence }
        fixture.run(packets)
        #expect(fixture.frameNumbers == Array(0..<10))
        #expect(fixture.assembler.missing == [SequenceNumber(lost.sequence)])
        let asked = fixture.keyframesAskedAt
        // Packets behind the gap wait from the next frame on, 250 ms.
        #expect(asked.count == 1)
        #expect((580...640).contains(Int(asked[0].nanoseconds / 1_000_000)))
        fixture.source.requestKeyframe()
        fixture.run(fixture.frames(10))
        #expect(fixture.frameNumbers == Array(0..<10) + Array(30..<40))
        #expect(fixture.assembler.missing.isEmpty)
        #expect(fixture.assembler.statistics.framesDropped == 19)
    }

    @Test("The request is repeated until a keyframe comes")
    func requestsAreRepeated() {
        var fixture = VideoFixture()
        let packets = fixture.frames(2).filter { $0.frame == 1 }
        fixture.run(packets, until: .milliseconds(2080))
        #expect(fixture.keyframesAskedAt.map { $0.nanoseconds / 1_000_000 } == [33, 533, 1033, 1533, 2033])
        #expect(fixture.received.isEmpty)
        #expect(fixture.assembler.statistics.keyframesRequested == 5)
    }

    @Test("A gap that is filled late goes on without a keyframe")
    func lateRepair() {
        var fixture = VideoFixture()
        var packets = fixture.frames(40)
        let index = packets.firstIndex { $0.frame == 10 }!
        packets[index].arrival = .milliseconds(900)
        fixture.run(packets)
        #expect(fixture.frameNumbers == Array(0..<40))
        #expect(fixture.keyframesAskedAt.count >= 1)
        #expect(fixture.assembler.statistics.freezeCount == 1)
        #expect(fixture.assembler.statistics.totalFreezesDuration == .milliseconds(900 - 297))
    }

    @Test("A hole in a picture that nothing refers to costs that picture only")
    func droppable() {
        var fixture = VideoFixture(.init(bitRate: 3_000_000, hasTemporalLayers: true))
        var packets = fixture.frames(30)
        let inner = packets.filter { $0.frame == 11 }
        #expect(inner.count >= 3)
        packets.removeAll { $0.sequence == inner[1].sequence }
        fixture.run(packets)
        #expect(fixture.frameNumbers == Array(0..<11) + Array(12..<30))
        #expect(fixture.keyframesAskedAt.isEmpty)
        #expect(fixture.assembler.statistics.framesDropped == 1)
    }

    @Test("Padding and missing markers do not matter")
    func paddingAndMarkers() {
        var fixture = VideoFixture()
        var packets: [SentVideo] = []
        for packet in fixture.frames(31) {
            var shifted = packet
            shifted.sequence = packet.sequence &+ UInt16(packet.frame)
            if packet.frame % 4 == 1 { shifted.marker = false }
            packets.append(shifted)
            if packet.marker {
                shifted.payload = []
                shifted.marker = false
                shifted.sequence &+= 1
                packets.append(shifted)
            }
        }
        fixture.run(packets)
        #expect(fixture.frameNumbers == Array(0..<31))
    }

    @Test("A stream that begins anew with other numbers is followed")
    func restart() {
        var fixture = VideoFixture(sequence: 40_000)
        fixture.run(fixture.frames(10))
        var packets = fixture.frames(1)
        fixture.source.requestKeyframe()
        packets += fixture.frames(10)
        for index in packets.indices { packets[index].sequence &-= 20_000 }
        fixture.run(packets)
        #expect(fixture.frameNumbers.suffix(10) == Array(11..<21))
    }

    @Test("A broken access unit is dropped, and so is what refers to it")
    func broken() {
        var fixture = VideoFixture()
        var packets = fixture.frames(10)
        let index = packets.firstIndex { $0.frame == 4 }!
        packets[index].payload = [0x7d, 1, 2, 3]
        fixture.run(packets)
        #expect(fixture.frameNumbers == Array(0..<4))
        #expect(fixture.assembler.statistics.framesDropped == 1)
        fixture.source.requestKeyframe()
        fixture.run(fixture.frames(3))
        #expect(fixture.frameNumbers == Array(0..<4) + Array(10..<13))
    }

    @Test("After the decoder failed only a keyframe comes out")
    func decoderFailed() {
        var fixture = VideoFixture()
        fixture.run(fixture.frames(5))
        fixture.assembler.decoderFailed()
        fixture.run(fixture.frames(5))
        fixture.source.requestKeyframe()
        fixture.run(fixture.frames(5))
        #expect(fixture.frameNumbers == Array(0..<5) + Array(10..<15))
        #expect(fixture.keyframesAskedAt.count >= 1)
    }

    @Test("What is kept stays within its limits, whatever comes", arguments: 0..<4)
    func anything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var fixture = VideoFixture(
            .init(bitRate: 200_000, keyframeInterval: 20), limits: .init(packets: 100, bytes: 20_000))
        #expect(fixture.assembler.limits.packets == 128)
        for packet in fixture.frames(400) {
            var packet = packet
            switch Int.random(in: 0..<12, using: &random) {
            case 0: continue
            case 1: packet.sequence = .random(in: .min ... .max, using: &random)
            case 2: packet.timestamp = .random(in: .min ... .max, using: &random)
            case 3: packet.marker.toggle()
            case 4:
                packet.payload = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                    .random(in: 0...255, using: &random)
                }
            case 5: packet.payload = Array(packet.payload.prefix(Int.random(in: 0...3, using: &random)))
            default: break
            }
            fixture.run([packet])
            #expect(fixture.assembler.missing.count <= 300)
        }
        #expect(fixture.assembler.statistics.framesAssembled > 0)
        #expect(fixture.assembler.statistics.framesAssembled == fixture.received.count)
    }
}

@Suite("Freezes")
struct FreezeDetectorTests {
    private func count(_ intervals: [Int]) -> (Int, Duration) {
        var detector = FreezeDetector()
        var now = Instant.zero
        detector.noteFrame(at: now)
        for interval in intervals {
            now = now + .milliseconds(interval)
            detector.noteFrame(at: now)
        }
        return (detector.freezeCount, detector.totalFreezesDuration)
    }

    @Test("An interval three times the average and 150 ms above it is a freeze")
    func definition() {
        let even = Array(repeating: 33, count: 60)
        #expect(count(even) == (0, .zero))
        #expect(count(even + [183]) == (1, .milliseconds(183)))
        #expect(count(even + [182]) == (0, .zero))
        let slow = Array(repeating: 100, count: 60)
        #expect(count(slow + [299]) == (0, .zero))
        #expect(count(slow + [300]) == (1, .milliseconds(300)))
        #expect(count(even + [500] + even + [600]) == (2, .milliseconds(1100)))
        #expect(count([5000]) == (0, .zero))
    }

    @Test("A pause that was meant is none")
    func pause() {
        var detector = FreezeDetector()
        for step in 0..<10 { detector.noteFrame(at: .milliseconds(step * 33)) }
        detector.pause()
        detector.noteFrame(at: .milliseconds(9000))
        #expect(detector.freezeCount == 0)
    }
}
