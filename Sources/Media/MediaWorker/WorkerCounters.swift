public import Conference

/// Sums over all peers of a worker, those that left included.
public struct WorkerCounters: Sendable, Hashable {
    public var peers = PeerCounters()
    /// Datagrams that belong to no peer: scans, stale clients, wrong credentials.
    public var strayDatagrams: UInt64 = 0
    public var stunRequests: UInt64 = 0
    public var refusedSTUN: UInt64 = 0
    public var handshakes: UInt64 = 0
    public var failedHandshakes: UInt64 = 0
    public var conferences = ConferenceCounters()
    /// Video packets that had to wait for their receiver's link for too long.
    public var droppedPackets: UInt64 = 0
    /// Durable messages that were refused because too many wait for channels that are being opened.
    public var refusedDurableMessages: UInt64 = 0
    /// Durable messages that were forgotten before somebody who was named had announced a listener.
    public var forgottenDurableMessages: UInt64 = 0

    mutating func add(_ counters: PeerCounters) {
        peers.receivedPackets += counters.receivedPackets
        peers.receivedOctets += counters.receivedOctets
        peers.sentPackets += counters.sentPackets
        peers.sentOctets += counters.sentOctets
        peers.refusedPackets += counters.refusedPackets
        peers.unknownStreamPackets += counters.unknownStreamPackets
        peers.sentNacks += counters.sentNacks
        peers.receivedNacks += counters.receivedNacks
        peers.sentKeyframeRequests += counters.sentKeyframeRequests
        peers.receivedKeyframeRequests += counters.receivedKeyframeRequests
        peers.reportedLost += counters.reportedLost
        peers.receivedDataMessages += counters.receivedDataMessages
        peers.sentDataMessages += counters.sentDataMessages
        peers.droppedDataMessages += counters.droppedDataMessages
        peers.refusedDataMessages += counters.refusedDataMessages
        peers.refusedDataChunks += counters.refusedDataChunks
        peers.sentDataOctets += counters.sentDataOctets
    }
}
