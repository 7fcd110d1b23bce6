import Calling
import ProtocolCore
import Testing

@Suite("The real clock")
struct SystemCallClockTests {
    private let clock = SystemCallClock()

    @Test("An action whose time has passed runs at once")
    func passed() async {
        await withCheckedContinuation { continuation in
            _ = clock.schedule(at: clock.now) { continuation.resume() }
        }
    }

    @Test("An action that cancels its own timer still runs to its end")
    func cancelsItself() async {
        let (streams, continuation) = AsyncStream.makeStream(of: ScheduledAction.self)
        await withCheckedContinuation { done in
            let scheduled = clock.schedule(at: clock.now) {
                for await own in streams { own.cancel() }
                if !Task.isCancelled { done.resume() }
            }
            continuation.yield(scheduled)
            continuation.finish()
        }
    }

    @Test("Time does not go back")
    func monotonic() {
        let first = clock.now
        #expect(clock.now >= first)
        #expect(first >= .zero)
    }
}
