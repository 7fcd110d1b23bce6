internal import ProtocolCore

/// What a publisher's sender report said of one layer's clock (RFC 3550 §6.4.1).
struct LayerClock {
    var timestamp: UInt32
    /// The publisher's wall-clock time of that timestamp, in nanoseconds.
    var publisherTime: Int64
    var arrival: Instant

    /// The timestamp on `other`'s time line that means the same instant as `timestamp` on this one; `clockRate` in hertz.
    func translate(_ timestamp: UInt32, to other: LayerClock, clockRate: UInt32) -> UInt32 {
        let elapsed = Int64(Int32(bitPattern: timestamp &- self.timestamp))
        let apart = (publisherTime &- other.publisherTime) / 1_000 * Int64(clockRate) / 1_000_000
        return other.timestamp &+ UInt32(truncatingIfNeeded: elapsed &+ apart)
    }
}
