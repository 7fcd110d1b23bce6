/// What is remembered about one incoming RTP stream: its extended sequence number and the replay window.
///
/// Keep one value per SSRC and pass it to ``SRTPReceiver/unprotect(packet:length:headerLength:into:capacity:state:)``.
/// Trivially copyable; it owns nothing.
public struct SRTPReceiveState: Hashable, Sendable {
    private var window = ReplayWindow()

    /// The state before the first packet, which is taken to have a rollover counter of 0 (RFC 3711 §3.3.1).
    public init() {}

    /// Whether a packet has been accepted yet.
    public var isStarted: Bool {
        !window.isEmpty
    }

    /// The highest index accepted so far: 65536 times the rollover counter plus the sequence number. 0 at first.
    public var highestIndex: UInt64 {
        window.highest
    }

    /// The 48-bit index a sequence number most likely means (RFC 3711 §3.3.1 and appendix A): the one nearest to the
    /// highest accepted.
    ///
    /// - Returns: Nil when that index would lie outside 0..<2^48: before the stream's start, or after its key's end.
    @inline(__always)
    public func index(of sequence: UInt16) -> UInt64? {
        guard isStarted else { return UInt64(sequence) }
        let rolloverCounter = window.highest >> 16
        let highestSequence = UInt16(truncatingIfNeeded: window.highest)
        let guess: UInt64
        if highestSequence < 0x8000, sequence > highestSequence, sequence - highestSequence > 0x8000 {
            guard rolloverCounter > 0 else { return nil }
            guess = rolloverCounter - 1
        } else if highestSequence >= 0x8000, highestSequence - 0x8000 > sequence {
            guard rolloverCounter < UInt64(UInt32.max) else { return nil }
            guess = rolloverCounter + 1
        } else {
            guess = rolloverCounter
        }
        return guess << 16 | UInt64(sequence)
    }

    /// Whether no packet with this index was accepted and it is young enough to tell.
    @inline(__always)
    func accepts(_ index: UInt64) -> Bool {
        window.accepts(index)
    }

    /// Notes an authenticated packet.
    @inline(__always)
    mutating func accept(_ index: UInt64) {
        window.insert(index)
    }
}
