/// How much may be on the way at once (RFC 9260 §7.2). In bytes of DATA chunks with their headers.
struct CongestionWindow: Hashable, Sendable {
    /// The largest payload of a packet (PMDCS).
    private let packetSize: Int
    /// cwnd and ssthresh.
    private(set) var size: Int
    private(set) var threshold: Int
    private var partiallyAcknowledged = 0
    /// The last chunk that was on the way when the present fast recovery began.
    private(set) var recoveryExit: TransmissionSequenceNumber?

    init(packetSize: Int) {
        self.packetSize = packetSize
        size = Self.initialSize(packetSize)
        threshold = .max
    }

    private static func initialSize(_ packetSize: Int) -> Int {
        min(4 * packetSize, max(2 * packetSize, 4404))
    }

    /// An acknowledgement came (§7.2.1, §7.2.2). `inFlight` is what was on the way before it.
    mutating func acknowledged(_ count: Int, inFlight: Int, advances: Bool) {
        guard recoveryExit == nil else { return }
        let isUsed = inFlight >= size
        if size <= threshold {
            if advances, isUsed { size += min(count, packetSize) }
        } else {
            partiallyAcknowledged += count
            if partiallyAcknowledged >= size {
                partiallyAcknowledged = isUsed ? partiallyAcknowledged - size : size
                if isUsed { size += packetSize }
            }
        }
    }

    /// Everything that was sent has arrived.
    mutating func drained() {
        partiallyAcknowledged = 0
    }

    /// Loss is known from what arrived behind it (§7.2.4).
    mutating func enterRecovery(until exit: TransmissionSequenceNumber) {
        guard recoveryExit == nil else { return }
        threshold = max(size / 2, 4 * packetSize)
        size = threshold
        partiallyAcknowledged = 0
        recoveryExit = exit
    }

    /// The peer has everything up to `cumulative`.
    mutating func advanced(to cumulative: TransmissionSequenceNumber) {
        if let exit = recoveryExit, !exit.isNewer(than: cumulative) { recoveryExit = nil }
    }

    /// Nothing came back in time (§7.2.3).
    mutating func timedOut() {
        threshold = max(size / 2, 4 * packetSize)
        size = packetSize
        partiallyAcknowledged = 0
        recoveryExit = nil
    }

    /// Nothing was sent for so many times the RTO (§7.2.1).
    mutating func idled(_ timeouts: Int) {
        for _ in 0..<min(timeouts, 16) where size > Self.initialSize(packetSize) {
            size = max(size / 2, Self.initialSize(packetSize))
        }
    }
}
