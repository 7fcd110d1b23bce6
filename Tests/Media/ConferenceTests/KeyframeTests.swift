import MediaVocabulary
import PayloadFormats
import ProtocolCore
import Testing

@testable import Conference

/// Where a receiver begins with H.264, and with which parameter sets.
@Suite("Keyframes of H.264")
struct KeyframeTests {
    static let sps: [UInt8] = [0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40]
    static let pps: [UInt8] = [0x68, 0xce, 0x3c, 0x80]
    static let idr: [UInt8] = [0x65, 0x88, 0x84, 0x00, 0x01]
    static let slice: [UInt8] = [0x41, 0x9a, 0x24]
    static let recovery: [UInt8] = [0x06, 0x06, 0x01, 0xc4, 0x80]

    static func stap(_ units: [UInt8]...) -> [UInt8] {
        units.reduce(into: [0x78]) { $0 += [UInt8($1.count >> 8), UInt8($1.count & 0xff)] + $1 }
    }

    static func fragment(_ unit: [UInt8], isStart: Bool) -> [UInt8] {
        [unit[0] & 0xe0 | 28, (isStart ? 0x80 : 0) | unit[0] & 0x1f] + unit.dropFirst()
    }

    static func wantsKeyframe(_ events: [ConferenceEvent]) -> Bool {
        events.contains { if case .requestKeyframe = $0 { true } else { false } }
    }

