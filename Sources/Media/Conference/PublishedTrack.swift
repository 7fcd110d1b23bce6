internal import ProtocolCore

/// A slot that a track is put into, with direct references so that forwarding follows no table.
struct Subscription {
    var slot: UnsafeMutablePointer<Slot>
    var member: UnsafeMutablePointer<Member>
}

/// One source of a participant: the stream that it sends, and who gets it.
struct PublishedTrack: ~Copyable {
    /// Whether the participant says that it publishes this source (camera on, microphone present).
    var isPublished = false
    /// The codec of the last packet, known from the first one on.
    var codec: MediaCodec?
    /// What the publisher could send, in its order of preference.
    var offeredCodecs: [MediaCodec] = []
    var keyframes = KeyframeBudget()
    /// The latest sender report: wall-clock time is ours at its arrival, so that all slots share one clock.
    var senderReport: (timestamp: UInt32, arrival: Instant)?
    private(set) var history: PacketHistory?
    private(set) var subscriptions: UnsafeMutablePointer<Subscription>
    private(set) var subscriptionCount = 0
    private var subscriptionCapacity = 4

    init() {
        subscriptions = .allocate(capacity: subscriptionCapacity)
    }

    deinit {
        subscriptions.deallocate()
    }

    mutating func subscribe(_ slot: UnsafeMutablePointer<Slot>, of member: UnsafeMutablePointer<Member>) {
        if subscriptionCount == subscriptionCapacity {
            let larger = UnsafeMutablePointer<Subscription>.allocate(capacity: subscriptionCapacity * 2)
            larger.moveInitialize(from: subscriptions, count: subscriptionCount)
            subscriptions.deallocate()
            subscriptions = larger
            subscriptionCapacity *= 2
        }
        (subscriptions + subscriptionCount).initialize(to: Subscription(slot: slot, member: member))
        subscriptionCount += 1
    }

    mutating func unsubscribe(_ slot: UnsafeMutablePointer<Slot>) {
        for index in 0..<subscriptionCount where subscriptions[index].slot == slot {
            subscriptionCount -= 1
            subscriptions[index] = subscriptions[subscriptionCount]
            return
        }
    }

    /// Keeps a video packet for retransmission. Returns false when it is there already: a duplicate is not forwarded.
    @inline(__always)
    mutating func store(
        _ details: PacketDetails, payload: inout UnsafeMutableRawPointer, length: Int, buffers: inout PacketBuffers
    ) -> Bool {
        if history == nil { history = PacketHistory() }
        guard history?.entry(details.sequence) == nil else { return false }
        history?.store(details, payload: &payload, length: length, from: &buffers)
        return true
    }

    func stored(_ sequence: UInt16) -> PacketHistory.Entry? {
        history?.entry(sequence)
    }

    /// The publisher began a new RTP stream: nothing of the old one fits any more.
    mutating func restart(buffers: inout PacketBuffers) {
        history?.release(to: &buffers)
        history = nil
        senderReport = nil
        codec = nil
        for index in 0..<subscriptionCount { subscriptions[index].slot.pointee.awaitKeyframe() }
        if subscriptionCount > 0 { keyframes.want() }
    }
}
