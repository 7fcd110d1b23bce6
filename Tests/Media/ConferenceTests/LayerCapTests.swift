import MediaVocabulary
import PayloadFormats
import ProtocolCore
import Testing

@testable import Conference

@Suite("How much a publisher spends on a layer")
struct LayerCapTests {
    private let ada: Int32 = 0
    private let grace: Int32 = 1
    private let edsger: Int32 = 2

    /// Ada publishes three layers of 150, 500 and 1500 kbit/s, and the others look at her in full size.
    private func scene(width: Int = 1280, budgets: [Int?]) -> ConferenceFixture {
        var fixture = ConferenceFixture()
        #expect(fixture.join() == ada)
        fixture.simulcast(ada)
        for (number, budget) in budgets.enumerated() {
            let member = fixture.join()
            let source = TrackReference(member: ada, source: .camera)
            let request = VideoRequest(source: source, width: width, height: width * 9 / 16)
            fixture.conference.request([(Mid("s3"), request)], by: member)
            fixture.conference.setBudget(budget, for: Int32(number) + 1)
        }
        return fixture
    }

    /// What the publisher was told last of each layer, after a while.
    private func told(_ fixture: inout ConferenceFixture, _ duration: Duration = .seconds(4)) -> [Int?] {
        var told: [Int?] = []
        var sequence: UInt16 = 0
        fixture.flow(duration, from: ada, sequence: &sequence) { _, _, events in
            for case .layers(_, let demands) in events { told = demands.map(\.maximumBitrate) }
        }
        return told
    }

    @Test("One receiver whose link lies between two sizes has the larger one sent at its rate")
    func between() throws {
        var fixture = scene(budgets: [800_000])
        let caps = told(&fixture)
        #expect(caps.dropLast() == [nil, nil])
        let cap = try #require(caps.last ?? nil)
        #expect((625_000...730_000).contains(cap), "of \(cap)")
    }

    @Test("Nobody gets less for somebody else's link")
    func unequal() {
        var fixture = scene(budgets: [800_000, 4_000_000])
        #expect(told(&fixture).allSatisfy { $0 == nil })
        var unknown = scene(budgets: [800_000, nil])
        #expect(told(&unknown).allSatisfy { $0 == nil })
        var alike = scene(budgets: [800_000, 820_000])
        #expect(told(&alike).last != .some(nil))
    }

    @Test("The steps between the smaller sizes are closed, too")
    func smallerSizes() throws {
        var fixture = scene(budgets: [300_000])
        let caps = told(&fixture)
        // Between 150 and 500 kbit/s lies the second size at what the link carries.
        #expect(try #require(caps[1]) < 280_000)
        #expect(try #require(caps[1]) >= 187_000)
    }

    @Test("A view that is filled by a small size asks nothing of the others")
    func smallView() {
        var fixture = scene(width: 320, budgets: [800_000])
        #expect(told(&fixture).allSatisfy { $0 == nil })
    }

    @Test("A cap follows what is usable, downwards soon and upwards when it is worth it")
    func hysteresis() {
        var cap = LayerCap()
        func update(_ usable: Int?, at milliseconds: Int) -> Bool {
            cap.update(
                usable: usable, full: 1_500_000, below: 500_000, now: .zero + .milliseconds(milliseconds))
        }
        #expect(!update(700_000, at: 0))
        #expect(!update(700_000, at: 199))
        #expect(update(700_000, at: 200))
        #expect(cap.value == 700_000)
        // Small changes are no news, whatever they last.
        #expect(!update(720_000, at: 300))
        #expect(!update(690_000, at: 5_000))
        #expect(!update(740_000, at: 10_000))
        #expect(cap.value == 700_000)
        // A rise that does not last is none.
        #expect(!update(900_000, at: 11_000))
        #expect(!update(700_000, at: 11_500))
        #expect(!update(900_000, at: 12_000))
        #expect(update(900_000, at: 13_000))
        #expect(cap.value == 900_000)
        // What is of no use below is not asked for.
        #expect(!update(100_000, at: 14_000))
        #expect(update(100_000, at: 14_200))
        #expect(cap.value == 620_000)
        #expect(!update(nil, at: 15_000))
        #expect(update(nil, at: 16_000))
        #expect(cap.value == nil)
    }

    @Test("Sizes that lie close together are left alone")
    func closeSizes() {
        var cap = LayerCap()
        for milliseconds in [0, 1_000, 5_000] {
            let isNews = cap.update(
                usable: 450_000, full: 500_000, below: 420_000, now: .zero + .milliseconds(milliseconds))
            #expect(!isNews)
        }
        #expect(cap.value == nil)
    }

    @Test("A low rate is believed only after two seconds: the first measurements have part of an interval")
    func settling() {
        var meter = RateMeter()
        var now = Instant.zero
        func settle(_ bytes: Int) -> Bool {
            if bytes > 0 { meter.add(bytes, temporal: 0) }
            now = now + RateMeter.interval
            meter.poll(now: now)
            return meter.isSettled
        }
        meter.poll(now: now)
        #expect((0..<5).map { _ in settle(1_000) } == [false, false, false, true, true])
        meter.expectChange()
        #expect((0..<4).map { _ in settle(1_000) } == [false, false, false, true])
        #expect(!settle(0))
        #expect(!settle(1_000))
    }

    @Test("While the publisher does not follow, the receiver keeps the size that fits")
    func disobedience() {
        var fixture = scene(budgets: [800_000])
        var sequence: UInt16 = 0
        var last: UInt8?
        fixture.flow(.seconds(6), from: ada, sequence: &sequence) { _, sent, _ in
            if let layer = sent.first?.payload.first { last = layer }
        }
        #expect(last == 1)
    }
}
