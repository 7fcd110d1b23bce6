import Synchronization

/// A limit on requests in a period, as a bucket that fills evenly: a burst of the whole limit is let through, after that
/// as many as the rate allows. What is in the bucket is counted in time, of which every request costs its share.
public final class RequestBudget: Sendable {
    private struct State {
        var credit: Duration
        var filledAt: ContinuousClock.Instant
    }

    private let period: Duration
    private let cost: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    /// - Parameters:
    ///   - requests: How many requests the period admits, at least 1.
    ///   - period: The period, longer than zero.
    public init(
        requests: Int, per period: Duration,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.period = period
        cost = period / requests
        self.now = now
        state = Mutex(State(credit: period, filledAt: now()))
    }

    /// Takes one request out of the budget. Nil when it was there, otherwise the whole seconds, at least 1, after which
    /// it will be.
    public func take() -> Int? {
        let time = now()
        return state.withLock { state in
            if time > state.filledAt {
                state.credit = min(period, state.credit + (time - state.filledAt))
                state.filledAt = time
            }
            guard state.credit < cost else {
                state.credit -= cost
                return nil
            }
            let missing = (cost - state.credit).components
            return Int(missing.seconds) + (missing.attoseconds > 0 ? 1 : 0)
        }
    }
}
