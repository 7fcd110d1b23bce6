import Testing

@testable import CallingClient

@Suite struct BroadcastLockTests {
    /// A listener may be cancelled at the moment in which it is given an event.
    @Test func survivesCancellationWhileItSends() async {
        let broadcast = Broadcast<Int>()
        for round in 0..<300 {
            let listener = Task { for await _ in broadcast.stream() {} }
            let sender = Task.detached { for event in 0..<20 { broadcast.send(round + event) } }
            await Task.yield()
            listener.cancel()
            await sender.value
            await listener.value
        }
    }
}
