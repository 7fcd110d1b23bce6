internal import Synchronization

/// Gives each of its listeners every event; what comes before the first listener waits for it.
final class Broadcast<Event: Sendable>: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<Event>.Continuation] = [:]
        var next = 0
        var waiting: [Event] = []
        var isFinished = false
    }

    private static var longestWait: Int { 256 }
    private let state = Mutex(State())

    func stream() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let number = state.withLock { state -> Int? in
            for event in state.waiting { continuation.yield(event) }
            state.waiting = []
            if state.isFinished { return nil }
            state.listeners[state.next] = continuation
            state.next += 1
            return state.next - 1
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[number] = nil }
        }
        return stream
    }

    /// Gives an event to all listeners; those who send at the same time see to the order.
    func send(_ event: Event) {
        let listeners = state.withLock { state in
            if state.next == 0, state.waiting.count < Self.longestWait { state.waiting.append(event) }
            return Array(state.listeners.values)
        }
        // Not with the lock: this wakes a task, and one that is being cancelled at this moment waits for the lock in
        // `onTermination`, while whoever wakes it waits for the cancellation.
        for listener in listeners { listener.yield(event) }
    }

    func finish() {
        let listeners = state.withLock { state in
            state.isFinished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
