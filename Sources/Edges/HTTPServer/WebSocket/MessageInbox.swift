import Synchronization

/// The messages of a client that its handler has not taken yet, bounded by number and by bytes.
final class MessageInbox: Sendable {
    private struct State {
        var messages: [String] = []
        /// The first message that has not been taken.
        var next = 0
        var bytes = 0
        var isFinished = false
        var waiter: CheckedContinuation<String?, Never>?
    }

    private let state = Mutex(State())
    private let messageLimit: Int
    private let byteLimit: Int

    init(messageLimit: Int, byteLimit: Int) {
        self.messageLimit = messageLimit
        self.byteLimit = byteLimit
    }

    /// The messages in order. It ends after ``finish()``, once those before it have been taken.
    var messages: AsyncStream<String> {
        AsyncStream(unfolding: { await self.next() }, onCancel: { self.finish() })
    }

    /// Adds a message; false when there are too many or too large ones already.
    func put(_ message: String) -> Bool {
        let (waiter, isTaken) = state.withLock { state -> (CheckedContinuation<String?, Never>?, Bool) in
            guard !state.isFinished else { return (nil, true) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter, true)
            }
            let size = message.utf8.count
            guard state.messages.count - state.next < messageLimit, state.bytes + size <= byteLimit else {
                return (nil, false)
            }
            state.messages.append(message)
            state.bytes += size
            return (nil, true)
        }
        waiter?.resume(returning: message)
        return isTaken
    }

    /// Lets the handler take what is there, and then end.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    private func next() async -> String? {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> String?? in
                if state.next < state.messages.count {
                    var message = ""
                    swap(&message, &state.messages[state.next])
                    state.next += 1
                    state.bytes -= message.utf8.count
                    if state.next == state.messages.count || state.next >= 64 {
                        state.messages.removeFirst(state.next)
                        state.next = 0
                    }
                    return message
                }
                if state.isFinished { return .some(nil) }
                state.waiter = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }
}
