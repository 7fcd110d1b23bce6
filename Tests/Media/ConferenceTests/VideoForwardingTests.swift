import Conference
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Video into slots")
struct VideoForwardingTests {
    @Test("Nothing flows before a keyframe, everything after it, in one continuous stream")
    func startsAtKeyframe() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(fixture.send(100, from: ada).isEmpty)
        #expect(fixture.poll().contains(.requestKeyframe(TrackReference(member: ada, source: .camera), layer: 0)))
        let first = fixture.send(101, timestamp: 3000, from: ada, keyframe: true)
        #expect(first.count == 1)
        #expect(first.first?.ssrc == ConferenceFixture.ssrc(grace, 3).rawValue)
        #expect(first.first?.payloadType == 102)
        let second = fixture.send(102, timestamp: 6000, from: ada)
        #expect(second.first?.sequence == (first.first?.sequence ?? 0) &+ 1)
        #expect(second.first?.timestamp == (first.first?.timestamp ?? 0) &+ 3000)
        #expect(second.first?.payload == [1, 2, 3])
    }

    @Test("A switch continues sequence numbers and time, and drops what precedes the keyframe")
    func switches() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let edsger = fixture.join()
        fixture.show(ada, of: edsger)
        let before = try #require(fixture.send(65535, timestamp: 90_000, from: ada, keyframe: true).first)
        fixture.advance(.milliseconds(500))
        fixture.show(grace, of: edsger)
        #expect(fixture.send(0, timestamp: 93_000, from: ada).isEmpty)
        #expect(fixture.send(7, timestamp: 1, from: grace).isEmpty)
        let after = try #require(fixture.send(8, timestamp: 3001, from: grace, keyframe: true).first)
        #expect(after.ssrc == before.ssrc)
        #expect(after.sequence == before.sequence &+ 1)
        #expect(after.timestamp == before.timestamp &+ 45_000)
        // A straggler from before the keyframe belongs to a picture that was not forwarded.
        #expect(fixture.send(6, timestamp: 1, from: grace).isEmpty)
    }

    @Test("The rollover counter follows the slot's own numbering")
    func rollover() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        var last = try #require(fixture.send(0, from: ada, keyframe: true).first)
        var index = UInt64(last.rollover) << 16 | UInt64(last.sequence)
        #expect(last.rollover == 0)
        for step in 1...140_000 {
            let sent = try #require(fixture.send(UInt16(truncatingIfNeeded: step), from: ada).first)
            let next = UInt64(sent.rollover) << 16 | UInt64(sent.sequence)
            #expect(next == index + 1)
            index = next
            last = sent
        }
        #expect(last.rollover == 2)
    }

    @Test("A reordered packet keeps its own place, also across a wrap")
    func reordering() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        let first = try #require(fixture.send(65534, from: ada, keyframe: true).first)
        let third = try #require(fixture.send(0, from: ada).first)
        let second = try #require(fixture.send(65535, from: ada).first)
        #expect(second.sequence == first.sequence &+ 1)
        #expect(third.sequence == first.sequence &+ 2)
    }

    @Test("A packet that comes twice is forwarded once")
    func duplicates() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(fixture.send(1, from: ada, keyframe: true).count == 1)
        #expect(fixture.send(1, from: ada, keyframe: true).isEmpty)
        #expect(fixture.conference.counters.duplicates == 1)
    }

    @Test("One source in many slots costs one packet each; a member who left gets none")
    func fanOut() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        var others: [Int32] = []
        for _ in 0..<20 { others.append(fixture.join()) }
        for other in others { fixture.show(ada, of: other) }
        #expect(Set(fixture.send(1, from: ada, keyframe: true).map(\.receiver)).count == 20)
        fixture.conference.remove(others[3], buffers: &fixture.buffers)
        #expect(fixture.send(2, from: ada).count == 19)
    }

    @Test("A stream that begins anew never reuses a number")
    func restart() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        let old = try #require(fixture.send(40_000, from: ada, keyframe: true).first)
        fixture.conference.restartTrack(TrackReference(member: ada, source: .camera), buffers: &fixture.buffers)
        #expect(fixture.send(39_000, from: ada).isEmpty)
        let new = try #require(fixture.send(39_001, from: ada, keyframe: true).first)
        #expect(new.sequence == old.sequence &+ 1)
    }

    @Test("Buffers are given back when members leave")
    func buffersAreReturned() {
        var fixture = ConferenceFixture()
        let before = fixture.buffers.taken
        let ada = fixture.join()
        for sequence in UInt16(0)..<1000 { fixture.send(sequence, from: ada) }
        #expect(fixture.buffers.taken == before + 512)
        fixture.conference.remove(ada, buffers: &fixture.buffers)
        #expect(fixture.buffers.taken == before)
    }

    @Test("On hold nothing flows in either direction; afterwards a keyframe is asked for")
    func hold() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(fixture.send(1, from: ada, keyframe: true).count == 1)
        fixture.conference.setOnHold(true, grace, now: fixture.now)
        #expect(fixture.send(2, from: ada).isEmpty)
        fixture.conference.setOnHold(false, grace, now: fixture.now)
        #expect(fixture.send(3, from: ada).isEmpty)
        #expect(fixture.poll().contains(.requestKeyframe(TrackReference(member: ada, source: .camera), layer: 0)))
        #expect(fixture.send(4, from: ada, keyframe: true).count == 1)
        fixture.conference.setOnHold(true, ada, now: fixture.now)
        #expect(fixture.send(5, from: ada, keyframe: true).isEmpty)
    }

    @Test("A camera that is off is not forwarded, whatever arrives")
    func unpublished() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(fixture.send(1, from: ada, keyframe: true).count == 1)
        fixture.conference.setPublished(false, TrackReference(member: ada, source: .camera))
        #expect(fixture.send(2, from: ada, keyframe: true).isEmpty)
        fixture.conference.setPublished(true, TrackReference(member: ada, source: .camera))
        #expect(fixture.send(3, from: ada, keyframe: true).count == 1)
    }

    @Test("VP8 picture numbers go on over a switch of sources, and are the same when sent again")
    func vp8Numbers() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let edsger = fixture.join()
        fixture.show(ada, of: edsger)
        let first = try #require(
            fixture.send(
                1, from: ada, codec: .vp8, keyframe: true, vp8: VP8Numbers(pictureID: 32_767, tl0PictureIndex: 255)
            ).first?.vp8)
        #expect(first == VP8Numbers(pictureID: 32_767, tl0PictureIndex: 255))
        fixture.show(grace, of: edsger)
        let second = try #require(
            fixture.send(
                9, from: grace, codec: .vp8, keyframe: true, vp8: VP8Numbers(pictureID: 500, tl0PictureIndex: 7)
            ).first)
        #expect(second.vp8 == VP8Numbers(pictureID: 0, tl0PictureIndex: 0))
        let third = try #require(
            fixture.send(10, from: grace, codec: .vp8, vp8: VP8Numbers(pictureID: 501, tl0PictureIndex: 7)).first)
        #expect(third.vp8 == VP8Numbers(pictureID: 1, tl0PictureIndex: 0))
        #expect(fixture.nack([third.sequence], by: edsger).first?.vp8 == third.vp8)
    }

    @Test("Keyframe wishes of many receivers are one request per interval")
    func keyframeBudget() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        for _ in 0..<50 {
            let other = fixture.join()
            fixture.show(ada, of: other)
        }
        let request = ConferenceEvent.requestKeyframe(TrackReference(member: ada, source: .camera), layer: 0)
        var requests = 0
        for _ in 0..<100 {
            requests += fixture.poll().count { $0 == request }
            fixture.conference.requestKeyframe(forSlot: ConferenceFixture.ssrc(1, 3), by: 1)
            fixture.advance(.milliseconds(10))
        }
        #expect(requests == 4)
        fixture.send(1, from: ada, keyframe: true)
        fixture.advance(.seconds(1))
        #expect(!fixture.poll().contains(request))
    }
}
