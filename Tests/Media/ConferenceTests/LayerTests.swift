import MediaVocabulary
import PayloadFormats
import ProtocolCore
import Testing

@testable import Conference

@Suite("Simulcast layers")
struct LayerTests {
    /// A publisher with three layers, and a receiver that looks at it.
    private func scene(width: Int = 1280, height: Int = 720) -> ConferenceFixture {
        var fixture = ConferenceFixture()
        #expect(fixture.join() == ada)
        #expect(fixture.join() == grace)
        fixture.simulcast(ada)
        look(&fixture, at: ada, from: grace, width: width, height: height)
        return fixture
    }

    private let ada: Int32 = 0
    private let grace: Int32 = 1

    private func look(
        _ fixture: inout ConferenceFixture, at ada: Int32, from grace: Int32, width: Int, height: Int
    ) {
        fixture.conference.request(
            [
                (
                    Mid("s3"),
                    VideoRequest(
                        source: TrackReference(member: ada, source: .camera), width: width, height: height)
                )
            ], by: grace)
    }

    /// Which layer was sent last, when the flow goes on for a while; the payload's bytes name the layer.
    private func shown(
        _ fixture: inout ConferenceFixture, _ duration: Duration, from ada: Int32, layers: [UInt8] = [0, 1, 2],
        _ sequence: inout UInt16
    ) -> UInt8? {
        var last: UInt8?
        fixture.flow(duration, from: ada, layers: layers, sequence: &sequence) { _, sent, _ in
            if let layer = sent.first?.payload.first { last = layer }
        }
        return last
    }

    @Test("A receiver gets the layer that fills its view, and one layer only")
    func viewSize() {
        for (width, height, expected) in [
            (1280, 720, UInt8(2)), (640, 360, 1), (320, 180, 0), (100, 100, 0), (0, 0, 2),
        ] {
            var fixture = scene(width: width, height: height)
            var sequence: UInt16 = 0
            #expect(shown(&fixture, .seconds(2), from: ada, &sequence) == expected)
            var layers: Set<UInt8> = []
            fixture.flow(.milliseconds(500), from: ada, sequence: &sequence) { _, sent, _ in
                for packet in sent { layers.insert(packet.payload[0]) }
            }
            #expect(layers == [expected])
        }
    }

