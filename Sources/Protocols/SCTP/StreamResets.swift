/// Resets of streams that wait or are asked for (RFC 6525), in both directions.
struct StreamResets: Hashable, Sendable {
    /// A request of ours that was not answered yet; one at a time (§5.1.1).
    struct Request: Hashable, Sendable {
        var number: UInt32
        /// The peer's request that this one answers, or any number.
        var response: UInt32
        var lastTSN: TransmissionSequenceNumber
        var streams: [StreamIdentifier]
    }

    /// Streams that are still busy with what was sent before.
    var waiting: [StreamIdentifier] = []
    var request: Request?
    var nextRequest: UInt32
    /// The number of the peer's next request, and what its last one came to.
    var expectedPeerRequest: UInt32 = 0
    var lastResult: ReconfigurationResult?

    private var resetting: Set<StreamIdentifier> = []

    init(nextRequest: UInt32) {
        self.nextRequest = nextRequest
    }

    func isResetting(_ stream: StreamIdentifier) -> Bool { resetting.contains(stream) }

    mutating func add(_ streams: [StreamIdentifier]) {
        for stream in streams where resetting.insert(stream).inserted { waiting.append(stream) }
    }

    mutating func finish(_ streams: [StreamIdentifier]) {
        resetting.subtract(streams)
    }
}
