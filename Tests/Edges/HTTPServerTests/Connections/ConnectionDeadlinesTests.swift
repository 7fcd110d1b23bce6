import NIOCore
import Testing

@testable import HTTPServer

@Suite struct ConnectionDeadlinesTests {
    static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    static func at(_ seconds: Double) -> NIODeadline { start + .nanoseconds(Int64(seconds * 1e9)) }
    static var fresh: ConnectionDeadlines { ConnectionDeadlines(limits: HTTPLimits(), now: start) }

    @Test func theFirstHeadHasItsTimeHoweverItComes() {
        var deadlines = Self.fresh
        for second in stride(from: 0.0, to: 29.5, by: 0.5) { deadlines.read(1, now: Self.at(second)) }
        #expect(deadlines.deadline == Self.at(30))
        #expect(deadlines.expired(now: Self.at(29.9)) == nil)
        #expect(deadlines.expired(now: Self.at(30)) == .headTime)
    }

    @Test func anIdleConnectionOutlivesCommonBalancers() {
        var deadlines = Self.fresh
        deadlines.enter(.answering, now: Self.at(1))
        #expect(deadlines.deadline == nil)
        deadlines.enter(.idle, now: Self.at(5))
        #expect(deadlines.deadline == Self.at(80))
        // The next head has its time from its first byte.
        deadlines.read(1, now: Self.at(70))
        deadlines.read(1, now: Self.at(90))
        #expect(deadlines.deadline == Self.at(100))
    }

    @Test func aBodyMayBeSlowButNotForEver() {
        var deadlines = Self.fresh
        deadlines.enter(.body, now: Self.at(0))
        deadlines.read(100, now: Self.at(0))
        #expect(deadlines.expired(now: Self.at(30.2)) == .bodyTime)
        // A megabyte over a modem: 4 kB a second.
        var honest = Self.fresh
        honest.enter(.body, now: Self.at(0))
        for second in 0..<250 {
            #expect(honest.expired(now: Self.at(Double(second))) == nil)
            honest.read(4096, now: Self.at(Double(second)))
        }
        // One byte a second for the same time.
        var dribble = Self.fresh
        dribble.enter(.body, now: Self.at(0))
        for second in 0..<31 { dribble.read(1, now: Self.at(Double(second))) }
        #expect(dribble.expired(now: Self.at(31)) == .bodyTime)
    }

    @Test func theRestOfARefusedBodyHasAnAbsoluteTime() {
        var deadlines = Self.fresh
        deadlines.enter(.body, now: Self.at(0))
        deadlines.enter(.leftover, now: Self.at(1))
        deadlines.read(100_000_000, now: Self.at(10))
        #expect(deadlines.deadline == Self.at(11))
        #expect(deadlines.expired(now: Self.at(11)) == .leftoverTime)
    }

    @Test func whatIsThrownAwayIsCounted() {
        for phase in [ConnectionDeadlines.Phase.leftover, .lingering] {
            var deadlines = Self.fresh
            deadlines.enter(.body, now: Self.at(0))
            deadlines.read(100_000_000, now: Self.at(0))
            #expect(!deadlines.hasDiscardedEnough)
            deadlines.enter(phase, now: Self.at(1))
            deadlines.read(HTTPLimits().discardedBytes - 1, now: Self.at(1))
            #expect(!deadlines.hasDiscardedEnough)
            deadlines.read(1, now: Self.at(1))
            #expect(deadlines.hasDiscardedEnough)
            deadlines.enter(.idle, now: Self.at(2))
            #expect(!deadlines.hasDiscardedEnough)
        }
    }

    @Test func anAnswerHasToBeRead() {
        var deadlines = Self.fresh
        deadlines.enter(.answering, now: Self.at(0))
        deadlines.queued(20_480, now: Self.at(0))
        #expect(deadlines.deadline == Self.at(40))
        deadlines.queued(2048, now: Self.at(1))
        #expect(deadlines.deadline == Self.at(41))
        #expect(deadlines.expired(now: Self.at(41)) == .answerTime)
        deadlines.sent(22_528)
        #expect(deadlines.deadline == nil)
        deadlines.queued(0, now: Self.at(50))
        deadlines.enter(.lingering, now: Self.at(50))
        #expect(deadlines.expired(now: Self.at(55)) != nil)
    }

    @Test func otherProtocolsSeeToThemselves() {
        var deadlines = Self.fresh
        deadlines.queued(10, now: Self.at(0))
        deadlines.enter(.other, now: Self.at(1))
        deadlines.queued(10, now: Self.at(2))
        #expect(deadlines.deadline == nil)
    }
}