    @Test("A narrower link gets a smaller layer, and the slot stays one continuous stream")
    func fallsAndRises() {
        var fixture = scene()
        var sequence: UInt16 = 0
        #expect(shown(&fixture, .seconds(4), from: ada, &sequence) == 2)
        var numbers: [UInt16] = []
        var times: [UInt32] = []
        let collect = { (_: UInt8, sent: [ConferenceFixture.Sent], _: [ConferenceEvent]) in
            for packet in sent {
                numbers.append(packet.sequence)
                times.append(packet.timestamp)
            }
        }
        fixture.conference.setBudget(800_000, for: grace)
        fixture.flow(.seconds(3), from: ada, sequence: &sequence, collect)
        #expect(shown(&fixture, .milliseconds(100), from: ada, &sequence) == 1)
        fixture.conference.setBudget(5_000_000, for: grace)
        #expect(shown(&fixture, .seconds(5), from: ada, &sequence) == 1)
        #expect(shown(&fixture, .seconds(6), from: ada, &sequence) == 2)
        for (before, after) in zip(numbers, numbers.dropFirst()) { #expect(after == before &+ 1) }
        for (before, after) in zip(times, times.dropFirst()) { #expect(Int32(bitPattern: after &- before) >= 0) }
    }

    @Test("A probe that soon shows room for more ends the caution, but not after a second fall")
    func cautionEnds() {
        var fixture = scene()
        var sequence: UInt16 = 0
        fixture.conference.setBudget(5_000_000, for: grace)
        #expect(shown(&fixture, .seconds(4), from: ada, &sequence) == 2)
        fixture.conference.setBudget(800_000, isCongested: false, for: grace)
        #expect(shown(&fixture, .milliseconds(1500), from: ada, &sequence) == 1)
        fixture.conference.setBudget(5_000_000, isCongested: false, shown: (rate: 600_000, at: fixture.now), for: grace)
        #expect(shown(&fixture, .milliseconds(500), from: ada, &sequence) == 1, "that shows no room for more")
        fixture.conference.setBudget(
            5_000_000, isCongested: false, shown: (rate: 4_900_000, at: fixture.now), for: grace)
        #expect(shown(&fixture, .seconds(2), from: ada, &sequence) == 2)
        fixture.conference.setBudget(800_000, isCongested: false, for: grace)
        #expect(shown(&fixture, .milliseconds(1500), from: ada, &sequence) == 1)
        fixture.conference.setBudget(
            5_000_000, isCongested: false, shown: (rate: 4_900_000, at: fixture.now), for: grace)
        #expect(shown(&fixture, .seconds(3), from: ada, &sequence) == 1, "it fell twice")
        #expect(shown(&fixture, .seconds(9), from: ada, &sequence) == 2)
    }

    @Test("A probe ends no caution when the link was still full after the fall")
    func confirmedFall() {
        var fixture = scene()
        var sequence: UInt16 = 0
        fixture.conference.setBudget(5_000_000, for: grace)
        #expect(shown(&fixture, .seconds(4), from: ada, &sequence) == 2)
        fixture.conference.setBudget(800_000, isCongested: true, for: grace)
        #expect(shown(&fixture, .milliseconds(1500), from: ada, &sequence) == 1)
        fixture.conference.setBudget(
            5_000_000, isCongested: false, shown: (rate: 4_900_000, at: fixture.now), for: grace)
        #expect(shown(&fixture, .seconds(3), from: ada, &sequence) == 1)
        #expect(shown(&fixture, .seconds(9), from: ada, &sequence) == 2)
    }

    @Test("A slight dip of the estimate without a queue or loss changes no layer for three seconds")
    func calmDip() {
        var fixture = scene()
        var sequence: UInt16 = 0
        fixture.conference.setBudget(3_000_000, isCongested: false, for: grace)
        #expect(shown(&fixture, .seconds(4), from: ada, &sequence) == 2)
        let used = fixture.conference.allocation(of: grace)?.slots.first?.bitrate ?? 0
        fixture.conference.setBudget(used * 85 / 100, isCongested: false, for: grace)
        #expect(shown(&fixture, .milliseconds(2500), from: ada, &sequence) == 2)
        fixture.conference.setBudget(used * 85 / 100, isCongested: true, for: grace)
        #expect(shown(&fixture, .seconds(1), from: ada, &sequence) == 1)
    }

    @Test("The layer below is asked for while the link is near its limit, and no longer when it is not")
    func warmLayer() {
        var fixture = scene()
        var sequence: UInt16 = 0
        var demands: [LayerDemand] = []
        let collect = { (_: UInt8, _: [ConferenceFixture.Sent], events: [ConferenceEvent]) in
            for case .layers(_, let told) in events { demands = told }
        }
        fixture.conference.setBudget(3_000_000, isCongested: false, for: grace)
        fixture.flow(.seconds(8), from: ada, sequence: &sequence, collect)
        #expect(demands.map(\.isWanted) == [false, true, true])
        fixture.conference.setBudget(30_000_000, isCongested: false, for: grace)
        fixture.flow(.seconds(8), from: ada, sequence: &sequence, collect)
        #expect(demands.map(\.isWanted) == [false, false, true])
    }

    @Test("A publisher whose link loses packets is asked for the small layers; what it leaves out is told as such")
    func publisherBandwidth() {
        var fixture = scene()
        var sequence: UInt16 = 0
        var demands: [LayerDemand] = []
        var reasons: [AllocationReason] = []
        let collect = { (_: UInt8, _: [ConferenceFixture.Sent], events: [ConferenceEvent]) in
            for case .layers(_, let told) in events { demands = told }
            for case .allocation(1, let report) in events { reasons += report.slots.map(\.reason) }
        }
        let camera = TrackReference(member: ada, source: .camera)
        fixture.flow(.seconds(8), from: ada, sequence: &sequence, collect)
        #expect(demands.map(\.isWanted) == [false, false, true])
        fixture.conference.recordLoss(0.03, of: camera, now: fixture.now)
        fixture.flow(.seconds(1), from: ada, layers: [2], sequence: &sequence, collect)
        #expect(demands.map(\.isWanted) == [false, false, true])
        fixture.conference.recordLoss(0.3, of: camera, now: fixture.now)
        fixture.flow(.milliseconds(500), from: ada, layers: [2], sequence: &sequence, collect)
        #expect(demands.map(\.isWanted) == [true, true, true])
        // The publisher has room for the two smaller ones only.
        #expect(shown(&fixture, .seconds(1), from: ada, layers: [0, 1], &sequence) == 1)
        fixture.flow(.seconds(20), from: ada, layers: [0, 1], sequence: &sequence, collect)
        #expect(reasons.last == .publisherBandwidth)
        #expect(demands.map(\.isWanted) == [true, true, true], "so that the best layer comes back by itself")
        #expect(shown(&fixture, .seconds(2), from: ada, &sequence) == 2)
        fixture.flow(.seconds(20), from: ada, sequence: &sequence, collect)
        #expect(reasons.last == .best)
        #expect(demands.map(\.isWanted) == [false, false, true])
    }

    @Test("Once the best layer is back, one between that is left out keeps no small ones asked for")
    func leftOutBetween() {
        var fixture = scene()
        var sequence: UInt16 = 0
        var demands: [LayerDemand] = []
        var reasons: [AllocationReason] = []
        let collect = { (_: UInt8, _: [ConferenceFixture.Sent], events: [ConferenceEvent]) in
            for case .layers(_, let told) in events { demands = told }
            for case .allocation(1, let report) in events { reasons += report.slots.map(\.reason) }
        }
        fixture.flow(.seconds(8), from: ada, sequence: &sequence, collect)
        fixture.conference.recordLoss(
            0.3, of: TrackReference(member: ada, source: .camera), now: fixture.now)
        fixture.flow(.seconds(5), from: ada, layers: [0, 1], sequence: &sequence, collect)
        #expect(demands.map(\.isWanted) == [true, true, true])
        // The link has room for the best one again, but not for all three.
        fixture.flow(.seconds(20), from: ada, layers: [0, 2], sequence: &sequence, collect)
        #expect(reasons.last == .best)
        #expect(demands.map(\.isWanted) == [false, false, true])
    }

    @Test("While the link is learnt a fall leads to no caution")
    func learning() {
        var fixture = scene()
        var sequence: UInt16 = 0
        #expect(shown(&fixture, .milliseconds(1500), from: ada, &sequence) == 2)
        fixture.conference.setBudget(800_000, for: grace)
        #expect(shown(&fixture, .milliseconds(1200), from: ada, &sequence) == 1)
        fixture.conference.setBudget(5_000_000, for: grace)
        #expect(shown(&fixture, .milliseconds(1500), from: ada, &sequence) == 2)
    }

    @Test("The reason is reported with each decision")
    func reasons() {
        var fixture = scene()
        var sequence: UInt16 = 0
        var reports: [AllocationReport] = []
        let collect = { (_: UInt8, _: [ConferenceFixture.Sent], events: [ConferenceEvent]) in
            for case .allocation(grace, let report) in events { reports.append(report) }
        }
        fixture.flow(.seconds(2), from: ada, sequence: &sequence, collect)
        #expect(reports.last?.slots.first?.rid == Rid("f"))
        #expect(reports.last?.slots.first?.reason == .best)
        fixture.conference.setBudget(800_000, for: grace)
        fixture.flow(.seconds(1), from: ada, sequence: &sequence, collect)
        #expect(reports.last?.slots.first?.rid == Rid("h"))
        #expect(reports.last?.slots.first?.reason == .bandwidth)
        #expect(reports.last?.budget == 800_000)
        look(&fixture, at: ada, from: grace, width: 320, height: 180)
        fixture.flow(.seconds(1), from: ada, sequence: &sequence, collect)
        #expect(reports.last?.slots.first?.reason == .viewSize)
        #expect(reports.last?.slots.first?.size?.height == 180)
        fixture.conference.setBudget(60_000, for: grace)
        fixture.flow(.seconds(1), from: ada, sequence: &sequence, collect)
        #expect(reports.last?.slots.first?.reason == .paused)
        #expect(reports.last?.slots.first?.bitrate == 0)
    }

    @Test("Rates are told when they change noticeably, decisions at once")
    func rates() {
        var fixture = scene()
        var sequence: UInt16 = 0
        var budgets: [Int?] = []
        let collect = { (_: UInt8, _: [ConferenceFixture.Sent], events: [ConferenceEvent]) in
            for case .allocation(grace, let report) in events { budgets.append(report.budget) }
        }
        fixture.conference.setBudget(5_000_000, for: grace)
        fixture.flow(.seconds(8), from: ada, sequence: &sequence, collect)
        #expect(budgets.last == 5_000_000)
        budgets = []
        fixture.conference.setBudget(5_400_000, for: grace)
        fixture.flow(.seconds(6), from: ada, sequence: &sequence, collect)
        #expect(budgets.isEmpty)
        fixture.conference.setBudget(6_000_000, for: grace)
        fixture.flow(.seconds(6), from: ada, sequence: &sequence, collect)
        #expect(budgets == [6_000_000])
        fixture.conference.setBudget(800_000, for: grace)
        fixture.flow(.milliseconds(300), from: ada, sequence: &sequence, collect)
        #expect(budgets.last == 800_000)
    }

    @Test("Timestamps stay in step with the publisher's clock across a switch")
    func alignedTimestamps() throws {
        var fixture = scene()
        let camera = TrackReference(member: ada, source: .camera)
        // Layer 1 counts 77_000 ahead of layer 0; both reports say so.
        fixture.conference.recordSenderReport(
            timestamp: 1000, publisherTime: 5_000_000_000, of: camera, layer: 0, at: fixture.now)
        fixture.conference.recordSenderReport(
            timestamp: 78_000, publisherTime: 5_000_000_000, of: camera, layer: 1, at: fixture.now)
        look(&fixture, at: ada, from: grace, width: 320, height: 180)
        _ = fixture.poll()
        let first = try #require(fixture.send(1, timestamp: 10_000, from: ada, keyframe: true, layer: 0).first)
        fixture.send(1, timestamp: 87_000, from: ada, keyframe: true, layer: 1)
        look(&fixture, at: ada, from: grace, width: 640, height: 360)
        fixture.advance(.milliseconds(300))
        _ = fixture.poll()
        // 45 ms of pictures later, though it arrives only 300 ms later.
        let second = try #require(fixture.send(2, timestamp: 87_000 + 4050, from: ada, keyframe: true, layer: 1).first)
        #expect(second.timestamp == first.timestamp &+ 4050)
        #expect(second.sequence == first.sequence &+ 1)
    }

    @Test("What was sent before a switch can still be sent again")
    func retransmitsAcrossSwitch() throws {
        var fixture = scene(width: 320, height: 180)
        _ = fixture.poll()
        let small = try #require(
            fixture.send(7, timestamp: 10, from: ada, keyframe: true, layer: 0, payload: [1]).first)
        fixture.send(500, from: ada, keyframe: true, layer: 2)
        look(&fixture, at: ada, from: grace, width: 1280, height: 720)
        fixture.advance(.milliseconds(200))
        _ = fixture.poll()
        let large = try #require(
            fixture.send(501, timestamp: 20, from: ada, keyframe: true, layer: 2, payload: [2]).first)
        #expect(large.sequence == small.sequence &+ 1)
        let again = fixture.nack([small.sequence, large.sequence], by: grace)
        #expect(again.map(\.payload) == [[1], [2]])
        #expect(again.map(\.timestamp) == [small.timestamp, large.timestamp])
    }