    @Test("A picture parameter set alone is no keyframe: nothing flows, and one is asked for")
    func pictureParameterSetAlone() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(Self.wantsKeyframe(fixture.poll()))
        for picture in UInt16(0)..<24 {
            let timestamp = UInt32(picture) * 3000
            #expect(fixture.send(h264: Self.pps, 2 * picture, timestamp: timestamp, from: ada).isEmpty)
            #expect(fixture.send(h264: Self.slice, 2 * picture + 1, timestamp: timestamp, from: ada).isEmpty)
            #expect(
                fixture.send(h264: Self.stap(Self.pps, Self.slice), 100 + picture, timestamp: timestamp, from: ada)
                    .isEmpty)
            fixture.advance(.milliseconds(33))
        }
        fixture.advance(.milliseconds(300))
        #expect(Self.wantsKeyframe(fixture.poll()))
    }

    @Test("An IDR picture without known parameter sets is of no use to anybody")
    func unknownSets() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(fixture.send(h264: Self.idr, 1, from: ada).isEmpty)
        fixture.send(h264: Self.pps, 2, from: ada)
        #expect(fixture.send(h264: Self.idr, 3, from: ada).isEmpty)
        #expect(Self.wantsKeyframe(fixture.poll()))
    }

    @Test(
        "Whoever comes late gets the parameter sets before the IDR picture",
        arguments: [[idr], [fragment(idr, isStart: true), fragment(idr, isStart: false)], [stap(idr)]])
    func lateViewer(picture: [[UInt8]]) throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let edsger = fixture.join()
        fixture.show(ada, of: grace)
        // The sets come once, with the first picture.
        fixture.send(h264: Self.sps, 10, from: ada)
        fixture.send(h264: Self.pps, 11, from: ada)
        #expect(fixture.send(h264: Self.idr, 12, from: ada).count == 1)
        fixture.send(h264: Self.slice, 13, timestamp: 3000, from: ada)
        fixture.show(ada, of: edsger)
        #expect(fixture.send(h264: Self.slice, 14, timestamp: 6000, from: ada).count == 1)
        var late: [ConferenceFixture.Sent] = []
        var early: [ConferenceFixture.Sent] = []
        for (offset, payload) in picture.enumerated() {
            let sent = fixture.send(h264: payload, 15 + UInt16(offset), timestamp: 9000, from: ada)
            late += sent.filter { $0.ssrc == ConferenceFixture.ssrc(edsger, 3).rawValue }
            early += sent.filter { $0.ssrc == ConferenceFixture.ssrc(grace, 3).rawValue }
        }
        #expect(late.map(\.payload) == [Self.stap(Self.sps, Self.pps)] + picture)
        let first = try #require(late.first)
        #expect(late.map(\.sequence) == late.indices.map { first.sequence &+ UInt16($0) })
        #expect(late.allSatisfy { $0.timestamp == first.timestamp })
        #expect(!first.marker)
        // Who has them already gets nothing more.
        #expect(early.map(\.payload) == picture)
        let next = fixture.send(h264: Self.slice, 15 + UInt16(picture.count), timestamp: 12_000, from: ada)
            .first { $0.ssrc == first.ssrc }
        #expect(next?.sequence == first.sequence &+ UInt16(picture.count + 1))
        #expect(fixture.conference.counters.insertedParameterSets == 1)
    }

    @Test("A packet that was put in is sent again like the others")
    func retransmission() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.send(h264: Self.stap(Self.sps, Self.pps), 10, from: ada)
        fixture.show(ada, of: grace)
        let sent = fixture.send(h264: Self.idr, 12, timestamp: 9000, from: ada)
        #expect(sent.count == 2)
        fixture.send(h264: Self.slice, 13, timestamp: 12_000, from: ada)
        let again = fixture.nack(sent.map(\.sequence), by: grace)
        #expect(again.map(\.payload) == sent.map(\.payload))
        #expect(again.map(\.originalSequence) == sent.map(\.sequence))
        #expect(again.map(\.timestamp) == sent.map(\.timestamp))
        // Padding repeats what was sent, and never a payload under another one's number.
        let padding = fixture.pad(20_000, to: grace).sent.filter { $0.originalSequence == sent[0].sequence }
        #expect(padding.isEmpty)
    }

    @Test("A set that did not come with the picture is put in before its slice")
    func incompletePicture() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.send(h264: Self.pps, 10, from: ada)
        fixture.show(ada, of: grace)
        var sent = fixture.send(h264: Self.sps, 11, timestamp: 9000, from: ada)
        sent += fixture.send(h264: Self.idr, 12, timestamp: 9000, from: ada)
        #expect(sent.map(\.payload) == [Self.sps, Self.stap(Self.sps, Self.pps), Self.idr])
        let first = try #require(sent.first)
        #expect(sent.map(\.sequence) == [first.sequence, first.sequence &+ 1, first.sequence &+ 2])
    }

    @Test("Parameter sets that no keyframe follows begin nothing")
    func setsBeforeOtherPictures() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(
            fixture.send(h264: Self.stap(Self.sps, Self.pps, Self.slice), 9, from: ada).isEmpty)
        #expect(Self.wantsKeyframe(fixture.poll()))
        for picture in UInt16(0)..<5 {
            let timestamp = UInt32(picture + 1) * 3000
            fixture.send(h264: Self.sps, 10 + 3 * picture, timestamp: timestamp, from: ada)
            fixture.send(h264: Self.pps, 11 + 3 * picture, timestamp: timestamp, from: ada)
            #expect(fixture.send(h264: Self.slice, 12 + 3 * picture, timestamp: timestamp, from: ada).isEmpty)
        }
        fixture.advance(.milliseconds(300))
        #expect(Self.wantsKeyframe(fixture.poll()))
        #expect(fixture.send(h264: Self.idr, 40, timestamp: 90_000, from: ada).count == 2)
    }

    @Test("A picture that decoders may begin at is a keyframe too, with the sets in band or before")
    func recoveryPoints() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let edsger = fixture.join()
        fixture.show(ada, of: grace)
        fixture.send(h264: Self.stap(Self.sps, Self.pps), 10, from: ada)
        #expect(fixture.send(h264: Self.recovery, 11, from: ada).count == 1)
        #expect(fixture.send(h264: Self.slice, 12, from: ada).count == 1)
        fixture.show(ada, of: edsger)
        let sent = fixture.send(h264: Self.recovery, 13, timestamp: 3000, from: ada)
        #expect(sent.count { $0.ssrc == ConferenceFixture.ssrc(edsger, 3).rawValue } == 2)
        #expect(fixture.send(h264: Self.slice, 14, timestamp: 3000, from: ada).count == 2)
    }

    @Test("Each simulcast layer has parameter sets of its own, also at a switch")
    func simulcast() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.simulcast(ada)
        var large = Self.sps
        large[6] = 0x50
        for (layer, set) in [(UInt8(0), Self.sps), (2, large)] {
            fixture.send(h264: Self.stap(set, Self.pps), 10, from: ada, layer: layer)
        }
        fixture.show(ada, of: grace)
        _ = fixture.poll()
        let reference = TrackReference(member: ada, source: .camera)
        guard let slot = fixture.conference.member(grace)?.pointee.slots else {
            Issue.record("Grace is not there")
            return
        }
        for (layer, set) in [(UInt8(0), Self.sps), (2, large)] {
            slot[3].aim(at: layer, temporal: .max, entry: 1 << layer)
            fixture.conference.member(ada)?.pointee.track(reference.source).pointee.updateInterest(of: slot + 3)
            let sent = fixture.send(h264: Self.idr, 20, timestamp: 9000, from: ada, layer: layer)
            #expect(sent.map(\.payload) == [Self.stap(set, Self.pps), Self.idr], "\(layer)")
        }
    }

    @Test("A changed set replaces the one of its number; sets told beforehand do until the first comes")
    func replacement() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let camera = TrackReference(member: ada, source: .camera)
        var other = Self.pps
        other[3] = 0x90
        fixture.conference.setParameterSets([Self.sps, other], camera, buffers: &fixture.buffers)
        fixture.show(ada, of: grace)
        #expect(fixture.send(h264: Self.idr, 9, from: ada).first?.payload == Self.stap(Self.sps, other))
        fixture.send(h264: Self.pps, 10, timestamp: 3000, from: ada)
        // The next offer must not bring old ones back.
        fixture.conference.setParameterSets([Self.sps, other], camera, buffers: &fixture.buffers)
        fixture.show(ada, in: 4, of: grace)
        let sent = fixture.send(h264: Self.idr, 11, timestamp: 6000, from: ada)
        #expect(sent.contains { $0.payload == Self.stap(Self.sps, Self.pps) })
    }

    @Test("An SSRC that changes keeps the parameter sets, a publisher that leaves gives their memory back")
    func restart() {
        var fixture = ConferenceFixture()
        let taken = fixture.buffers.taken
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.send(h264: Self.stap(Self.sps, Self.pps), 10, from: ada)
        fixture.conference.restartTrack(
            TrackReference(member: ada, source: .camera), buffers: &fixture.buffers)
        fixture.show(ada, of: grace)
        #expect(fixture.send(h264: Self.idr, 7000, timestamp: 6000, from: ada).count == 2)
        fixture.conference.remove(ada, buffers: &fixture.buffers)
        fixture.buffers.reclaim()
        #expect(fixture.buffers.taken == taken)
    }

    @Test("Too many sets, or too large ones, are forgotten and begin anew; the memory stays one buffer")
    func parameterSetsAreBounded() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.send(h264: Self.sps, 0, from: ada)
        let taken = fixture.buffers.taken
        var sequence: UInt16 = 1
        for id in UInt8(0)..<64 {
            // A picture parameter set of each number below 64: ue(id) in 13 bits, then ue(0).
            let code = UInt16(id) + 1
            let width = 16 - code.leadingZeroBitCount
            let bits = code << UInt16(16 - (2 * width - 1)) | 1 << UInt16(16 - 2 * width)
            fixture.send(h264: [0x68, UInt8(bits >> 8), UInt8(bits & 0xff), id], sequence, from: ada)
            sequence += 1
        }
        fixture.send(h264: Self.pps + [UInt8](repeating: 1, count: 1300), sequence, from: ada)
        #expect(fixture.conference.counters.forgottenParameterSets > 3)
        // What is kept of packets for retransmission is counted too; the sets are one buffer of it.
        #expect(fixture.buffers.taken == taken + Int(sequence))
        fixture.send(h264: Self.stap(Self.sps, Self.pps), 5000, timestamp: 1, from: ada)
        fixture.show(ada, of: grace)
        #expect(fixture.send(h264: Self.idr, 5001, timestamp: 9000, from: ada).count == 2)
    }

    @Test("Packets put in at any point keep numbers continuous and every number's origin known")
    func sequenceMapInserts() throws {
        var map = SequenceMap()
        map.begin(layer: 0, source: 100, out: 500, shift: StreamShift())
        #expect(map.insert(before: 100) == 500)
        #expect(map.map(100) == 501)
        #expect(map.map(101) == 502)
        #expect(map.insert(before: 101) == nil)
        // Number 102 is lost; the packet goes in before 103.
        #expect(map.insert(before: 103) == 504)
        #expect(map.map(103) == 505)
        #expect(map.map(102) == 503)
        #expect(map.origin(of: 500)?.isInserted == true)
        #expect(
            map.origin(of: 504) == SequenceMap.Origin(layer: 0, sequence: 103, shift: StreamShift(), isInserted: true))
        #expect(map.origin(of: 503)?.sequence == 102)
        #expect(map.origin(of: 505)?.sequence == 103)
        map.leaveOut(104)
        #expect(map.map(105) == 506)
        #expect(map.map(101) == 502)
    }
}
