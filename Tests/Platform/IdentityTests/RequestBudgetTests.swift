import Identity
import Synchronization
import Testing

/// A clock that stands still until it is moved.
final class HandClock: Sendable {
    private let start = ContinuousClock.now
    private let offset = Mutex<Duration>(.zero)

    var now: ContinuousClock.Instant { start + offset.withLock { $0 } }
    func advance(by duration: Duration) { offset.withLock { $0 += duration } }
}

@Suite struct RequestBudgetTests {
    let clock = HandClock()

    @Test func burstOfTheLimitThenTheRate() {
        let budget = RequestBudget(requests: 30, per: .seconds(30), now: { [clock] in clock.now })
        for _ in 0..<30 { #expect(budget.take() == nil) }
        #expect(budget.take() == 1)
        clock.advance(by: .milliseconds(999))
        #expect(budget.take() == 1)
        clock.advance(by: .milliseconds(2))
        #expect(budget.take() == nil)
        #expect(budget.take() == 1)
    }

    @Test func waitingTimeIsTrue() {
        let budget = RequestBudget(requests: 1, per: .seconds(30), now: { [clock] in clock.now })
        #expect(budget.take() == nil)
        #expect(budget.take() == 30)
        clock.advance(by: .seconds(20))
        #expect(budget.take() == 10)
        clock.advance(by: .seconds(10))
        #expect(budget.take() == nil)
    }

    @Test func unusedBudgetDoesNotGrowBeyondTheLimit() {
        let budget = RequestBudget(requests: 2, per: .seconds(1), now: { [clock] in clock.now })
        clock.advance(by: .seconds(3600))
        #expect(budget.take() == nil)
        #expect(budget.take() == nil)
        #expect(budget.take() == 1)
    }
}
