public import Calling
public import ProtocolCore
import Synchronization

/// A clock that stands still until a test moves it, and then runs what has come due, one action after another.
public final class VirtualClock: CallClock {
    private struct Timer {
        let number: Int
        let deadline: Instant
        let action: @Sendable () async -> Void
    }

    private struct State {
        var now = Instant.zero
        var nextNumber = 0
        var timers: [Timer] = []
    }

    private let state = Mutex(State())

    public init() {}

    public var now: Instant {
        state.withLock { $0.now }
    }

    /// How many actions wait.
    public var waiting: Int {
        state.withLock { $0.timers.count }
    }

    public func schedule(at deadline: Instant, _ action: @escaping @Sendable () async -> Void) -> ScheduledAction {
        let number = state.withLock { state in
            state.nextNumber += 1
            state.timers.append(Timer(number: state.nextNumber, deadline: deadline, action: action))
            return state.nextNumber
        }
        return ScheduledAction { [weak self] in
            self?.state.withLock { $0.timers.removeAll { $0.number == number } }
        }
    }

    /// Lets time pass.
    public func advance(by duration: Duration) async {
        let end = now + duration
        while let timer = takeDue(by: end) {
            await timer.action()
        }
        state.withLock { $0.now = end }
    }

    private func takeDue(by end: Instant) -> Timer? {
        state.withLock { state in
            let due = state.timers.indices.filter { state.timers[$0].deadline <= end }
            let first = due.min { left, right in
                let (left, right) = (state.timers[left], state.timers[right])
                return (left.deadline, left.number) < (right.deadline, right.number)
            }
            guard let first else { return nil }
            let timer = state.timers.remove(at: first)
            state.now = max(state.now, timer.deadline)
            return timer
        }
    }
}
