public import ProtocolCore

/// The time of the call plane: real in a server, virtual in tests.
public protocol CallClock: Sendable {
    /// The present.
    var now: Instant { get }

    /// Runs `action` once at `deadline`, or at once when that has passed, unless it is cancelled before.
    func schedule(at deadline: Instant, _ action: @escaping @Sendable () async -> Void) -> ScheduledAction
}

/// A handle on an action that a clock will run.
public struct ScheduledAction: Sendable {
    private let cancellation: @Sendable () -> Void

    public init(cancel cancellation: @escaping @Sendable () -> Void) {
        self.cancellation = cancellation
    }

    /// Prevents the action if it has not begun. May be called at any time, and more than once.
    public func cancel() {
        cancellation()
    }
}

/// The real clock, monotonic, with its origin at its creation.
public struct SystemCallClock: CallClock {
    private let origin = ContinuousClock.now

    public init() {}

    public var now: Instant {
        .zero + (ContinuousClock.now - origin)
    }

    public func schedule(at deadline: Instant, _ action: @escaping @Sendable () async -> Void) -> ScheduledAction {
        let wakeUp = origin + (deadline - .zero)
        // A timer belongs to nobody's structured scope: it must outlive the request that set it.
        let task = Task {
            do {
                try await Task.sleep(until: wakeUp, clock: .continuous)
            } catch {
                return
            }
            // Apart from the sleep, so that an action that cancels its own timer does not cancel itself.
            await Task { await action() }.value
        }
        return ScheduledAction { task.cancel() }
    }
}
