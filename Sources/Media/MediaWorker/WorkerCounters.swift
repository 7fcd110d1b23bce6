public import Conference
public import DTLS

/// Sums over all peers of a worker, those that left included.
public struct WorkerCounters: Sendable, Hashable {
    public var peers = PeerCounters()
    /// Datagrams that belong to no peer: scans, stale clients, wrong credentials.
    public var strayDatagrams: UInt64 = 0
    public var stunRequests: UInt64 = 0
    public var refusedSTUN: UInt64 = 0
    /// Checks that were not looked into, because too many came for one peer.
    public var refusedChecks: UInt64 = 0
    /// Datagrams that were not sent to an address that had not shown yet that it is a peer's.
    public var withheldDatagrams: UInt64 = 0
    /// Paths of peers that gave way to newer ones.
    public var forgottenPaths: UInt64 = 0
    /// Paths on which nothing came any more.
    public var expiredPaths: UInt64 = 0
    /// Streams that were not taken up because their sender begins anew too often.
    public var refusedStreams: UInt64 = 0
    public var handshakes: UInt64 = 0
    /// DTLS sessions that failed, by the kind of failure.
    public var failedHandshakes: [DTLSFailure.Kind: UInt64] = [:]
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
        peers.delayedDataReads += counters.delayedDataReads
        peers.sentDataOctets += counters.sentDataOctets
    }
}