    @Test("A waiting slot takes a smaller layer until the better one flows")
    func startsSmall() {
        var fixture = scene()
        var sequence: UInt16 = 0
        #expect(shown(&fixture, .seconds(1), from: ada, layers: [0], &sequence) == 0)
        #expect(shown(&fixture, .seconds(2), from: ada, layers: [0, 1, 2], &sequence) == 2)
    }

    @Test("The first keyframe of any layer begins the picture of a receiver that was there before it")
    func firstKeyframe() {
        var fixture = scene()
        var sequence: UInt16 = 0
        #expect(shown(&fixture, .milliseconds(200), from: ada, layers: [], &sequence) == nil)
        sequence = 0
        #expect(shown(&fixture, .milliseconds(40), from: ada, layers: [0], &sequence) == 0)
    }

    @Test("When the publisher stops a layer, the next smaller one takes over, and the receiver is told")
    func publisherFalls() {
        var fixture = scene()
        var sequence: UInt16 = 0
        #expect(shown(&fixture, .seconds(2), from: ada, &sequence) == 2)
        var reason: AllocationReason?
        fixture.flow(.seconds(6), from: ada, layers: [0, 1], sequence: &sequence) { _, _, events in
            for case .allocation(grace, let report) in events { reason = report.slots.first?.reason }
        }
        #expect(reason == .notSent)
        #expect(shown(&fixture, .milliseconds(100), from: ada, layers: [0, 1], &sequence) == 1)
        #expect(shown(&fixture, .seconds(2), from: ada, &sequence) == 2)
    }

