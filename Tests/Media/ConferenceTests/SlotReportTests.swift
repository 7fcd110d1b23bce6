import Conference
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("What receivers are told of their slots")
struct SlotReportTests {
    private func reports(for member: Int32, in events: [ConferenceEvent]) -> [SlotReport] {
        for case .slots(member, let reports) in events { return reports }
        return []
    }

    @Test("Waiting, then active, then empty when the publisher leaves")
    func lifeCycle() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        #expect(reports(for: grace, in: fixture.poll()).first { $0.mid == Mid("s3") }?.condition == .waiting)
        fixture.send(1, from: ada, keyframe: true)
        let active = reports(for: grace, in: fixture.poll()).first { $0.mid == Mid("s3") }
        #expect(active?.condition == .active)
        #expect(active?.codec == .h264)
        #expect(active?.source == TrackReference(member: ada, source: .camera))
        #expect(reports(for: grace, in: fixture.poll()).isEmpty)
        fixture.conference.setPublished(false, TrackReference(member: ada, source: .camera))
        #expect(
            reports(for: grace, in: fixture.poll()).first { $0.mid == Mid("s3") }?.condition
                == .unavailable(.notPublished))
        fixture.conference.remove(ada, buffers: &fixture.buffers)
        #expect(reports(for: grace, in: fixture.poll()).first { $0.mid == Mid("s3") }?.condition == .empty)
    }

    @Test("A codec that the receiver lacks is said, and another one asked for that all have")
    func codecs() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join(codecs: [.vp8])
        fixture.conference.setCodecs([.h264, .vp8], TrackReference(member: ada, source: .camera))
        fixture.show(ada, of: grace)
        #expect(fixture.send(1, from: ada, keyframe: true).isEmpty)
        #expect(
            reports(for: grace, in: fixture.poll()).first { $0.mid == Mid("s3") }?.condition
                == .unavailable(.codecNotSupported))
        let camera = TrackReference(member: ada, source: .camera)
        #expect(fixture.conference.wantCommonCodecs() == [.codecWanted(camera, .vp8, instead: .h264)])
        let sent = fixture.send(2, from: ada, codec: .vp8, keyframe: true)
        #expect(sent.first?.payloadType == 96)
        #expect(fixture.conference.wantCommonCodecs().isEmpty)
        fixture.conference.remove(grace, buffers: &fixture.buffers)
        let edsger = fixture.join()
        fixture.show(ada, of: edsger)
        #expect(fixture.conference.wantCommonCodecs() == [.codecWanted(camera, .h264, instead: .vp8)])
    }

    @Test("A wish for an audio slot, an unknown slot or oneself is not granted")
    func badWishes() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let wish = VideoRequest(source: TrackReference(member: ada, source: .camera), width: 1, height: 1)
        #expect(
            fixture.conference.request([(Mid("s0"), wish), (Mid("nope"), wish)], by: ada) == [Mid("s0"), Mid("nope")])
        #expect(fixture.conference.request([(Mid("s3"), wish)], by: ada).isEmpty)
        #expect(fixture.send(1, from: ada, keyframe: true).isEmpty)
    }

    @Test("Sender reports run on with the source's clock, shifted into the slot's")
    func senderReports() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        fixture.show(ada, of: grace)
        let sent = try #require(fixture.send(1, timestamp: 90_000, from: ada, keyframe: true).first)
        #expect(fixture.conference.senderReports(for: grace, now: fixture.now).isEmpty)
        fixture.conference.recordSenderReport(
            timestamp: 90_000, publisherTime: 0, of: TrackReference(member: ada, source: .camera), layer: 0,
            at: fixture.now)
        fixture.advance(.milliseconds(100))
        let report = try #require(fixture.conference.senderReports(for: grace, now: fixture.now).first)
        #expect(report.timestamp == sent.timestamp &+ 9_000)
        #expect(report.packetCount == 1)
        #expect(report.octetCount == 3)
        fixture.advance(.milliseconds(500))
        #expect(fixture.conference.senderReports(for: grace, now: fixture.now).isEmpty)
    }
}
