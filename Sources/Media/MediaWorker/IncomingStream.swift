internal import Conference
internal import MediaVocabulary
internal import ProtocolCore
internal import RTP
internal import SRTP

/// One RTP stream that a peer sends: an SSRC, what it carries, and what reception has taught us of it.
struct IncomingStream {
    let ssrc: SSRC
    let source: MediaSource
    /// A retransmission stream (RFC 4588) repairs the primary stream of its source.
    let isRetransmission: Bool
    /// Which simulcast layer of its source it carries or repairs.
    let layer: UInt8
    /// Whether it was learnt from its packets, and not from an offer.
    var isAdopted = false

    var security = SRTPReceiveState()
    var statistics: ReceiveStatistics
    var losses = NackGenerator()
    var temporalLayers = TemporalLayers()
    /// The newest packet when its sender said goodbye; nil before.
    var endedAt: UInt64?

    init(ssrc: SSRC, source: MediaSource, isRetransmission: Bool, layer: UInt8 = 0) {
        self.ssrc = ssrc
        self.source = source
        self.isRetransmission = isRetransmission
        self.layer = layer
        statistics = ReceiveStatistics(ssrc: ssrc)
    }

    /// Whether it has begun and not ended; a packet after a goodbye shows that it goes on.
    var isFlowing: Bool {
        !isRetransmission && statistics.receivedCount > 0 && endedAt != security.highestIndex
    }

    var clockRate: UInt32 {
        source == .microphone ? 48_000 : 90_000
    }
}