    @Test("Layers that nobody watches are paused after a while, and resumed at once")
    func demand() {
        var fixture = scene(width: 640, height: 360)
        var sequence: UInt16 = 0
        var told: [[LayerDemand]] = []
        let camera = TrackReference(member: ada, source: .camera)
        let collect = { (_: UInt8, _: [ConferenceFixture.Sent], events: [ConferenceEvent]) in
            for case .layers(camera, let demands) in events { told.append(demands) }
        }
        fixture.flow(.seconds(4), from: ada, sequence: &sequence, collect)
        #expect(told.isEmpty)
        fixture.flow(.seconds(4), from: ada, sequence: &sequence, collect)
        #expect(told.last?.map(\.isWanted) == [false, true, false])
        #expect(told.last?.map(\.rid) == [Rid("q"), Rid("h"), Rid("f")])
        look(&fixture, at: ada, from: grace, width: 1280, height: 720)
        fixture.flow(.milliseconds(300), from: ada, layers: [1], sequence: &sequence, collect)
        #expect(told.last?.map(\.isWanted) == [false, true, true])
        #expect(shown(&fixture, .seconds(2), from: ada, layers: [1, 2], &sequence) == 2)
        fixture.conference.setPublished(false, camera)
        fixture.conference.setPublished(true, camera)
        told = []
        fixture.flow(.seconds(1), from: ada, sequence: &sequence, collect)
        #expect(told.isEmpty)
    }

