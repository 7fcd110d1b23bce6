internal import ProtocolCore
internal import RTP
internal import SDP

/// One RTP stream that we send: its numbering, and the packets that may be asked for again.
struct OutgoingStream {
    /// Packets kept for retransmission: well over a second of 2.5 Mbit/s, half a second of 1080p at 8 Mbit/s.
    static let historyCapacity = 512
    /// The clock offset of a stream is drawn below this, so that tests need not think of wraps.
    private static let largestOffset: UInt32 = 1 << 30

    /// A packet that has left.
    struct Sent {
        var payload: [UInt8]
        var index: UInt64
        var timestamp: RTPTimestamp
        var marker: Bool
        var lastSent: Instant
    }

    let mid: Mid
    let rid: Rid?
    let purpose: LinePurpose
    let ssrc: SSRC
    let rtxSSRC: SSRC?
    let midBytes: [UInt8]
    let ridBytes: [UInt8]
    /// Nil while the line is not accepted, or not in use.
    var codec: NegotiatedCodec?
    /// The extended sequence number of the next packet, and of the next retransmission: rollover counter in the bits
    /// above 16.
    var nextIndex: UInt64
    var nextRTXIndex: UInt64
    let timestampOffset: UInt32
    /// Until a report of the peer mentions the stream, packets say to which line and layer they belong.
    var isKnownToPeer = false
    /// Frames are left out until a keyframe comes, because one before was dropped.
    var awaitsKeyframe = false
    /// Whether the link has room for it, of the layers of one line.
    var gate = LayerGate()
    /// What sender reports tell.
    var packetCount: UInt32 = 0
    var octetCount: UInt32 = 0
    /// The latest timestamp, and when it was sent.
    var lastTimestamp: (value: RTPTimestamp, at: Instant)?
    /// What the peer's latest report said of it.
    var fractionLost: UInt8 = 0
    private var history: [Sent?] = []

    init(
        mid: Mid, rid: Rid?, purpose: LinePurpose, ssrc: SSRC, rtxSSRC: SSRC?, timestampOffset: UInt32,
        using generator: inout SeededGenerator
    ) {
        self.mid = mid
        self.rid = rid
        self.purpose = purpose
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        midBytes = Array(mid.rawValue.utf8)
        ridBytes = rid.map { Array($0.rawValue.utf8) } ?? []
        self.timestampOffset = timestampOffset % Self.largestOffset
        // Below half of the range a lost first packet cannot be taken for a wrap (RFC 3711 §3.3.1).
        nextIndex = generator.next() & 0x7fff
        nextRTXIndex = generator.next() & 0x7fff
    }

    var isVideo: Bool { purpose.kind == .video }
    var clockRate: UInt32 { isVideo ? 90_000 : 48_000 }

    /// The timestamp of a moment on the source's time line.
    func timestamp(of mediaTime: Duration) -> RTPTimestamp {
        let nanoseconds = max(0, mediaTime.nanoseconds)
        let rate = Int64(clockRate)
        let ticks = nanoseconds / 1_000_000_000 &* rate &+ nanoseconds % 1_000_000_000 &* rate / 1_000_000_000
        return RTPTimestamp(timestampOffset &+ UInt32(truncatingIfNeeded: ticks))
    }

    /// Keeps a packet that leaves now.
    mutating func remember(_ sent: Sent) {
        guard isVideo, rtxSSRC != nil else { return }
        if history.isEmpty { history = Array(repeating: nil, count: Self.historyCapacity) }
        history[Int(sent.index % UInt64(Self.historyCapacity))] = sent
    }

    /// The extended number that a sequence number in a request means; nil when the packet is not kept.
    func index(of sequence: SequenceNumber) -> UInt64? {
        guard nextIndex > 0 else { return nil }
        let newest = SequenceNumber(UInt16(truncatingIfNeeded: nextIndex &- 1))
        let behind = newest.distance(from: sequence)
        guard behind >= 0, behind < Self.historyCapacity, nextIndex > UInt64(behind) else { return nil }
        let index = nextIndex - 1 - UInt64(behind)
        return self[index] == nil ? nil : index
    }

    subscript(index: UInt64) -> Sent? {
        guard !history.isEmpty, let sent = history[Int(index % UInt64(Self.historyCapacity))], sent.index == index
        else { return nil }
        return sent
    }

    mutating func noteRetransmission(_ index: UInt64, at now: Instant) {
        history[Int(index % UInt64(Self.historyCapacity))]?.lastSent = now
    }
}
