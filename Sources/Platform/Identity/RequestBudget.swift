import Synchronization

/// A limit on requests in a period, as a bucket of tokens that fills evenly: a burst of the whole limit is let
/// through, after that as many as the rate allows.
public final class RequestBudget: Sendable {
    private struct State {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let capacity: Double
    private let tokensPerSecond: Double
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    /// - Parameters:
    ///   - requests: How many requests the period admits.
    ///   - period: The period, longer than zero.
    public init(
        requests: Int, per period: Duration,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        capacity = Double(requests)
        tokensPerSecond = Double(requests) / (period / .seconds(1))
        self.now = now
        state = Mutex(State(tokens: Double(requests), filledAt: now()))
    }

    /// Takes one request out of the budget. Nil when it was there, otherwise the whole seconds, at least 1, after which
    /// it will be.
    public func take() -> Int? {
        let time = now()
        return state.withLock { state in
            let elapsed = (time - state.filledAt) / .seconds(1)
            if elapsed > 0 {
                state.tokens = min(capacity, state.tokens + elapsed * tokensPerSecond)
                state.filledAt = time
            }
            guard state.tokens < 1 else {
                state.tokens -= 1
                return nil
            }
            return max(1, Int(((1 - state.tokens) / tokensPerSecond).rounded(.up)))
        }
    }
}