    @Test("Pictures that nothing builds on are left out where the link is too narrow, without a gap in the numbers")
    func temporalLayers() {
        var fixture = ConferenceFixture()
        #expect(fixture.join() == ada)
        #expect(fixture.join() == grace)
        fixture.show(ada, of: grace)
        var numbers: [UInt16] = []
        var temporal: Set<UInt8> = []
        var sequence: UInt16 = 0
        // 1 Mbit/s in pictures of 1250 bytes every 10 ms, every second one for the higher frame rate.
        func flow(_ pictures: Int) {
            for _ in 0..<pictures {
                let level = UInt8(sequence % 2)
                let sent = fixture.send(
                    sequence, timestamp: UInt32(sequence) * 900, from: ada, keyframe: sequence % 100 == 0,
                    temporal: level, payload: [UInt8](repeating: level, count: 1250))
                for packet in sent {
                    numbers.append(packet.sequence)
                    temporal.insert(packet.payload[0])
                }
                sequence += 1
                fixture.advance(.milliseconds(10))
                _ = fixture.poll()
            }
        }
        flow(200)
        #expect(temporal == [0, 1])
        fixture.conference.setBudget(800_000, for: grace)
        flow(100)
        temporal = []
        flow(200)
        #expect(temporal == [0])
        for (before, after) in zip(numbers, numbers.dropFirst()) { #expect(after == before &+ 1) }
    }

    @Test("A publisher that lies about its layers changes nothing for others")
    func unknownLayer() {
        var fixture = scene()
        #expect(fixture.send(1, from: ada, keyframe: true, layer: 7).isEmpty)
        fixture.conference.recordSenderReport(
            timestamp: 1, publisherTime: .max, of: TrackReference(member: ada, source: .camera), layer: 200,
            at: fixture.now)
        var sequence: UInt16 = 0
        #expect(shown(&fixture, .seconds(2), from: ada, &sequence) == 2)
    }
}
